"""Labelled images from people: uploaded, accepted, rejected, removed, undone. Each of these is one transaction.

    <data>/train/<aa>/<sha256>.png     to learn from; <aa> are the first two digits of the hash of the pixels
    <data>/test/<aa>/<sha256>.png      held out, about 1 in 5, chosen by that hash: not trained on, unless it is the
                                       turn of newer ones to judge (rotation.py)

What an image shows is what the newest annotation says that still stands. A label that the model finds nearly impossible
is only a suspicion: it waits beside the label in force, if there is one, until somebody accepts or rejects it. An
upload that is undone takes its annotations along, and is as if it had never been.
"""

import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from PIL import Image
from sqlalchemy import Connection, update

from server.pictures import image as pictures
from server.store import decisions, rotation, tables
from server.store.annotations import Known, Label, Ledger, Said
from server.store.called import read_as
from server.store.classes import check_undone
from server.store.content import Claim, Content, picture_path
from server.store.database import Database, Name
from server.store.errors import NotFound, QuotaReached


@dataclass(frozen=True)
class Labelled:
    """A picture, as image.read gives it, with the label that a person gave it and how far that is doubted."""

    picture: Image.Image
    label: Label
    doubt: tuple[float, Label] | None = None  # the current model's probability of that label, and what it says instead


@dataclass(frozen=True)
class Suspect:
    """A doubted label that was put aside."""

    position: int  # in the upload
    sha256: str
    label: Label
    probability: float
    predicted: Label


@dataclass(frozen=True)
class Stored:
    """What `Dataset.add` did."""

    batch: str | None  # None when every image was a duplicate
    count: int  # images stored new, or with a new word for what they show
    duplicates: tuple[int, ...]  # positions of images that were there already under the same label
    suspects: tuple[Suspect, ...]


Note = Callable[[Connection, Stored], None]  # what else is written down with an upload


@dataclass(frozen=True)
class _Encoded:
    """A picture as it is stored."""

    position: int
    sha256: str
    png: bytes
    labelled: Labelled


