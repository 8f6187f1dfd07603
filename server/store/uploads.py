"""Labelled images from people: stored as records, read by the trainer.

    <data>/train/<label>/<sha256>.png     to train on
    <data>/test/<label>/<sha256>.png      held out, about 1 in 5, chosen by the hash of the pixels: never trained on
    <data>/suspect/<label>/<sha256>.png   whose label looks like a slip: neither, until accepted or removed
    <data>/batches/<number>.json          a record: an upload, or that something was accepted or removed

A record never changes. It is written last, and is the commit; replayed in order, the records give what there is: the
last label of an image wins, and a removed batch is as if it had never been. A file that no record accounts for is a
stray of a call that was never acknowledged, and is swept.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from server.pictures import image
from server.store import files
from server.store.errors import NotFound, QuotaReached
from server.store.records import Label, Record, Upload, path_of, replay, split_of


@dataclass(frozen=True)
class Labelled:
    """A picture, as image.read gives it, with the label that a person gave it and how far that is doubted."""

    picture: Image.Image
    label: Label
    doubt: tuple[float, Label] | None = None  # the current model's probability of that label, and what it says instead


@dataclass(frozen=True)
class Stored:
    """What `Uploads.add` did."""

    batch: str | None  # None when every image was a duplicate
    count: int  # images stored new, or under a new label
    duplicates: tuple[int, ...]  # positions of images that were there already under the same label
    suspects: tuple[tuple[int, Upload], ...]  # positions of images that were put aside


class Uploads:
    """The uploads in one data folder; any number of processes may have one, and see each other's records."""

    def __init__(self, data: Path, images_limit: int = 2**53, bytes_limit: int = 2**53) -> None:
        self.images_limit, self.bytes_limit = images_limit, bytes_limit
        self._data = data
        self._records_folder = data / "batches"
        self._read: dict[str, Record] = {}  # each record is read once

    def add(self, labelled: Sequence[Labelled], source: str) -> Stored:
        """Store pictures with their labels; durable when it returns.

        An image that is there already under its label keeps its place, whatever is doubted now. Takes a few
        milliseconds an image, most of it fsync. Raises QuotaReached, or OSError, and then nothing was stored.
        """
        self._records_folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            known = self.images()
            fresh: dict[str, Upload] = {}
            contents: dict[str, bytes] = {}
            duplicates, suspects = [], []
            for position, each in enumerate(labelled):
                plain = _as_grey_if_grey(each.picture)
                sha256 = image.pixels_sha256(image.pixels(plain))
                split = "suspect" if each.doubt is not None else split_of(sha256)
                before = fresh.get(sha256, known.get(sha256))
                if before is not None and before.label == each.label and split == "suspect":
                    split = before.split  # it was accepted, or is a suspect already
                if before is not None and (before.label, before.split) == (each.label, split):
                    duplicates.append(position)
                    continue
                upload = Upload(sha256, each.label, split, *(each.doubt or (None, None)))
                fresh[sha256] = upload
                contents[sha256] = _as_png(plain)
                if split == "suspect":
                    suspects.append((position, upload))
            if not fresh:
                return Stored(None, 0, tuple(duplicates), ())
            self._check_quota(known, contents)
            number = self._commit("upload", contents, source=source, images=tuple(fresh.values()))
            return Stored(number, len(fresh), tuple(duplicates), tuple(suspects))

    def accept(self, sha256: str) -> None:
        """Take a suspect's label as right; raises NotFound if there is no such suspect."""
        self._decide("accept", sha256, suspect=True)

    def remove(self, sha256: str) -> None:
        """Remove an image; raises NotFound."""
        self._decide("remove", sha256, suspect=False)

    def remove_batch(self, number: str) -> None:
        """Undo an upload: its images go, or go back to the label they had before; raises NotFound."""
        with self._lock():
            if number not in {batch.number for batch in self.batches()}:
                raise NotFound(f"there is no batch {number[:40]!r}; GET /dataset lists them")
            self._commit("remove batch", {}, target=number)

    def batches(self) -> list[Record]:
        """The uploads that were not removed, oldest first."""
        records = self.records()
        removed = {record.target for record in records if record.action == "remove batch"}
        return [record for record in records if record.action == "upload" and record.number not in removed]

    def records(self) -> list[Record]:
        """Everything that was ever done, oldest first."""
        numbers = self._numbers()
        for number in numbers:
            if number not in self._read:
                content = files.read_json(self._records_folder / f"{number}.json")
                self._read[number] = Record.from_json(content)
        return [self._read[number] for number in numbers]

    def images(self) -> dict[str, Upload]:
        """Every image by its hash, as it stands now, suspects included."""
        return replay(self.records())

    def learnable(self) -> list[Upload]:
        """The images that may be trained on or judged by: all but the suspects."""
        return [upload for upload in self.images().values() if upload.split != "suspect"]

    def fingerprint(self) -> str:
        """A hash of what there is to learn from, to tell whether anything is new."""
        lines = sorted(f"{upload.sha256} {upload.split} {upload.label}\n" for upload in self.learnable())
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def counts(self) -> dict[str, dict[Label, int]]:
        """How many images there are of each label, by split."""
        tally = Counter((upload.split, upload.label) for upload in self.images().values())
        return {
            split: {label: number for (of, label), number in sorted(tally.items()) if of == split}
            for split in ("train", "test", "suspect")
        }

    def stored_bytes(self) -> int:
        """The size of all images on disk."""
        return sum(self.path(upload).stat().st_size for upload in self.images().values())

    def path(self, upload: Upload) -> Path:
        return self._data / path_of(upload)

    def sweep(self) -> int:
        """Remove what crashed calls left behind; how many files that were."""
        if not self._records_folder.is_dir():
            return 0
        with self._lock():
            named = {self.path(upload) for upload in self.images().values()}
            found = [path for split in ("train", "test", "suspect") for path in (self._data / split).glob("*/*")]
            strays = [path for path in found if path.is_file() and path not in named]
            strays += self._records_folder.glob(files.TEMP_PREFIX + "*")
            for path in strays:
                path.unlink()
            return len(strays)

    def _decide(self, action: str, sha256: str, suspect: bool) -> None:
        with self._lock():
            upload = self.images().get(sha256)
            if upload is None or (suspect and upload.split != "suspect"):
                raise NotFound(f"there is no {'suspect' if suspect else 'image'} {sha256[:64]!r}; see GET /dataset")
            self._commit(action, {}, target=sha256)

    def _commit(self, action: str, contents: dict[str, bytes], **details: object) -> str:
        """Put every file where the new record will have it, write the record, then drop the files it left behind."""
        number = str(max([int(each) for each in self._numbers()], default=0) + 1)
        record = Record.new(number, action, **details)
        before, after = self.images(), replay([*self.records(), record])
        here = {upload.sha256: self.path(upload) for upload in before.values()}
        new = {
            self.path(upload): upload.sha256
            for upload in after.values()
            if here.get(upload.sha256) != self.path(upload)
        }
        for path in new:
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_all({path: contents.get(sha256) or here[sha256].read_bytes() for path, sha256 in new.items()})
        files.write_atomically(self._records_folder / f"{number}.json", json.dumps(record.to_json()).encode())
        for path in set(here.values()) - {self.path(upload) for upload in after.values()}:
            path.unlink(missing_ok=True)
        return number

    def _check_quota(self, known: dict[str, Upload], contents: dict[str, bytes]) -> None:
        images = len(known.keys() | contents.keys())
        size = self.stored_bytes() + sum(len(data) for sha256, data in contents.items() if sha256 not in known)
        if images > self.images_limit or size > self.bytes_limit:
            raise QuotaReached(
                f"the quota is {self.images_limit:,} images and {self.bytes_limit:,} bytes; this upload would make it "
                f"{images:,} and {size:,}; remove a batch, or raise the quota"
            )

    def _lock(self) -> AbstractContextManager[int]:
        return files.locked(self._data / "lock")

    def _numbers(self) -> list[str]:
        return sorted((path.stem for path in self._records_folder.glob("*.json") if path.stem.isdecimal()), key=int)


def _as_grey_if_grey(picture: Image.Image) -> Image.Image:
    """A colour picture without colour as the grey one it is, so that it has one name whatever file it came in."""
    if picture.mode == "RGB":
        red, green, blue = picture.split()
        if red.tobytes() == green.tobytes() == blue.tobytes():
            return red
    return picture


def _as_png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(file, "PNG")  # a copy without any metadata
    return file.getvalue()
