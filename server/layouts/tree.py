"""Where a dataset's files lie: in a folder, a form or a zip, which is read as it is and never unpacked to the disk."""

import contextlib
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from server.layouts.errors import DatasetError, DatasetTooLarge

FILE_LIMIT_BYTES = 2**28  # of one picture or list
ZIP_FACTOR = 100  # a zip unpacks to so many times its size at most, if that is more than
ZIP_FREE_BYTES = 2**30
SENT_FREE_BYTES = 2**22
DEPTH = 6  # folders in folders that are looked through: a link may lead in a circle
_ENTRY, _WINDOW = b"PK\1\2", 2**18  # what an entry of a zip's list begins with; how much is searched at once
_UTF_8 = 0x800  # the flag of a name that says so


@dataclass(frozen=True)
class Bounds:
    """What a zip may hold that somebody sent."""

    files: int
    file_bytes: int  # of one of them
    bytes: int  # of all, unpacked


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
    sent: tuple[bytes, Bounds] | None = None  # in memory; the path is its name then

    @cached_property
    def files(self) -> list[str]:
        return sorted(self._entries)

    @cached_property
    def empty_folders(self) -> list[str]:
        full = {str(parent) for file in self.files for parent in PurePosixPath(file).parents}
        folders = {_name_of(entry).rstrip("/") for entry in self._opened.infolist() if entry.is_dir()}
        return sorted(folders - full)

    def name(self, file: str) -> str:
        return f"{self.path}: {file}"

    def read(self, file: str) -> bytes:
        try:
            with self._opened.open(self._entries[file]) as opened:
                return opened.read(self._entries[file].file_size + 1)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as error:
            raise OSError(f"it can't be unpacked: {error}") from None

    @cached_property
    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        """By their names, those that are files. What an entry announces is the most that is ever unpacked of it."""
        entries = {_name_of(entry): entry for entry in self._opened.infolist() if not entry.is_dir()}
        for name, entry in entries.items():
            what, remedy = next(_faults(name, entry, self.sent is not None), ("", ""))
            if what:
                raise DatasetError(f"{self.path}: {name[:100]!r} {what}; {remedy}")
        self._check_size(entries)
        return entries

    def _check_size(self, entries: Mapping[str, zipfile.ZipInfo]) -> None:
        whole = sum(entry.file_size for entry in self._opened.infolist())
        size = self.path.stat().st_size if self.sent is None else len(self.sent[0])
        if whole > max(ZIP_FREE_BYTES if self.sent is None else SENT_FREE_BYTES, ZIP_FACTOR * size):
            largest = max(entries, key=lambda name: entries[name].file_size)
            what = f"and the others unpack from {size:,} to {whole:,} bytes"
            raise DatasetError(f"{self.path}: {largest[:100]!r} {what}; no pictures do; remove it")
        if self.sent is None:
            return
        bounds = self.sent[1]
        if whole > bounds.bytes:
            raise DatasetTooLarge(f"{self.path}: it unpacks to {whole:,} bytes, the limit is {bounds.bytes:,}")
        for name, entry in entries.items():
            if entry.file_size > bounds.file_bytes:
                what = f"{name[:100]!r} has {entry.file_size:,} bytes, the limit is {bounds.file_bytes:,}"
                raise DatasetTooLarge(f"{self.path}: {what}; make it smaller or leave it out")

    @cached_property
    def _opened(self) -> zipfile.ZipFile:
        try:
            if self.sent is None:
                return zipfile.ZipFile(self.path)
            data, bounds = self.sent
            if any(number > bounds.files for number in _counted(data)):  # before its list is made
                raise DatasetTooLarge(f"{self.path}: it has over {bounds.files:,} files; send some of them at once")
            return zipfile.ZipFile(io.BytesIO(data))
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, struct.error) as error:
            expected = "a folder or a zip" if self.sent is None else "a zip"
            raise DatasetError(f"{self.path}: expected {expected}; it can't be read: {error}") from None


@dataclass(frozen=True)
class Sent:
    """A dataset in a form: files, and perhaps a zip, as if it had been unpacked beside them."""

    loose: Mapping[str, bytes]
    zip: Zip | None = None

    @cached_property
    def files(self) -> list[str]:
        return sorted([*self.loose, *(self.zip.files if self.zip is not None else ())])

    @property
    def empty_folders(self) -> list[str]:
        return []

    def name(self, file: str) -> str:
        return file if self.zip is None or file in self.loose else self.zip.name(file)

    def read(self, file: str) -> bytes:
        return self.loose[file] if self.zip is None or file in self.loose else self.zip.read(file)


Tree = Folder | Zip | Sent


def _name_of(entry: zipfile.ZipInfo) -> str:
    """With / between the parts whoever packed it, and in UTF-8 even where the packer did not say so."""
    name = entry.filename
    if not entry.flag_bits & _UTF_8:
        with contextlib.suppress(ValueError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")


def _faults(name: str, entry: zipfile.ZipInfo, is_sent: bool) -> Iterator[tuple[str, str]]:
    """What keeps a zip with such an entry from being read, and what to do about it."""
    parts = name.split("/")
    if ".." in parts or not parts[0] or ":" in parts[0] or "\0" in name:
        yield "leads out of the zip", "pack it again from within its folder"
    if entry.flag_bits & 1:
        yield "is encrypted", "pack it again without a password"
    if stat.S_ISLNK(entry.external_attr >> 16):
        yield "is a link", "pack it again with the file itself"
    if entry.file_size > FILE_LIMIT_BYTES:
        yield f"has {entry.file_size:,} bytes", f"the limit is {FILE_LIMIT_BYTES:,}"
    if parts[-1].lower().endswith(".zip") and not parts[-1].startswith("."):
        yield "is a zip within the zip", "unpack it, and pack its pictures"
    if is_sent and entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may take any memory
        yield "is packed in an unusual way", "pack it again with Deflate, as zip does"


def _counted(data: bytes) -> Iterator[int]:
    """How many entries the list of a zip may have, so far; other threads may run in between."""
    number = 0
    for start in range(0, len(data), _WINDOW):
        number += data.count(_ENTRY, start, start + _WINDOW + len(_ENTRY) - 1)
        yield number


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > FILE_LIMIT_BYTES:
        raise DatasetError(f"{name}: has over {FILE_LIMIT_BYTES:,} bytes; make it smaller or remove it")
    return data