class Dataset:
    """The uploads of one model."""

    def __init__(
        self,
        database: Database,
        content: Content,
        model: Name,
        images_limit: int = 2**53,
        bytes_limit: int = 2**53,
        held_out_limit: int = 0,
    ) -> None:
        self.images_limit, self.bytes_limit, self.held_out_limit = images_limit, bytes_limit, held_out_limit
        self._database = database
        self._content = content
        self._model = model

    def add(self, labelled: Sequence[Labelled], source: str, by: str = "api", note: Note | None = None) -> Stored:
        """Store pictures with their labels; durable when it returns. `note` is called within the transaction.

        An image that is there already under its label keeps its place, whatever is doubted now. Encoding and writing
        are done before the transaction, and nobody waits for them. Raises QuotaReached, OSError or StoreError, and then
        nothing was stored; Uncertain if only the last step failed.
        """
        encoded = [_encode(position, each) for position, each in enumerate(labelled)]
        while True:  # again where somebody removed an image just when it was uploaded again
            if (stored := self._try_add(encoded, source, by, note)) is not None:
                return stored

    def accept(self, sha256: str, by: str = "api") -> None:
        """Take a suspect's label as right; raises NotFound if there is no such suspect."""
        with self._database.write() as connection:
            ledger = Ledger(connection, self._model.id)
            found = ledger.image(sha256)
            if found is None or found.suspect_id is None:
                raise NotFound(f"there is no suspect {sha256[:64]!r}; see GET /dataset")
            number = decisions.decide(connection, self._model.id, by, "accept", sha256=sha256)
            accepted = update(tables.annotation).where(tables.annotation.c.id == found.suspect_id)
            connection.execute(accepted.values(accepted_by=number))
            ledger.settle([found.id])
            ledger.close()

    def reject(self, sha256: str, by: str = "api") -> None:
        """Take a suspect's label as wrong: the image keeps the label it has, or goes; raises NotFound."""
        with self._database.write() as connection:
            ledger = Ledger(connection, self._model.id)
            found = ledger.image(sha256)
            if found is None or found.suspect_id is None:
                raise NotFound(f"there is no suspect {sha256[:64]!r}; see GET /dataset")
            number = decisions.decide(connection, self._model.id, by, "reject", sha256=sha256)
            ledger.forget_suspicions(found)
            self._release(ledger, ledger.settle([found.id]), number)
        self._content.tidy()

    def remove(self, sha256: str, by: str = "api") -> None:
        """Remove an image with all that was said of it; raises NotFound."""
        with self._database.write() as connection:
            ledger = Ledger(connection, self._model.id)
            found = ledger.image(sha256)
            if found is None:
                raise NotFound(f"there is no image {sha256[:64]!r}; see GET /dataset")
            number = decisions.decide(connection, self._model.id, by, "remove", sha256=sha256)
            ledger.forget_image(found)
            self._release(ledger, ledger.settle([found.id]), number)
        self._content.tidy()

    def remove_batch(self, number: str, by: str = "api") -> list[str]:
        """Undo an upload: its images go, or go back to the label they had before; those that went.

        Raises NotFound, and Conflict for a change of the classes on which a later one stands.
        """
        with self._database.write() as connection:
            ledger = Ledger(connection, self._model.id)
            found = ledger.batch(number)
            if found is None:
                raise NotFound(f"there is no batch {number[:40]!r}; GET /dataset lists them")
            decided = decisions.decide(connection, self._model.id, by, "undo", batch_id=found)
            undone = update(tables.batch).where(tables.batch.c.id == found).values(undone_by=decided)
            connection.execute(undone)
            check_undone(connection, self._model.id)
            gone = ledger.settle(ledger.forget_batch(found))
            self._release(ledger, gone, decided)
        self._content.tidy()
        return gone

    def _try_add(self, encoded: Sequence[_Encoded], source: str, by: str, note: Note | None) -> Stored | None:
        pngs = {each.sha256: each.png for each in encoded}
        missing, fresh = self._missing(list(pngs))
        paths = {sha256: picture_path(sha256) for sha256 in missing}
        claim = self._claim(paths.values(), {sha256: len(pngs[sha256]) for sha256 in fresh})
        try:
            self._content.write({path: pngs[sha256] for sha256, path in paths.items()}, "data")
            with self._database.write() as connection:
                self._content.settle(connection, claim)
                ledger = Ledger(connection, self._model.id)
                known = read_as(connection, self._model.id, ledger.stored(list(pngs)))
                if not pngs.keys() <= known.keys() | paths.keys():
                    raise _Removed
                stored = self._store(ledger, known, encoded, source, by)
                if note is not None:
                    note(connection, stored)
                return stored
        except _Removed:
            self._content.drop(claim)
            return None
        except BaseException:
            self._content.drop(claim)
            raise

    def _store(
        self, ledger: Ledger, known: dict[str, Known], encoded: Sequence[_Encoded], source: str, by: str
    ) -> Stored:
        """Write down what an upload says, where it says something new."""
        said = Said(known)
        duplicates = tuple(
            each.position for each in encoded if not said.add(each.sha256, each.labelled.label, each.labelled.doubt)
        )
        if not said.annotations:
            return Stored(None, 0, duplicates, ())
        sizes = {each.sha256: len(each.png) for each in encoded if each.sha256 in said.fresh}
        self._check_quota(ledger, sizes)
        content = decisions.hash_of((each.sha256, each.label, str(each.probability)) for each in said.annotations)
        batch = ledger.new_batch(source, len(said.touched))
        decisions.decide(ledger.connection, self._model.id, by, "upload", batch_id=batch, content=content)
        splits = rotation.splits(ledger.connection, self._model.id, sizes)
        ledger.insert(batch, [(sha256, size, splits[sha256]) for sha256, size in sizes.items()], said.annotations)
        ledger.close()
        if self.held_out_limit:
            rotation.retire(ledger, self._model.id, self.held_out_limit)
            ledger.close()
        position_of = {each.sha256: each.position for each in encoded if each.position not in duplicates}
        suspects = tuple(
            Suspect(position_of[each.sha256], each.sha256, each.label, each.probability, each.predicted or "")
            for each in said.annotations
            if each.probability is not None
        )
        return Stored(str(batch), len(said.touched), duplicates, suspects)

    def _missing(self, sha256s: list[str]) -> tuple[list[str], set[str]]:
        """Those of the images whose file is not there, and of these the new ones: another was lost."""
        with self._database.read() as connection:
            known = Ledger(connection, self._model.id).stored(sha256s)
        here = {sha256 for sha256 in known if self._content.path("data", picture_path(sha256)).is_file()}
        return [sha256 for sha256 in sha256s if sha256 not in here], set(sha256s) - known.keys()

    def _claim(self, paths: Collection[str], sizes: dict[str, int]) -> Claim:
        """The leave to write, within the quota: what other calls write or left behind counts for them."""
        if not paths:
            return self._content.claim("data", paths)
        with self._database.write() as connection:
            self._check_quota(Ledger(connection, self._model.id), sizes, self._content.unnamed(connection, "data"))
            return self._content.claim_within(connection, "data", paths)

    def _check_quota(self, ledger: Ledger, sizes: dict[str, int], unnamed: tuple[int, int] = (0, 0)) -> None:
        images, size = (of_facts + beside for of_facts, beside in zip(ledger.totals(), unnamed, strict=True))
        images, size = images + len(sizes), size + sum(sizes.values())
        if sizes and (images > self.images_limit or size > self.bytes_limit):
            raise QuotaReached(
                f"the quota is {self.images_limit:,} images and {self.bytes_limit:,} bytes; this upload would make it "
                f"{images:,} and {size:,}; remove a batch, or raise the quota"
            )

    def _release(self, ledger: Ledger, gone: Sequence[str], decision: int) -> None:
        ledger.close()
        self._content.release(ledger.connection, "data", map(picture_path, gone), decision)


class _Removed(Exception):
    """An image that was there when the upload began was removed meanwhile."""


def _encode(position: int, labelled: Labelled) -> _Encoded:
    plain = pictures.as_grey_if_grey(labelled.picture)
    file = io.BytesIO()
    Image.frombytes(plain.mode, plain.size, plain.tobytes()).save(file, "PNG")  # a copy without any metadata
    return _Encoded(position, pictures.pixels_sha256(pictures.pixels(plain)), file.getvalue(), labelled)
