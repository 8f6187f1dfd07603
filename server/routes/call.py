"""How a call is described: described.py has all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.routes.schemas import WHOLE, Schema


@dataclass(frozen=True)
class Call:
    """One call: what it is for, what it takes, and what each good answer holds; errors have all one form."""

    method: str
    path: str
    summary: str
    answers: Mapping[int, Schema | None]  # by status; None: the body is no JSON
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Mapping[str, Schema] = field(default_factory=dict)  # by media type
    media_type: str = "application/json"  # of the good answers
    once: bool = False  # whether it takes an Idempotency-Key (once.py)


def form(required: list[str], **fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": required}


PAGED = {"limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}, "before": WHOLE}
