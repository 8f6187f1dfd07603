"""Durable files: what is written here is either wholly there after a crash or not at all.

The order is always temp file, fsync, rename, fsync of the folder. A failed fsync is raised and never tried again: after
it the kernel may have dropped the data and say yes the second time (https://lwn.net/Articles/752063/).
"""

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

TEMP_PREFIX = ".tmp-"

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class LockTimeout(Exception):
    """A lock was held by somebody else for longer than the caller would wait."""


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what was there; durable when it returns. Raises OSError, leaving the old file."""
    write_all({path: data})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Put many files in place, each as write_atomically does, with one fsync for each folder at the end."""
    for path, data in contents.items():
        with _temp_beside(path) as temp:
            _write_durably(temp, data)
            temp.replace(path)
    for folder in {path.parent for path in contents}:
        sync_folder(folder)


def write_once(path: Path, data: bytes) -> bool:
    """Put `data` at `path` unless something is there already; whether it was written. The first writer wins."""
    with _temp_beside(path) as temp:
        _write_durably(temp, data)
        try:
            os.link(temp, path)
        except FileExistsError:
            return False
    sync_folder(path.parent)
    return True


def append_line(path: Path, line: str) -> None:
    """Append one line, durably; what an earlier crash left of a half-written line is ended first."""
    with path.open("a+b") as file:
        if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
            file.write(b"\n")
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _temp_beside(path: Path) -> Iterator[Path]:
    """A name for a temp file in the folder of `path`; whatever is still there at the end is removed."""
    temp = path.with_name(f"{TEMP_PREFIX}{path.name}-{os.getpid()}-{time.monotonic_ns()}")
    try:
        yield temp
    finally:
        temp.unlink(missing_ok=True)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_regular(path: Path, limit_bytes: int) -> bytes:
    """The bytes of a plain file of at most `limit_bytes`, read once.

    Raises OSError if it is missing, too large, or a link of either kind, since a link may lead to somebody else's file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise OSError(errno.EINVAL, "not a plain file of its own", str(path))
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise OSError(errno.EFBIG, f"larger than {limit_bytes} bytes", str(path))
    return data


def read_json(path: Path) -> dict[str, Json]:
    """The JSON object in a file. Raises OSError, or ValueError if it is not one."""
    content: Json = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object")
    return content


def read_json_lines(path: Path) -> list[dict[str, Json]]:
    """The JSON objects in a file, one a line; lines that a crash cut are passed over, and no file means none."""
    if not path.exists():
        return []
    objects = []
    for line in path.read_bytes().split(b"\n"):
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            objects.append(content)
    return objects


@contextmanager
def locked(path: Path, wait_seconds: float = 10.0, shared: bool = False) -> Iterator[int]:
    """Hold the flock of a file, whose descriptor is given; raises LockTimeout when it can't be had in time.

    The kernel lets go of it when the holder dies, however it dies.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockTimeout(f"{path} is locked by another process") from None
                time.sleep(0.01)
        yield descriptor
    finally:
        os.close(descriptor)
