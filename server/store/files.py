"""Durable files: what is written here is either wholly there after a crash or not at all.

The order is always temp file, fsync, rename, fsync of the folder. A failed fsync is raised and never tried again: after
it the kernel may have dropped the data and say yes the second time (https://lwn.net/Articles/752063/).
"""

import errno
import hashlib
import json
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TypeAlias

TEMP_PREFIX = ".tmp-"
# What we write into a folder of an artifact or a job; whatever else lies there is somebody's, and stays.
OUR_FILES = frozenset({"model.onnx", "model.weights.h5", "golden.npz", "manifest.json", "trainer.log", "runner.log"})
OUR_FOLDERS = frozenset({"report", "work"})
WRITERS = 8  # threads that write and sync: a disk syncs many files at once sooner than one after another
PIECE_BYTES = 2**20
JSON_LIMIT_BYTES = 64 * 2**20  # the report of some thousand classes has this

# A folder on the way to a file: O_PATH asks for no leave to list it, where there is such a thing.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what was there; durable when it returns. Raises OSError, leaving the old file."""
    write_all({path: data})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Put many files in place, each as write_atomically does, with one fsync for each folder at the end."""
    for path, data in contents.items():
        write_file(path, data)
    for folder in {path.parent for path in contents}:
        sync_folder(folder)


def write_many(contents: Mapping[Path, bytes]) -> None:
    """As write_all, many at a time; raises OSError."""
    if len(contents) < 2:
        write_all(contents)
        return
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="sync") as pool:
        for _ in pool.map(lambda item: write_file(*item), contents.items()):
            pass
        for _ in pool.map(sync_folder, {path.parent for path in contents}):
            pass


def write_file(path: Path, data: bytes) -> None:
    """Put one file in place whole; its name is durable once its folder is synced."""
    with _temp_beside(path) as temp:
        with temp.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)


@contextmanager
def _temp_beside(path: Path) -> Iterator[Path]:
    """A name for a temp file in the folder of `path`; whatever is still there at the end is removed."""
    temp = path.with_name(f"{TEMP_PREFIX}{path.name}-{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}")
    try:
        yield temp
    finally:
        temp.unlink(missing_ok=True)


def remove_temps(path: Path, pid: int) -> None:
    """Remove the temp files that a process which is gone has left beside `path`."""
    for temp in path.parent.glob(f"{TEMP_PREFIX}{escape(path.name)}-{pid}-*"):
        temp.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder, with parents as they are missing, each name durable."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)


def remove_ours(path: Path) -> int:
    """Remove a file, or what we wrote into a folder and the folder itself if nothing else is in it; how many went."""
    if path.is_symlink() or not path.is_dir():
        existed = path.exists()
        path.unlink(missing_ok=True)
        return int(existed)
    removed = 0
    for each in path.iterdir():
        if each.name in OUR_FOLDERS and each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name in OUR_FILES or each.name.startswith(TEMP_PREFIX):
            each.unlink()
        else:
            continue
        removed += 1
    try:
        path.rmdir()
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:  # what else is in it is somebody's
            raise
    return removed


def read_regular(path: Path, limit_bytes: int, alone: bool = True) -> bytes:
    """The bytes of a plain file of at most `limit_bytes`, read once; raises OSError as `open_plain` does."""
    descriptor = open_plain(path, alone=alone)
    try:
        too_large = OSError(errno.EFBIG, f"larger than {limit_bytes} bytes", str(path))
        if os.fstat(descriptor).st_size > limit_bytes:
            raise too_large
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(limit_bytes + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit_bytes:  # it has grown
        raise too_large
    return data


def digest(path: Path, expected_bytes: int, alone: bool = True) -> tuple[str, int]:
    """sha256 and size of a plain file, of no more than is needed to tell it from an expected one; raises OSError."""
    with os.fdopen(open_plain(path, alone=alone), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        made = hashlib.sha256()
        if size == expected_bytes:
            left = size
            while left > 0 and (piece := file.read(min(left, PIECE_BYTES))):
                made.update(piece)
                left -= len(piece)
    return made.hexdigest(), size


def open_plain(path: Path, flags: int = os.O_RDONLY, alone: bool = True) -> int:
    """A descriptor of a plain file; with O_CREAT it is made where it is missing. It never waits, whatever lies there.

    Raises OSError if it is missing, no plain file, or a link of either kind, since a link may lead to somebody else's
    file; nor may any folder on the way from the root be one. So whoever holds a folder resolves it once, beforehand.
    Not `alone`, it may have a second name: pictures of before there was a database do, and what was installed.
    """
    *folders, name = path.absolute().parts
    parent = os.open(folders[0], _FOLDER)
    try:
        for each in folders[1:]:
            inner = os.open(each, _FOLDER, dir_fd=parent)
            os.close(parent)
            parent = inner
        descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666, dir_fd=parent)
    finally:
        os.close(parent)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or (alone and status.st_nlink != 1):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file of its own", str(path))
    return descriptor


def size_of(path: Path) -> int | None:
    """The size of what lies at a path; None where nothing can be seen."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def read_json(path: Path, alone: bool = True) -> dict[str, Json]:
    """The JSON object in a plain file. Raises OSError, or ValueError if it is not one."""
    try:
        content: Json = json.loads(read_regular(path, JSON_LIMIT_BYTES, alone))
    except RecursionError:
        raise ValueError(f"{path} is nested deeper than JSON of ours") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object")
    return content
