"""How a call is described: described.py has all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.routes.kinds import Schema


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
    must: tuple[str, ...] = ()  # of the query, what may not be left out
    once: bool = False  # whether it takes an Idempotency-Key (once.py)

    @property
    def needs_body(self) -> bool:
        """Whether nothing can be done without one: no body is an empty object."""
        schema = self.body.get("application/json", {})
        return all(each.get("required") != [] for each in schema.get("anyOf", [schema]))
