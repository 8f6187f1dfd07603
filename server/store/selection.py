"""Which images are meant: for a page of them, and for a revision of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, true

from server.store.tables import annotation, batch, image

IN_FORCE, SUSPICION = annotation.alias("in_force"), annotation.alias("suspicion")
SUSPECTING = batch.alias("suspecting")  # the batch that the suspicion is from


class State(StrEnum):
    """Where an image stands."""

    LABELLED = "labelled"  # it has a label in force
    SUSPECT = "suspect"  # a label of it waits for somebody's word, whether it has one in force or not
    REMOVED = "removed"  # a revision put it aside
    ANY = "any"

    @property
    def condition(self) -> ColumnElement[bool]:
        labelled, suspected = image.c.label.is_not(None), image.c.suspect_id.is_not(None)
        conditions = {State.LABELLED: labelled, State.SUSPECT: suspected, State.REMOVED: ~labelled & ~suspected}
        return conditions.get(self, true())


@dataclass(frozen=True)
class Selection:
    """All conditions hold together; without any it is every image that was not put aside."""

    label: str | None = None  # in force, or of suspects the suspected one
    split: str | None = None
    state: State | None = None
    source: str | None = None  # of the upload that put the label in force, or that is doubted
    batch: str | None = None  # that upload; of what is put aside the batch that did so
    since: str | None = None  # time of that batch, as rows have it
    until: str | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether looking for such images costs what is found."""
        plain = self.state is None or (self.state is State.SUSPECT and self.label is None)
        return self.batch is not None or (plain and (self.source, self.since, self.until) == (None, None, None))

    @property
    def order(self) -> ColumnElement[Any]:
        """What pages are in order of, newest first: of suspects the doubt, else the image."""
        return image.c.suspect_id if self.state is State.SUSPECT else image.c.id

    @property
    def spoke(self) -> ColumnElement[int]:
        """The batch that an image is where it is for."""
        if self.state is State.SUSPECT:
            return SUSPICION.c.batch_id
        newest = select(func.max(annotation.c.batch_id)).where(annotation.c.image_id == image.c.id).scalar_subquery()
        return func.coalesce(IN_FORCE.c.batch_id, SUSPICION.c.batch_id, newest)

    def pictures(self, model_id: int, *columns: ColumnElement[Any], said: Sequence[str] = ()) -> Select[Any]:
        """Those of a model's images, with what is in force and suspected, and the batch they are where they are for.

        `said` are the labels by which the class that `label` names was given.
        """
        shown = or_(State.LABELLED.condition, State.SUSPECT.condition)
        conditions = [image.c.model_id == model_id, self.state.condition if self.state is not None else shown]
        if self.label is not None:
            label = (SUSPICION if self.state is State.SUSPECT else image).c.label
            conditions.append(label.in_(said) if said else label == self.label)
        if self.split is not None:
            conditions.append(image.c.split == self.split)
        if self.source is not None:
            conditions.append(batch.c.source == self.source)
        if self.batch is not None:
            number = int(self.batch)
            spoken_of = select(annotation.c.image_id).where(annotation.c.batch_id == number)
            conditions += [image.c.id.in_(spoken_of), batch.c.id == number]
        if self.since is not None:
            conditions.append(batch.c.time >= self.since)
        if self.until is not None:
            conditions.append(batch.c.time < self.until)
        return (
            select(*columns)
            .select_from(image)
            .join(IN_FORCE, IN_FORCE.c.id == image.c.annotation_id, isouter=True)
            .join(SUSPICION, SUSPICION.c.id == image.c.suspect_id, isouter=True)
            .join(SUSPECTING, SUSPECTING.c.id == SUSPICION.c.batch_id, isouter=True)
            .join(batch, batch.c.id == self.spoke, isouter=True)
            .where(*conditions)
        )


ALL = Selection()
