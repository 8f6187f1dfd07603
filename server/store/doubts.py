"""What a training doubts: a label in force that others of its images speak against, until somebody says which is right.

Each waits as a suspicion of the label that seems to be meant, beside the one in force, which counts until then. Those
of one training are a batch without pictures, as a revision is: undone in one piece, and nothing without the uploads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from server.store import decisions
from server.store.annotations import CHUNK, Annotation, Label, Ledger
from server.store.called import shown_in
from server.store.standing import DOUBTED, Revision
from server.store.tables import annotation, batch, decision, image

_SOURCE = batch.c.source
_IN_FORCE = annotation.alias("in_force")


@dataclass(frozen=True)
class Doubt:
    """A label in force, how probable it is to whoever did not learn it, and the one that seems to be meant."""

    sha256: str
    label: Label
    probability: float
    instead: Label


def doubt(connection: Connection, model_id: int, doubts: Sequence[Doubt], by: str) -> int:
    """Put what one training doubts, the surest first, in the place of what the one before it did; how many wait.

    Left out is what changed meanwhile, what waits because of an upload, and what somebody has answered already.
    """
    ledger = Ledger(connection, model_id)
    earlier = connection.execute(_waiting(model_id)).all()
    answered = _answered(connection, model_id, [each.sha256 for each in doubts], {row.suspect_id for row in earlier})
    images = _images(connection, model_id, [each.sha256 for each in doubts])
    shown = shown_in(connection, model_id)
    mine = {row.id for row in earlier}
    said = [
        Annotation(each.sha256, each.instead, each.probability, each.instead)
        for each in reversed(doubts)  # lists have the newest first
        if (row := images.get(each.sha256)) is not None
        and shown(row.label) == each.label
        and (row.suspect_id is None or row.id in mine)
        and each.sha256 not in answered
    ]
    if not said and not earlier:
        return 0
    for some in _chunks([row.suspect_id for row in earlier]):
        connection.execute(delete(annotation).where(annotation.c.id.in_(some)))
    number = ledger.new_batch(DOUBTED, len(said)) if said else None
    content = decisions.hash_of((each.sha256, each.label, str(each.probability)) for each in said)
    decisions.decide(connection, model_id, by, "doubt", batch_id=number, content=content)
    ledger.settle(sorted(mine))
    if number is not None:
        ledger.insert(number, (), said)
    ledger.close()
    return len(said)


def _waiting(model_id: int) -> Any:
    """What an earlier training doubted and nobody has answered."""
    return (
        select(image.c.id, image.c.suspect_id)
        .join(annotation, annotation.c.id == image.c.suspect_id)
        .join(batch, batch.c.id == annotation.c.batch_id)
        .where(image.c.model_id == model_id, image.c.suspect_id.is_not(None), _SOURCE == DOUBTED)
    )


def _images(connection: Connection, model_id: int, sha256s: Sequence[str]) -> dict[str, Row[Any]]:
    columns = select(image.c.id, image.c.sha256, image.c.label, image.c.suspect_id)
    mine = columns.where(image.c.model_id == model_id)
    found: dict[str, Row[Any]] = {}
    for some in _chunks(sha256s):
        found |= {row.sha256: row for row in connection.execute(mine.where(image.c.sha256.in_(some)))}
    return found


def _answered(connection: Connection, model_id: int, sha256s: Sequence[str], waiting: set[int]) -> set[str]:
    """Images of which somebody has said already whether a doubted label is right."""
    of_image = select(image.c.sha256).where(image.c.model_id == model_id)
    asked = of_image.add_columns(annotation.c.id).join(annotation, annotation.c.image_id == image.c.id)
    asked = asked.join(batch, batch.c.id == annotation.c.batch_id)
    asked = asked.where(_SOURCE.in_([DOUBTED, Revision.ACCEPT.source, Revision.REJECT.source]))
    accepted = of_image.join(_IN_FORCE, _IN_FORCE.c.id == image.c.annotation_id)
    accepted = accepted.where(_IN_FORCE.c.probability.is_not(None))
    rejected = select(decision.c.sha256).where(decision.c.model_id == model_id, decision.c.action == Revision.REJECT)
    found: set[str] = set()
    for some in _chunks(sha256s):
        rows = connection.execute(asked.where(image.c.sha256.in_(some)))
        found |= {row.sha256 for row in rows if row.id not in waiting}
        found |= set(connection.execute(accepted.where(image.c.sha256.in_(some))).scalars())
        found |= set(connection.execute(rejected.where(decision.c.sha256.in_(some))).scalars())
    return found


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[first : first + CHUNK] for first in range(0, len(values), CHUNK))
