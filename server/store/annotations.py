"""What people say that images show, and what holds of it: within one transaction, with every count kept up to date.

`Said` is one upload against what is known; `Ledger` writes it down, and settles what is in force after any change.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from server.store import fingerprint, lessons
from server.store.decisions import now
from server.store.standing import said_of, what_holds
from server.store.tables import annotation, batch, image, insert_row, model, tally

Label: TypeAlias = str
CHUNK = 500  # rows that one statement names


@dataclass(frozen=True)
class Known:
    """What holds of a stored image: its label in force, and the one that is only suspected."""

    label: Label | None
    suspected: Label | None


@dataclass(frozen=True)
class Annotation:
    """One new word for what an image shows; doubted where it has a probability."""

    sha256: str
    label: Label
    probability: float | None
    predicted: Label | None


@dataclass
class Said:
    """What one upload says that is new, image by image; the last word for an image counts."""

    known: Mapping[str, Known]
    fresh: set[str] = field(default_factory=set)  # images that were not there
    _annotations: dict[str, list[Annotation]] = field(default_factory=dict)
    _state: dict[str, Known] = field(default_factory=dict)

    def add(self, sha256: str, label: Label, doubt: tuple[float, Label] | None) -> bool:
        """Take one more word; False if it says what is known already."""
        state = self._state.get(sha256) or self.known.get(sha256) or Known(None, None)
        if label == state.label and (doubt is not None or state.suspected is None):
            return False
        if doubt is not None and label == state.suspected:
            return False
        if sha256 not in self.known:
            self.fresh.add(sha256)
        mine = self._annotations.setdefault(sha256, [])
        if doubt is None:
            mine[:] = [Annotation(sha256, label, None, None)]
            self._state[sha256] = Known(label, None)
        else:
            mine[:] = [each for each in mine if each.probability is None]
            mine.append(Annotation(sha256, label, *doubt))
            self._state[sha256] = Known(state.label, label)
        return True

    @property
    def annotations(self) -> list[Annotation]:
        return [each for mine in self._annotations.values() for each in mine]

    @property
    def touched(self) -> set[str]:
        """The images of which something new was said."""
        return set(self._annotations)


class Ledger:
    """The annotations of one model, within a transaction; after changes `settle`, and at the end `close`."""

    def __init__(self, connection: Connection, model_id: int) -> None:
        self.connection = connection
        self._model_id = model_id
        self._tally: Counter[tuple[str, Label]] = Counter()
        self._totals: Counter[str] = Counter()
        self._fingerprint = 0

    def image(self, sha256: str) -> Row[Any] | None:
        query = select(image).where(image.c.model_id == self._model_id, image.c.sha256 == sha256)
        return self.connection.execute(query).first()

    def batch(self, number: str) -> int | None:
        """The id of an upload that was not undone; None if there is none of that number."""
        if not (number.isdecimal() and number.isascii() and len(number) < 19):
            return None
        query = select(batch.c.id).where(
            batch.c.id == int(number), batch.c.model_id == self._model_id, batch.c.undone_by.is_(None)
        )
        return self.connection.execute(query).scalar()

    def stored(self, sha256s: Sequence[str]) -> dict[str, Known]:
        """What holds of those images that are there."""
        found: dict[str, Known] = {}
        for some in _chunks(sha256s):
            query = (
                select(image.c.sha256, image.c.label, annotation.c.label.label("suspected"))
                .join(annotation, annotation.c.id == image.c.suspect_id, isouter=True)
                .where(image.c.model_id == self._model_id, image.c.sha256.in_(some))
            )
            found |= {row.sha256: Known(row.label, row.suspected) for row in self.connection.execute(query)}
        return found

    def totals(self) -> tuple[int, int]:
        """How many images there are, and how many bytes their files have."""
        row = self.connection.execute(select(model.c.images, model.c.bytes).where(model.c.id == self._model_id)).one()
        return int(row.images), int(row.bytes)

    def new_batch(self, source: str, images: int) -> int:
        row = {"model_id": self._model_id, "time": now(), "source": source, "images": images}
        self._totals["batches"] += 1
        return insert_row(self.connection, batch, row)

    def insert(self, batch_id: int, images: Iterable[tuple[str, int, str]], annotations: Sequence[Annotation]) -> None:
        """Write down new images (sha256, bytes, split) and what a batch says, and settle what then holds."""
        rows: list[dict[str, Any]] = [
            {"model_id": self._model_id, "sha256": sha256, "bytes": size, "split": split}
            for sha256, size, split in images
        ]
        if rows:
            self.connection.execute(insert(image), rows)
            self._totals["images"] += len(rows)
            self._totals["bytes"] += sum(row["bytes"] for row in rows)
        ids: dict[str, int] = {}
        for some in _chunks(list(dict.fromkeys(each.sha256 for each in annotations))):
            query = select(image.c.sha256, image.c.id).where(
                image.c.model_id == self._model_id, image.c.sha256.in_(some)
            )
            ids |= {row.sha256: row.id for row in self.connection.execute(query)}
        values = [
            {
                "image_id": ids[each.sha256],
                "batch_id": batch_id,
                "label": each.label,
                "probability": each.probability,
                "predicted": each.predicted,
            }
            for each in annotations
        ]
        self.connection.execute(insert(annotation), values)
        self.settle(list(ids.values()))

    def forget_suspicions(self, found: Row[Any]) -> None:
        """Take out what is suspected of an image; what is in force stays."""
        suspicions = what_holds(said_of(self.connection, [found.id])[found.id]).suspicions
        self.connection.execute(delete(annotation).where(annotation.c.id.in_([each.id for each in suspicions])))

    def forget_image(self, found: Row[Any]) -> None:
        """Take out all that was ever said of an image."""
        self.connection.execute(delete(annotation).where(annotation.c.image_id == found.id))

    def forget_batch(self, batch_id: int) -> list[int]:
        """Take out all that a batch said; the ids of the images that it spoke of."""
        query = select(annotation.c.image_id).where(annotation.c.batch_id == batch_id).distinct()
        ids = list(self.connection.execute(query).scalars())
        self.connection.execute(delete(annotation).where(annotation.c.batch_id == batch_id))
        self._totals["batches"] -= 1
        return ids

    def settle(self, image_ids: Sequence[int]) -> list[str]:
        """Bring images up to date with what is said of them; the hashes of those of which no upload speaks."""
        gone: list[str] = []
        for some in _chunks(image_ids):
            said = said_of(self.connection, some)
            changes, taught = list[dict[str, Any]](), list[lessons.Change]()
            mine = select(image).where(image.c.id.in_(some)).order_by(image.c.id)
            for row in self.connection.execute(mine).all():
                holds = what_holds(said.get(row.id, ()))
                self._count(row, -1, row.label, row.suspect_id)
                in_force = holds.in_force if holds.is_there else None
                label, annotation_id = (in_force.label, in_force.id) if in_force else (None, None)
                if (row.label, row.annotation_id) != (label, annotation_id):
                    spoke = in_force.batch_id if in_force else None
                    taught.append(lessons.Change(row.sha256, row.split, label, spoke))
                if not holds.is_there:
                    gone.append(row.sha256)
                    self._totals["images"] -= 1
                    self._totals["bytes"] -= row.bytes
                    self.connection.execute(delete(image).where(image.c.id == row.id))
                    continue
                suspect_id = holds.suspect.id if holds.suspect else None
                self._count(row, 1, label, suspect_id)
                changes.append({"at": row.id, "label": label, "annotation_id": annotation_id, "suspect_id": suspect_id})
            if changes:
                self.connection.execute(update(image).where(image.c.id == bindparam("at")), changes)
            lessons.note(self.connection, self._model_id, taught)
        return gone

    def learn_from(self, sha256s: Sequence[str]) -> None:
        """Let images that judged be learnt from; their labels stay."""
        for some in _chunks(sha256s):
            mine = (image.c.model_id == self._model_id) & image.c.sha256.in_(some)
            spoke = select(image, annotation.c.batch_id).join(annotation, annotation.c.id == image.c.annotation_id)
            before = self.connection.execute(spoke.where(mine)).all()
            self.connection.execute(update(image).where(mine).values(split="train"))
            for row in before:
                self._count(row, -1, row.label, None)
            for row in self.connection.execute(select(image).where(mine)):
                self._count(row, 1, row.label, None)
            changes = [lessons.Change(row.sha256, "train", row.label, row.batch_id) for row in before]
            lessons.note(self.connection, self._model_id, changes)

    def close(self) -> None:
        """Write the differences that the changes made to the counts and the fingerprint."""
        for (split, label), difference in self._tally.items():
            if not difference:
                continue
            at = (tally.c.model_id == self._model_id) & (tally.c.split == split) & (tally.c.label == label)
            done = self.connection.execute(update(tally).where(at).values(images=tally.c.images + difference))
            if not done.rowcount:
                row = {"model_id": self._model_id, "split": split, "label": label, "images": difference}
                self.connection.execute(insert(tally).values(row))
        changes: dict[str, Any] = {name: model.c[name] + number for name, number in self._totals.items() if number}
        if self._fingerprint:
            before = self.connection.execute(select(model.c.fingerprint).where(model.c.id == self._model_id)).scalar()
            changes["fingerprint"] = fingerprint.changed(str(before), self._fingerprint)
        if changes:
            self.connection.execute(update(model).where(model.c.id == self._model_id).values(changes))
        self._tally.clear()
        self._totals.clear()
        self._fingerprint = 0

    def _count(self, row: Row[Any], sign: int, label: Label | None, suspect_id: int | None) -> None:
        if label is not None:
            self._tally[row.split, label] += sign
            self._fingerprint += sign * fingerprint.member(row.sha256, row.split, label)
        if suspect_id is not None:
            self._totals["suspects"] += sign


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[first : first + CHUNK] for first in range(0, len(values), CHUNK))
