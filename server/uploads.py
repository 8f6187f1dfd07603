"""Labelled images from people: stored as batches, read by the trainer.

    <data>/train/<label>/<sha256>.png    to train on
    <data>/test/<label>/<sha256>.png     held out, about 1 in 5, chosen by the hash of the pixels: never trained on
    <data>/batches/<batch>.json          one an upload, written last: it is the commit

An image is what the batches say, in their order: the last label wins. A file that no batch names is a stray of an
upload that was never acknowledged, and is swept.
"""

import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast
from urllib.parse import quote

from PIL import Image

from server import files, image
from server.files import Json

Split = Literal["train", "test"]

TEST_SHARE = 5  # one in this many uploads is held out


@dataclass(frozen=True)
class Upload:
    """One stored image."""

    sha256: str  # of its pixels
    label: str
    split: Split


@dataclass(frozen=True)
class Batch:
    """One upload request, as its record says."""

    batch: str
    created_at: str
    source: str
    images: tuple[Upload, ...]


@dataclass(frozen=True)
class Stored:
    """What `Uploads.add` did."""

    batch: str | None  # None when every image was a duplicate
    count: int  # images stored new, or under a new label
    duplicates: tuple[int, ...]  # positions of images that were there already under the same label


class Uploads:
    """The uploads in one data folder; any number of processes may have one, and see each other's batches."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._batches = data / "batches"
        self._read: dict[str, Batch] = {}  # a batch's record never changes, so each is read once

    def add(self, pictures: Sequence[tuple[Image.Image, str]], source: str) -> Stored:
        """Store pictures, as image.read gives them, with their labels; durable when it returns.

        Takes a few milliseconds an image, most of it fsync. Raises OSError, and then nothing was stored.
        """
        self._batches.mkdir(parents=True, exist_ok=True)
        with files.locked(self._data / "lock"):
            known = self.images()
            fresh: dict[str, Upload] = {}
            contents: dict[Path, bytes] = {}
            duplicates = []
            for position, (picture, label) in enumerate(pictures):
                plain = _as_grey_if_grey(picture)
                sha256 = image.pixels_sha256(image.pixels(plain))
                upload = Upload(sha256, label, split_of(sha256))
                if fresh.get(sha256, known.get(sha256)) == upload:
                    duplicates.append(position)
                    continue
                fresh[sha256] = upload
                contents[self.path(upload)] = _as_png(plain)
            if not fresh:
                return Stored(None, 0, tuple(duplicates))
            number = str(max([int(batch) for batch in self._numbers()], default=0) + 1)
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            batch = Batch(number, now, source, tuple(fresh.values()))
            kept = {self.path(upload): contents[self.path(upload)] for upload in fresh.values()}
            for path in kept:
                path.parent.mkdir(parents=True, exist_ok=True)
            files.write_all(kept)
            files.write_atomically(self._batches / f"{number}.json", json.dumps(asdict(batch)).encode())
            for sha256 in fresh.keys() & known.keys():
                self.path(known[sha256]).unlink(missing_ok=True)
            return Stored(number, len(fresh), tuple(duplicates))

    def batches(self) -> list[Batch]:
        """Every batch, oldest first."""
        for number in self._numbers():
            if number not in self._read:
                self._read[number] = _batch_of(files.read_json(self._batches / f"{number}.json"))
        return [self._read[number] for number in self._numbers()]

    def images(self) -> dict[str, Upload]:
        """Every image by its hash, under the label that it was given last."""
        return {upload.sha256: upload for batch in self.batches() for upload in batch.images}

    def counts(self) -> dict[Split, dict[str, int]]:
        """How many images there are of each label, by split."""
        tally = Counter((upload.split, upload.label) for upload in self.images().values())
        splits: tuple[Split, ...] = ("train", "test")
        return {
            split: {label: number for (of, label), number in sorted(tally.items()) if of == split} for split in splits
        }

    def path(self, upload: Upload) -> Path:
        """Where an image is; only the label, which is one of the model's, and a hash enter it."""
        folder = quote(upload.label, safe=" ")
        return (
            self._data
            / upload.split
            / (f"%2E{folder[1:]}" if folder.startswith(".") else folder)
            / f"{upload.sha256}.png"
        )

    def sweep(self) -> int:
        """Remove what crashed uploads left behind; how many files that were."""
        if not self._batches.is_dir():
            return 0
        with files.locked(self._data / "lock"):
            named = {self.path(upload) for upload in self.images().values()}
            found = [path for split in ("train", "test") for path in (self._data / split).glob("*/*")]
            strays = [path for path in found if path.is_file() and path not in named]
            strays += self._batches.glob(files.TEMP_PREFIX + "*")
            for path in strays:
                path.unlink()
            return len(strays)

    def _numbers(self) -> list[str]:
        return sorted((path.stem for path in self._batches.glob("*.json") if path.stem.isdecimal()), key=int)


def split_of(sha256: str) -> Split:
    """Where an upload belongs for ever, decided by nothing but its pixels."""
    return "test" if int(sha256[16:32], 16) % TEST_SHARE == 0 else "train"


def _batch_of(record: dict[str, Json]) -> Batch:
    listed = cast("list[dict[str, str]]", record["images"])
    return Batch(
        str(record["batch"]),
        str(record["created_at"]),
        str(record["source"]),
        tuple(Upload(entry["sha256"], entry["label"], cast(Split, entry["split"])) for entry in listed),
    )


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
