"""The decisions about a model's classes: begun with, added, renamed, merged, removed; each is one transaction.

A change is a batch that brings no images, so that it is undone as an upload is: `Dataset.remove_batch`. No picture is
touched by it: what its label stands for is looked up when it is read (vocabulary.py).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Row, insert, or_, select

from server.store import decisions
from server.store.annotations import Ledger
from server.store.database import Database, Name
from server.store.errors import Conflict, StoreError, UnusableLabel
from server.store.tables import batch, class_change
from server.store.vocabulary import LEAST, Change, Kind, Vocabulary, made_by


@dataclass(frozen=True)
class Decided:
    """A change that stands, as it was decided."""

    batch: str | None  # whose undoing undoes it; None for what the model began with
    time: str | None
    change: Change


Note = Callable[[Connection, str | None, Vocabulary], None]  # what else is written down, with its batch


class Classes:
    """The classes of one model, as far as anything was decided about them."""

    def __init__(self, database: Database, model: Name) -> None:
        self._database = database
        self._model = model

    def vocabulary(self) -> Vocabulary | None:
        """The classes; None while nothing was decided, and they are the current version's."""
        with self._database.read() as connection:
            return vocabulary_in(connection, self._model.id)

    def called(self, labels: Iterable[str]) -> list[str]:
        """What labels are read as now, such as those of a version; one of a class that was removed as it was said."""
        vocabulary = self.vocabulary() or Vocabulary()
        return [vocabulary.of(label) or label for label in labels]

    def decided(self) -> list[Decided]:
        """The changes that stand, oldest first."""
        with self._database.read() as connection:
            return [
                Decided(None if row.batch_id is None else str(row.batch_id), row.time, _change(row))
                for row in _standing(connection, self._model.id)
            ]

    def begin(self, names: Sequence[str], by: str, note: Note | None = None) -> Vocabulary:
        """Begin a model from nothing; raises UnusableLabel, or Conflict where its classes are decided already.

        `note` is called within the transaction.
        """
        with self._database.write() as connection:
            made = begin_in(connection, self._model.id, names, by)
            if note is not None:
                note(connection, None, made)
            return made

    def change(
        self, change: Change, current: Sequence[str], by: str, note: Note | None = None
    ) -> tuple[str, Vocabulary]:
        """Make a change; its batch, and what the classes are from now on.

        `current` are the labels of the version that serves, which are the classes while nothing was decided. `note` is
        called within the transaction. Raises NotFound, Conflict or UnusableLabel, and then nothing was changed.
        """
        with self._database.write() as connection:
            before = vocabulary_in(connection, self._model.id)
            if before is None and not current:
                raise Conflict("there is no class yet, and no version; begin with two or more")
            first = [Change(Kind.BASE, name) for name in current] if before is None else []
            made = (made_by(first) if before is None else before).changed(change)
            if first:
                _note(connection, self._model.id, None, first)
            ledger = Ledger(connection, self._model.id)
            number = ledger.new_batch(f"by hand: {change.kind} class", 0)
            content = _hash_of([change])
            decisions.decide(connection, self._model.id, by, f"{change.kind} class", batch_id=number, content=content)
            _note(connection, self._model.id, number, [change])
            ledger.close()
            if note is not None:
                note(connection, str(number), made)
            return str(number), made


def begin_in(connection: Connection, model_id: int, names: Sequence[str], by: str) -> Vocabulary:
    """As Classes.begin, for the transaction that begins a model."""
    if len(names) < LEAST:
        raise UnusableLabel(f"a model begins with {LEAST} classes at least; {len(names)} given")
    if vocabulary_in(connection, model_id) is not None:
        raise Conflict("the classes are decided already; add, rename, merge or remove some")
    changes = [Change(Kind.BEGIN, name) for name in names]
    made = made_by(changes)
    _note(connection, model_id, None, changes)
    decisions.decide(connection, model_id, by, "begin classes", content=_hash_of(changes))
    return made


def vocabulary_in(connection: Connection, model_id: int) -> Vocabulary | None:
    """What the changes that stand make of the classes; None if there are none."""
    changes = changes_in(connection, model_id)
    return made_by(changes) if changes else None


def changes_in(connection: Connection, model_id: int) -> list[Change]:
    """The changes that stand, oldest first."""
    return [_change(row) for row in _standing(connection, model_id)]


def check_undone(connection: Connection, model_id: int) -> None:
    """Raise Conflict where a change was undone that a later one needs; for the transaction that undoes it."""
    vocabulary = Vocabulary()
    for row in _standing(connection, model_id):
        try:
            vocabulary = vocabulary.changed(_change(row))
        except StoreError as error:
            raise Conflict(
                f"batch {row.batch_id} changed a class ({row.kind} {row.name!r}) as this one had left it, so undo that "
                f"one first: {error}"
            ) from None


def _note(connection: Connection, model_id: int, number: int | None, changes: Sequence[Change]) -> None:
    rows = [asdict(each) | {"model_id": model_id, "batch_id": number} for each in changes]
    connection.execute(insert(class_change), rows)


def _standing(connection: Connection, model_id: int) -> Sequence[Row[tuple[object, ...]]]:
    query = (
        select(class_change, batch.c.time)
        .join(batch, batch.c.id == class_change.c.batch_id, isouter=True)
        .where(class_change.c.model_id == model_id)
        .where(or_(class_change.c.batch_id.is_(None), batch.c.undone_by.is_(None)))
        .order_by(class_change.c.id)
    )
    return connection.execute(query).all()


def _change(row: Row[tuple[object, ...]]) -> Change:
    return Change(Kind(row.kind), row.name, row.becomes)


def _hash_of(changes: Sequence[Change]) -> str:
    return decisions.hash_of((each.kind, each.name, each.becomes or "") for each in changes)
