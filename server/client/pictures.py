"""What is sent: pictures as a caller has them, and folders as zips that a request may hold."""

import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from .errors import RelearnError

Picture = bytes | str | os.PathLike[str] | BinaryIO  # its bytes, its path, or an open file

REQUEST_BYTES = 24 * 2**20  # of pictures in one request: the server takes 32 MiB, unless it is told otherwise
REQUEST_FILES = 500  # the server takes 1000
ENTRY_BYTES = 300  # that a zip takes for a file beside its bytes
LISTS = ("metadata.csv", "metadata.jsonl")  # of labels, which belong to all the files around them


def named(picture: Picture) -> tuple[str, bytes]:
    """A picture's name, as the server's messages will have it, and its bytes."""
    if isinstance(picture, bytes):
        return "picture", picture
    if isinstance(picture, str | os.PathLike):
        return Path(picture).name, Path(picture).read_bytes()
    return Path(str(getattr(picture, "name", "picture"))).name, picture.read()


def in_requests(pictures: Iterable[Picture]) -> Iterator[list[tuple[str, bytes]]]:
    """Pictures in order, as many at a time as a request may hold."""
    some: list[tuple[str, bytes]] = []
    size = 0
    for picture in pictures:
        name, data = named(picture)
        if some and (size + len(data) > REQUEST_BYTES or len(some) == REQUEST_FILES):
            yield some
            some, size = [], 0
        some.append((name, data))
        size += len(data)
    if some:
        yield some


def files_of(folder: Path) -> list[Path]:
    """The files of a dataset's folder, hidden ones left out, in order; raises RelearnError where there is none."""
    if not folder.is_dir():
        raise RelearnError(f"{folder} is no folder")
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise RelearnError(f"there are no files in {folder}")
    return found


def as_zips(dataset: Path) -> Iterator[tuple[bytes, int]]:
    """A dataset as zips that a request may hold, each with the number of its files: one in a zip is sent as it is.

    Labels come from folders, so that parts of a dataset are datasets; a list of labels belongs to all its files.
    """
    if dataset.is_file():
        yield dataset.read_bytes(), 1
        return
    sized = [(path, path.stat().st_size + ENTRY_BYTES) for path in files_of(dataset)]
    whole = sum(size for _, size in sized) <= REQUEST_BYTES
    if any(path.name in LISTS for path, _ in sized):
        if not whole:
            raise RelearnError(f"{dataset} has a list of labels and over {REQUEST_BYTES >> 20} MiB: send it in parts")
        yield _zipped(dataset, [path for path, _ in sized]), len(sized)
        return
    some: list[Path] = []
    taken = 0
    for path, size in sized:
        if some and (taken + size > REQUEST_BYTES or len(some) == REQUEST_FILES):
            yield _zipped(dataset, some), len(some)
            some, taken = [], 0
        some.append(path)
        taken += size
    yield _zipped(dataset, some), len(some)


def _zipped(folder: Path, paths: list[Path]) -> bytes:
    """Not compressed: pictures are already."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for path in paths:
            # Without its time, which a zip can't say if it is before 1980.
            made.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes())
    return target.getvalue()
