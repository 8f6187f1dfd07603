"""Where a dataset's files lie: in a folder or in a zip, which is read as it is and never unpacked to the disk."""

import os
import re
import stat
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from trainer.errors import DatasetError

FILE_LIMIT_BYTES = 2**28  # of one picture or list; a zip may announce less than it unpacks to
ZIP_FACTOR, ZIP_FREE_BYTES = 100, 2**30  # a zip of more than that unpacks to so many times its size at most
DEPTH = 6  # folders in folders that are looked through: a link may lead in a circle


@dataclass(frozen=True)
class Folder:
    """A dataset in a folder."""

    path: Path

    @cached_property
    def files(self) -> list[str]:
        """Every file, as its path from the top with / between the parts, in order."""
        found = []
        for folder, folders, names in os.walk(self.path, followlinks=True):
            inner = Path(folder).relative_to(self.path)
            folders[:] = folders if len(inner.parts) < DEPTH else []
            found += [(inner / name).as_posix() for name in names]
        return sorted(found)

    @cached_property
    def empty_folders(self) -> list[str]:
        """Folders with nothing in them."""
        return sorted(
            Path(folder).relative_to(self.path).as_posix() for folder, *inside in os.walk(self.path) if not any(inside)
        )

    def name(self, file: str) -> str:
        """The file, for messages."""
        return str(self.path / file)

    def read(self, file: str) -> bytes:
        """Raises OSError, or DatasetError for one that is too large."""
        with (self.path / file).open("rb") as opened:
            return _bounded(opened.read(FILE_LIMIT_BYTES + 1), self.name(file))


@dataclass(frozen=True)
class Zip:
    """A dataset in a zip; raises DatasetError at its first use for one that is none, or is not to be trusted."""

    path: Path

    @cached_property
    def files(self) -> list[str]:
        entries = [entry for entry in self._opened.infolist() if not entry.is_dir()]
        for entry in entries:
            parts = re.split(r"[/\\]", entry.filename)
            if ".." in parts or not parts[0] or ":" in parts[0]:
                self._refuse(entry.filename, "leads out of the zip", "pack it again from within its folder")
            if entry.flag_bits & 1:
                self._refuse(entry.filename, "is encrypted", "pack it again without a password")
            if stat.S_ISLNK(entry.external_attr >> 16):
                self._refuse(entry.filename, "is a link", "pack it again with the file itself")
            if entry.file_size > FILE_LIMIT_BYTES:
                self._refuse(entry.filename, f"has {entry.file_size:,} bytes", f"the limit is {FILE_LIMIT_BYTES:,}")
        whole, size = sum(entry.file_size for entry in entries), self.path.stat().st_size
        if whole > max(ZIP_FREE_BYTES, ZIP_FACTOR * size):
            largest = max(entries, key=lambda entry: entry.file_size).filename
            self._refuse(
                largest, f"and the others unpack from {size:,} to {whole:,} bytes", "no pictures do; remove it"
            )
        return sorted({entry.filename for entry in entries})

    @cached_property
    def empty_folders(self) -> list[str]:
        full = {str(parent) for file in self.files for parent in PurePosixPath(file).parents}
        folders = {entry.filename.rstrip("/") for entry in self._opened.infolist() if entry.is_dir()}
        return sorted(folders - full)

    def name(self, file: str) -> str:
        return f"{self.path}: {file}"

    def read(self, file: str) -> bytes:
        try:
            with self._opened.open(file) as opened:
                return _bounded(opened.read(FILE_LIMIT_BYTES + 1), self.name(file))
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
            raise OSError(f"it can't be unpacked: {error}") from None

    @cached_property
    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise DatasetError(f"{self.path}: expected a folder or a zip; it can't be read: {error}") from None

    def _refuse(self, file: str, what: str, remedy: str) -> None:
        raise DatasetError(f"{self.path}: {file[:100]!r} {what}; {remedy}")


Tree = Folder | Zip


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > FILE_LIMIT_BYTES:
        raise DatasetError(f"{name}: has over {FILE_LIMIT_BYTES:,} bytes; make it smaller or remove it")
    return data
