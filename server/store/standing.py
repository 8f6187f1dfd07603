"""What holds of an image: of all that was said of it and stands, the label in force, and what is only suspected."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from server.store.tables import annotation, batch

DOUBTED = "by training: doubt"  # the source of what a training doubts (doubts.py), which no upload can have either
CORRECTION = "correction"  # the source of labels that a person gave looking at the picture: they are not doubted


class Revision(StrEnum):
    """What one decision may do to many images. It is a batch whose source says so, and undone like an upload."""

    RELABEL = "relabel"
    ACCEPT = "accept"  # what is suspected is right
    REJECT = "reject"  # it is wrong: the image keeps the label it has, if any
    REMOVE = "remove"  # the image is put aside, with its file

    @property
    def source(self) -> str:
        """The source of its batch, which no upload can have, by the colon."""
        return f"by hand: {self}"


REVISIONS = {revision.source: revision for revision in Revision}


class Standing(NamedTuple):
    """What holds of one image."""

    in_force: Row[Any] | None  # the annotation
    suspicions: tuple[Row[Any], ...]  # since then, of which the newest waits for somebody's word
    is_there: bool  # an upload speaks of it

    @property
    def suspect(self) -> Row[Any] | None:
        return self.suspicions[-1] if self.suspicions else None


def said_of(connection: Connection, image_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """All that is said of images, oldest first, each with the source of its batch."""
    said: dict[int, list[Row[Any]]] = {}
    query = (
        select(annotation, batch.c.source)
        .join(batch, batch.c.id == annotation.c.batch_id)
        .where(annotation.c.image_id.in_(image_ids))
        .order_by(annotation.c.id)
    )
    for row in connection.execute(query):
        said.setdefault(row.image_id, []).append(row)
    return said


def what_holds(said: Iterable[Row[Any]]) -> Standing:
    """What rows of `said_of` come to.

    A revision has a say only in what uploads brought: it is nothing without them, and one that accepts or rejects a
    suspicion is nothing without that. So has a training, which doubts a label in force.
    """
    in_force, suspicions, is_there = None, list[Row[Any]](), False
    for each in said:
        revision = REVISIONS.get(each.source)
        if revision in (Revision.ACCEPT, Revision.REJECT):
            if not suspicions or suspicions[-1].label != each.label:
                continue
            in_force = suspicions[-1] if revision is Revision.ACCEPT else in_force
        elif revision is Revision.REMOVE:
            in_force = None
        elif revision is Revision.RELABEL or each.probability is None or each.accepted_by is not None:
            in_force = each
        elif each.source != DOUBTED:
            is_there = True
            suspicions.append(each)
            continue
        else:
            suspicions += [each] if in_force is not None and in_force.label != each.label else []
            continue
        is_there |= revision is None and each.source != DOUBTED
        suspicions.clear()
    return Standing(in_force, tuple(suspicions), is_there)
