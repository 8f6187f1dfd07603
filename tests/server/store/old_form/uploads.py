"""Uploads as the service kept them before: its rules, short, to say what it would have answered."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeAlias
from urllib.parse import quote

from server.store.split import split_of
from tests.server.store.old_form.folder import TIME, OldForm

View: TypeAlias = dict[str, tuple[str, str]]  # image -> label, split


@dataclass(frozen=True)
class Upload:
    sha256: str
    label: str
    split: str  # train, test or suspect
    probability: float | None = None
    predicted: str | None = None


@dataclass(frozen=True)
class Record:
    number: str
    created_at: str
    action: str
    source: str = ""
    images: tuple[Upload, ...] = ()
    target: str | None = None


class OldUploads:
    """The records of one folder."""

    def __init__(self, form: OldForm) -> None:
        self.form = form
        self.records: list[Record] = []

    def add(self, *said: tuple[str, str, bool]) -> str | None:
        """Upload images with labels, doubted or not; the batch, None if nothing was new."""
        known = self.images()
        fresh: dict[str, Upload] = {}
        for sha256, label, doubted in said:
            before = fresh.get(sha256, known.get(sha256))
            split = "suspect" if doubted else split_of(sha256)
            if before is not None and before.label == label and doubted:
                split = before.split
            if before is None or (before.label, before.split) != (label, split):
                fresh[sha256] = Upload(sha256, label, split, *((0.001, "9") if doubted else (None, None)))
        return self._commit("upload", source="upload", images=tuple(fresh.values())) if fresh else None

    def accept(self, sha256: str) -> None:
        if sha256 in self.images() and self.images()[sha256].split == "suspect":
            self._commit("accept", target=sha256)

    def remove(self, sha256: str) -> None:
        if sha256 in self.images():
            self._commit("remove", target=sha256)

    def remove_batch(self, number: str) -> None:
        if number in self.batches():
            self._commit("remove batch", target=number)

    def batches(self) -> list[str]:
        removed = {each.target for each in self.records if each.action == "remove batch"}
        return [each.number for each in self.records if each.action == "upload" and each.number not in removed]

    def images(self) -> dict[str, Upload]:
        standing = set(self.batches())
        images: dict[str, Upload] = {}
        for record in self.records:
            if record.action == "upload" and record.number in standing:
                images |= {upload.sha256: upload for upload in record.images}
            elif record.action == "accept" and record.target in images:
                images[record.target] = replace(images[record.target], split=split_of(record.target))
            elif record.action == "remove" and record.target is not None:
                images.pop(record.target, None)
        return images

    def view(self) -> View:
        return {each.sha256: (each.label, each.split) for each in self.images().values()}

    def accepted_in(self, number: str) -> set[str]:
        """The images of which it was a batch's label that was accepted."""
        newest: dict[str, str] = {}
        doubted: dict[str, bool] = {}
        found = set()
        for record in self.records:
            if record.action == "upload" and record.number in self.batches():
                newest |= {each.sha256: record.number for each in record.images}
                doubted |= {each.sha256: each.split == "suspect" for each in record.images}
            elif record.target is not None and record.action == "accept" and doubted.get(record.target):
                doubted[record.target] = False
                if newest[record.target] == number:
                    found.add(record.target)
            elif record.target is not None and record.action == "remove":
                doubted.pop(record.target, None)
        return found

    def write(self) -> None:
        """Write down the records, and a picture wherever the service had one."""
        for record in self.records:
            self.form.write(f"data/batches/{record.number}.json", asdict(record))
        for upload in self.images().values():
            self.form.write(f"data/{path_of(upload)}", f"the picture {upload.sha256}")

    def _commit(self, action: str, source: str = "", images: Sequence[Upload] = (), target: str | None = None) -> str:
        number = str(len(self.records) + 1)
        self.records.append(Record(number, TIME, action, source, tuple(images), target))
        return number


def path_of(upload: Upload) -> str:
    folder = quote(upload.label, safe=" ")
    if folder.startswith("."):
        folder = "%2E" + folder[1:]
    return f"{upload.split}/{folder}/{upload.sha256}.png"


def sha_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()
