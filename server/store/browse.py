"""Looking at a dataset: counts that are kept, and pages of images and batches. A look costs what it returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from server.store.annotations import Label
from server.store.called import called_in, said_in, shown_in
from server.store.database import Database, Name
from server.store.errors import NotFound
from server.store.selection import ALL, IN_FORCE, SUSPECTING, SUSPICION, Selection, State
from server.store.standing import DOUBTED
from server.store.tables import annotation, batch, image, lesson, model, tally

LOOKED = 5000  # images that one page looks at where it has to look for those that are meant, or has to order them


@dataclass(frozen=True)
class Overview:
    """What there is, in numbers."""

    images: int
    bytes: int
    suspects: int
    batches: int
    decision: int  # the newest, which names this state
    fingerprint: str  # of what there is to learn from
    counts: dict[str, dict[Label, int]]  # split -> label -> images


@dataclass(frozen=True)
class Batch:
    """One upload that was not undone."""

    number: str
    time: str
    source: str
    images: int


@dataclass(frozen=True)
class Picture:
    """One image, and what is suspected of it."""

    id: int
    suspect_id: int | None
    sha256: str
    split: str
    label: Label | None  # in force
    batch: str | None  # which put the label in force, or the image aside
    time: str  # of that batch, or the one that is doubted
    source: str
    suspected: Label | None
    suspected_in: str | None  # the batch that said so
    suspected_by_training: bool  # which doubts the label in force, and would have the suspected one in its place
    probability: float | None  # of the doubted label
    predicted: Label | None


@dataclass(frozen=True)
class Page:
    """Some images, and what `before` has to be for the others; None after the last."""

    pictures: list[Picture]
    next: int | None


@dataclass(frozen=True)
class Learnable:
    """One image that may be learnt from, or judged by."""

    sha256: str
    split: str
    label: Label
    source: str  # of the upload that put the label in force
    since: int  # the decision that did
    corrected: bool  # it is another than somebody said before, or one that the model doubted


class Browser:
    """Reads one model's dataset."""

    def __init__(self, database: Database, model: Name) -> None:
        self._database = database
        self._model = model

    def overview(self) -> Overview:
        tallies = select(tally).where(tally.c.images > 0).order_by(tally.c.label)
        with self._database.read() as connection:
            row = connection.execute(select(model).where(model.c.id == self._model.id)).one()
            counts: dict[str, dict[Label, int]] = {"train": {}, "test": {}}
            called = called_in(connection, self._model.id)
            for each in connection.execute(tallies.where(tally.c.model_id == self._model.id)):
                name = called(each.label)
                if name is not None:
                    counts[each.split][name] = counts[each.split].get(name, 0) + each.images
        return Overview(row.images, row.bytes, row.suspects, row.batches, row.decision, row.fingerprint, counts)

    def batches(self, limit: int, before: int | None = None) -> list[Batch]:
        """Uploads that stand, newest first; those with numbers under `before`."""
        query = select(batch).where(batch.c.model_id == self._model.id, batch.c.undone_by.is_(None))
        if before is not None:
            query = query.where(batch.c.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(batch.c.id.desc()).limit(limit)).all()
        return [Batch(str(row.id), row.time, row.source, row.images) for row in rows]

    def page(self, limit: int, before: int | None = None, selection: Selection = ALL) -> Page:
        """Images, newest first; those that were put before `before` in that order.

        It has fewer than `limit`, and more may follow, where so many had to be looked at that others would wait.
        """
        order = selection.order
        with self._database.read() as connection:
            said = said_in(connection, self._model.id, selection.label)
            query = self._pictures(selection, said).order_by(order.desc()).limit(limit)
            if before is not None:
                query = query.where(order < before)
            if selection.is_indexed:
                found, end = self._found(connection, query), None
            else:
                looked = self._looked(order, before).subquery("looked")
                ids = select(looked.c.id)
                found = self._found(connection, query.where(image.c.id.in_(ids)))
                number, last = connection.execute(select(func.count(), func.min(looked.c.at))).one()
                end = last if number == LOOKED else None
        name = "suspect_id" if selection.state is State.SUSPECT else "id"
        return Page(found, getattr(found[-1], name) if len(found) == limit else end)

    def suspects(self, limit: int, before: int | None = None) -> list[Picture]:
        """Images with a doubted label that waits for somebody's word, the newest doubt first."""
        return self.page(limit, before, Selection(state=State.SUSPECT)).pictures

    def believed_least(self, limit: int, offset: int, selection: Selection) -> Page:
        """Of the newest suspects those whose label was the least probable first, from `offset` on in that order.

        Those that are meant; by their suspected labels, unless another state is asked for.
        """
        if selection.state is None:
            selection = replace(selection, state=State.SUSPECT)
        mine = (image.c.model_id == self._model.id) & image.c.suspect_id.is_not(None)
        newest = select(image.c.id).where(mine).order_by(image.c.suspect_id.desc()).limit(LOOKED)
        with self._database.read() as connection:
            said = said_in(connection, self._model.id, selection.label)
            query = self._pictures(selection, said).where(image.c.id.in_(newest))
            query = query.order_by(SUSPICION.c.probability, image.c.suspect_id.desc()).limit(limit).offset(offset)
            found = self._found(connection, query)
        return Page(found, offset + limit if len(found) == limit else None)

    def picture(self, sha256: str) -> Picture:
        """Raises NotFound."""
        query = self._pictures(Selection(state=State.ANY)).where(image.c.sha256 == sha256)
        with self._database.read() as connection:
            found = self._found(connection, query)
        if not found:
            raise NotFound(f"there is no image {sha256[:64]!r}; see GET /dataset")
        return found[0]

    def learnable(self) -> tuple[int, str, list[Learnable], list[str]]:
        """What there is to learn from now: the decision that names it, its fingerprint, the images, their batches.

        One moment's, whatever is uploaded meanwhile; images of which a label is only suspected are not among them, nor
        those of a class that was removed.
        """
        of_it = (lesson.c.sha256 == image.c.sha256) & (lesson.c.model_id == image.c.model_id)
        since = select(func.max(lesson.c.since)).where(of_it, lesson.c.until.is_(None)).scalar_subquery()
        earlier = exists().where(of_it, lesson.c.until.is_not(None), lesson.c.label != image.c.label)
        corrected = annotation.c.accepted_by.is_not(None) | earlier
        images = (
            select(image.c.sha256, image.c.split, image.c.label, batch.c.source, func.coalesce(since, 0), corrected)
            .join(annotation, annotation.c.id == image.c.annotation_id)
            .join(batch, batch.c.id == annotation.c.batch_id)
            .order_by(image.c.id)
        )
        standing = select(batch.c.id).where(batch.c.undone_by.is_(None)).order_by(batch.c.id)
        with self._database.read() as connection:
            row = connection.execute(select(model).where(model.c.id == self._model.id)).one()
            mine = (image.c.model_id == self._model.id) & image.c.label.is_not(None)
            called = called_in(connection, self._model.id)
            found = [
                Learnable(sha256, split, name, *others)
                for sha256, split, label, *others in connection.execute(images.where(mine))
                if (name := called(label)) is not None
            ]
            batches = connection.execute(standing.where(batch.c.model_id == self._model.id)).scalars()
            return row.decision, row.fingerprint, found, [str(number) for number in batches]

    def _pictures(self, selection: Selection, said: Sequence[Label] = ()) -> Select[Any]:
        columns = (
            image.c.id, image.c.suspect_id, image.c.sha256, image.c.split, image.c.label,
            IN_FORCE.c.batch_id, batch.c.id.label("spoke"), batch.c.time, batch.c.source,
            SUSPICION.c.label.label("suspected"), SUSPICION.c.batch_id.label("suspected_in"),
            SUSPECTING.c.source.label("suspecting"), SUSPICION.c.probability, SUSPICION.c.predicted,
        )  # fmt: skip
        return selection.pictures(self._model.id, *columns, said=said)

    def _looked(self, order: ColumnElement[Any], before: int | None) -> Select[Any]:
        """The next images in an order, whatever they are."""
        query = select(image.c.id, order.label("at")).where(image.c.model_id == self._model.id, order.is_not(None))
        if before is not None:
            query = query.where(order < before)
        return query.order_by(order.desc()).limit(LOOKED)

    def _found(self, connection: Connection, query: Select[Any]) -> list[Picture]:
        rows: Sequence[Any] = connection.execute(query).all()
        shown = shown_in(connection, self._model.id)
        return [
            Picture(
                row.id, row.suspect_id, row.sha256, row.split, shown(row.label),
                _text(row.batch_id if row.label is not None or row.suspected is not None else row.spoke),
                row.time, row.source, shown(row.suspected), _text(row.suspected_in),
                row.suspecting == DOUBTED, row.probability, shown(row.predicted),
            )
            for row in rows
        ]  # fmt: skip


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
