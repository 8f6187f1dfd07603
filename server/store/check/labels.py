"""Does every image show what its annotations say, and is every count what there is to count? At one moment."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from server.store import fingerprint
from server.store.check.look import Look
from server.store.split import split_of
from server.store.standing import Standing, said_of, what_holds
from server.store.tables import annotation, batch, image, model, tally

PAGE = 500  # images that are in memory at once


def findings(look: Look) -> Iterator[str]:
    """Labels, suspicions and counts that do not follow from the annotations."""
    with look.read() as connection:
        for owner in connection.execute(select(model).order_by(model.c.id)).all():
            counts = _Counts()
            for rows in _pages(connection, owner.id):
                said = said_of(connection, [row.id for row in rows])
                for row in rows:
                    holds = what_holds(said.get(row.id, ()))
                    yield from _image(row, holds)
                    counts.add(row, holds)
                look.progress("labels", counts.images, owner.images)
            yield from _undone(connection, owner)
            yield from _tallies(connection, owner, counts)
            yield from _totals(connection, owner, counts)


class _Counts:
    """What the annotations come to."""

    def __init__(self) -> None:
        self.images = self.bytes = self.suspects = self.fingerprint = 0
        self.labels: Counter[tuple[str, str]] = Counter()

    def add(self, row: Row[Any], holds: Standing) -> None:
        self.images += 1
        self.bytes += row.bytes
        self.suspects += holds.suspect is not None
        if holds.in_force is not None:
            self.labels[row.split, holds.in_force.label] += 1
            self.fingerprint += fingerprint.member(row.sha256, row.split, holds.in_force.label)


def _pages(connection: Connection, model_id: int) -> Iterator[Sequence[Row[Any]]]:
    after = 0
    query = select(image).order_by(image.c.id).limit(PAGE)
    while rows := connection.execute(query.where(image.c.model_id == model_id, image.c.id > after)).all():
        after = rows[-1].id
        yield rows


def _image(row: Row[Any], holds: Standing) -> Iterator[str]:
    name = f"image {row.sha256}"
    again = "upload it again with its right label, which settles it"
    in_force, suspect = holds.in_force, holds.suspect
    if not holds.is_there:
        yield f"{name}: nothing is said of it; remove it: DELETE /dataset/images/{row.sha256}"
        return
    label = in_force.label if in_force is not None else None
    if (label, in_force.id if in_force is not None else None) != (row.label, row.annotation_id):
        yield f"{name}: its label is {row.label!r}, and its annotations say {label!r}; {again}"
    suspected = suspect.id if suspect is not None else None
    if suspected != row.suspect_id:
        yield f"{name}: annotation {row.suspect_id} is noted as its suspicion, and it should be {suspected}; {again}"
    if row.split not in ("train", split_of(row.sha256)):
        yield f"{name}: it is in {row.split}, and its hash says {split_of(row.sha256)}; remove it, and {again}"


def _undone(connection: Connection, owner: Row[Any]) -> Iterator[str]:
    query = (
        select(annotation.c.batch_id, func.count().label("number"))
        .join(batch, batch.c.id == annotation.c.batch_id)
        .where(batch.c.model_id == owner.id, batch.c.undone_by.is_not(None))
        .group_by(annotation.c.batch_id)
    )
    for row in connection.execute(query).all():
        yield f"batch {row.batch_id} was undone, and {row.number} of its annotations stand; remove those rows"


def _tallies(connection: Connection, owner: Row[Any], counts: _Counts) -> Iterator[str]:
    query = select(tally).where(tally.c.model_id == owner.id)
    kept = {(row.split, row.label): row.images for row in connection.execute(query)}
    for split, label in sorted(kept.keys() | counts.labels.keys()):
        there, noted = counts.labels[split, label], kept.get((split, label), 0)
        if there != noted:
            yield (
                f"the tally of {owner.name!r} says that {noted} images in {split} show {label!r}, and {there} do; set "
                "tally.images to that"
            )


def _totals(connection: Connection, owner: Row[Any], counts: _Counts) -> Iterator[str]:
    standing = select(func.count()).where(batch.c.model_id == owner.id, batch.c.undone_by.is_(None))
    totals = {
        "images": counts.images,
        "bytes": counts.bytes,
        "suspects": counts.suspects,
        "batches": connection.execute(standing).scalar(),
        "fingerprint": fingerprint.changed(fingerprint.EMPTY, counts.fingerprint),
    }
    for name, there in totals.items():
        noted = owner._mapping[name]
        if noted != there:
            yield f"model.{name} of {owner.name!r} is {noted}, and what is stored comes to {there}; set it to that"
