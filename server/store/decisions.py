"""Who changed a dataset, when and how: rows that are only added, each carrying the hash of the one before.

Whoever alters or takes out an old row breaks the chain, which `python -m server check` looks along. The number of a
decision names the dataset as that decision left it.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, update

from server.store.tables import clean, decision, insert_row, model

FIRST = "0" * 64  # what the first decision carries


@dataclass(frozen=True)
class Decision:
    """One change of a dataset, as it is hashed."""

    model_id: int
    time: str
    by: str
    action: str
    batch_id: int | None = None
    sha256: str | None = None
    content: str = FIRST  # of an upload: hash_of what it said of its images

    def hash_after(self, before: str) -> str:
        """The hash that a row carries whose predecessor carries `before`."""
        fields = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{before}\n{fields}".encode()).hexdigest()


def hash_of(said: Iterable[Sequence[str]]) -> str:
    """One hash over what an upload said: a sequence of words for each image."""
    return hashlib.sha256(
        json.dumps([[clean(word) for word in words] for words in said], ensure_ascii=False).encode()
    ).hexdigest()


def decide(
    connection: Connection,
    model_id: int,
    by: str,
    action: str,
    *,
    batch_id: int | None = None,
    sha256: str | None = None,
    content: str = FIRST,
) -> int:
    """Add a decision to the chain; its number, which is also the dataset's state from now on."""
    made = Decision(model_id, now(), clean(by), action, batch_id, sha256, content)
    newest = select(func.max(decision.c.id)).where(decision.c.model_id == model_id).scalar_subquery()
    before = connection.execute(select(decision.c.hash).where(decision.c.id == newest)).scalar()
    row = asdict(made) | {"hash": made.hash_after(before or FIRST)}
    number = insert_row(connection, decision, row)
    connection.execute(update(model).where(model.c.id == model_id).values(decision=number))
    return number


def now() -> str:
    """The time as rows hold it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
