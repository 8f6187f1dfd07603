"""What was in force when: each label of an image, with the decision that put it in force and the one that ended that.

The numbers of decisions name the states of a dataset, so a state that was is those lessons that held at its decision.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, update

from server.store.tables import lesson, model


class Change(NamedTuple):
    """Another label, or the same by another word, is in force of an image; or none any more."""

    sha256: str
    split: str
    label: str | None
    batch_id: int | None  # whose word it is


def note(connection: Connection, model_id: int, changes: Sequence[Change]) -> None:
    """Write down what the newest decision changed."""
    if not changes:
        return
    decision = connection.execute(select(model.c.decision).where(model.c.id == model_id)).scalar_one()
    mine = (lesson.c.sha256 == bindparam("of")) & (lesson.c.model_id == model_id) & lesson.c.until.is_(None)
    connection.execute(update(lesson).where(mine).values(until=decision), [{"of": each.sha256} for each in changes])
    begun = [each._asdict() | {"model_id": model_id, "since": decision} for each in changes if each.label is not None]
    if begun:
        connection.execute(insert(lesson), begun)


def held_at(decision: int) -> ColumnElement[bool]:
    """The condition that a lesson was in force when a decision was the newest."""
    return (lesson.c.since <= decision) & or_(lesson.c.until.is_(None), lesson.c.until > decision)
