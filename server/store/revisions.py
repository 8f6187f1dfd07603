"""Many images relabelled, accepted, rejected or put aside by one decision.

A revision is a batch that brings no images, only words for what is there, so that it is undone as an upload is:
`Dataset.remove_batch`. It moves no file; those of images that are put aside stay, and count for the quota.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row

from server.store import decisions
from server.store.annotations import CHUNK, Annotation, Label, Ledger
from server.store.called import said_in, shown_in
from server.store.database import Database, Name
from server.store.errors import Conflict, NotFound
from server.store.selection import SUSPICION, Selection, State
from server.store.standing import Revision
from server.store.tables import image

REVISED_MOST = 10_000  # images that one revision may change: others wait for its transaction


@dataclass(frozen=True)
class Revised:
    """What a revision did."""

    batch: str
    count: int  # images that it changed
    unchanged: int  # that were meant, and are so already
    sha256s: tuple[str, ...]  # of those that it changed


Note = Callable[[Connection, Revised], None]  # what else is written down with a revision


class Revisions:
    """Revises one model's dataset."""

    def __init__(self, database: Database, model: Name) -> None:
        self._database = database
        self._model = model

    def make(
        self,
        revision: Revision,
        of: Selection | Sequence[str],
        by: str,
        label: Label | None = None,
        note: Note | None = None,
    ) -> Revised:
        """Revise images, selected or named by their hashes; `label` is what a relabelling says.

        `note` is called within the transaction. Raises NotFound where a name is none, or nothing is there to revise,
        and Conflict for too many.
        """
        with self._database.write() as connection:
            found = self._selected(connection, of) if isinstance(of, Selection) else self._named(connection, of)
            shown = shown_in(connection, self._model.id)
            said = [
                Annotation(row.sha256, label if label is not None else row.suspected or row.label, None, None)
                for row in found
                if _changes(revision, row, shown(row.label), label)
            ]
            if not said:
                raise NotFound(f"of {len(found):,} images that are meant there is none to {revision}; nothing changed")
            ledger = Ledger(connection, self._model.id)
            batch = ledger.new_batch(revision.source, len(said))
            content = decisions.hash_of((each.sha256, each.label) for each in said)
            decisions.decide(connection, self._model.id, by, revision, batch_id=batch, content=content)
            ledger.insert(batch, (), said)
            ledger.close()
            done = Revised(str(batch), len(said), len(found) - len(said), tuple(each.sha256 for each in said))
            if note is not None:
                note(connection, done)
        return done

    def _selected(self, connection: Connection, selection: Selection) -> list[Row[Any]]:
        said = said_in(connection, self._model.id, selection.label)
        query = selection.pictures(self._model.id, *COLUMNS, said=said).order_by(image.c.id).limit(REVISED_MOST + 1)
        found = list(connection.execute(query).all())
        if len(found) > REVISED_MOST:
            raise Conflict(f"over {REVISED_MOST:,} images are meant, the most of one revision; mean fewer")
        return found

    def _named(self, connection: Connection, sha256s: Sequence[str]) -> list[Row[Any]]:
        found: dict[str, Row[Any]] = {}
        everything = Selection(state=State.ANY).pictures(self._model.id, *COLUMNS)
        for first in range(0, len(sha256s), CHUNK):
            query = everything.where(image.c.sha256.in_(sha256s[first : first + CHUNK]))
            found |= {row.sha256: row for row in connection.execute(query)}
        missing = next((sha256 for sha256 in sha256s if sha256 not in found), None)
        if missing is not None:
            raise NotFound(f"there is no image {missing[:64]!r}; nothing changed; see GET /dataset/images")
        return [found[sha256] for sha256 in dict.fromkeys(sha256s)]


COLUMNS: tuple[ColumnElement[Any], ...] = (image.c.sha256, image.c.label, SUSPICION.c.label.label("suspected"))


def _changes(revision: Revision, row: Row[Any], shown: Label | None, label: Label | None) -> bool:
    """Whether a revision says anything new of an image, whose label in force is `shown` by now."""
    if revision is Revision.RELABEL:
        return shown != label or row.suspected is not None
    if revision is Revision.REMOVE:
        return row.label is not None or row.suspected is not None
    return row.suspected is not None
