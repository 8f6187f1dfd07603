"""Breaks a store at any step: the n-th write, fsync, rename, removal or statement fails, or is where the process ends.

Whatever the code under test is, what it does to files and to its database passes here and is counted. How a process
ends is told by who uses this: in crash.py it is killed; within a test's own process it does nothing more, no clean-up
of its runs, and its files lie as they lay.
"""

import errno
import io
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NoReturn

import pytest
from sqlalchemy.engine.default import DefaultDialect

Kind = Literal["error", "errors", "kill"]  # at one step, from that step on, and the end of the process

FILE_CALLS = (
    *("open", "write", "fsync", "fdatasync", "replace", "rename", "link", "symlink", "mkdir", "unlink", "remove"),
    *("rmdir", "truncate", "ftruncate"),
)
STATEMENTS = ("do_execute", "do_executemany", "do_execute_no_params", "do_rollback")


class Killed(BaseException):
    """The process has ended."""


def _raise() -> NoReturn:
    raise Killed


class Faults:
    """Counts steps, and breaks the armed one."""

    def __init__(self, end: Callable[[], object] = _raise) -> None:
        self.steps: list[str] = []  # since it was armed
        self.struck: str | None = None  # the first step that was broken
        self._end = end
        self._process = os.getpid()  # a child that it starts before it runs another program is no part of it
        self._counting = threading.Lock()
        self.arm(None)

    def arm(self, point: int | None, kind: Kind = "error") -> None:
        """Let the step of that number, counted from now, break; None: none."""
        self.steps, self.struck, self._dead = [], None, False
        self._point, self._kind = point, kind

    def step(self, name: str, error: Callable[[], Exception]) -> None:
        if os.getpid() != self._process:
            return
        with self._counting:
            if self._dead:
                raise Killed
            number = len(self.steps)
            self.steps.append(name)
            if self._point is None or number < self._point or (number > self._point and self._kind != "errors"):
                return
            self.struck = self.struck or name
            self._dead = self._kind == "kill"
        if self._dead:
            self._end()
        raise error()

    def on_disk(self, name: str) -> None:
        self.step(name, lambda: OSError(errno.EIO, os.strerror(errno.EIO)))

    def in_database(self, name: str, dialect: DefaultDialect, connection: Any) -> None:
        self.step(name, lambda: _lost(dialect, connection))


def _lost(dialect: DefaultDialect, connection: Any) -> Exception:
    """What a database says whose disk fails, and what is left of a connection to a server that is gone."""
    if dialect.name == "sqlite":
        return sqlite3.OperationalError("disk I/O error")
    if connection is not None:
        getattr(connection, "driver_connection", connection).close()
    return dialect.loaded_dbapi.OperationalError("server closed the connection unexpectedly")


class _File(io.BufferedWriter):
    """A file whose writing may stop halfway."""

    def __init__(self, file: io.FileIO, faults: Faults) -> None:
        super().__init__(file)
        self._faults = faults

    def write(self, data: Any) -> int:
        half = len(data) // 2
        super().write(data[:half])
        super().flush()
        self._faults.on_disk("write")
        return half + super().write(data[half:])


@contextmanager
def breakable(faults: Faults | None = None) -> Iterator[Faults]:
    """Let every step pass by."""
    counted = faults or Faults()
    with pytest.MonkeyPatch.context() as patch:
        for name in FILE_CALLS:
            patch.setattr(os, name, _guarded(getattr(os, name), name, counted))
        patch.setattr(io, "open", _opening(io.open, counted))
        patch.setattr(DefaultDialect, "connect", _connecting(DefaultDialect.connect, counted))
        for name in STATEMENTS:
            patch.setattr(DefaultDialect, name, _asking(getattr(DefaultDialect, name), counted))
        patch.setattr(DefaultDialect, "do_commit", _committing(DefaultDialect.do_commit, counted))
        yield counted


def _guarded(real: Callable[..., Any], name: str, faults: Faults) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        is_a_look = name == "open" and (arguments[0] == os.devnull or arguments[1] & getattr(os, "O_PATH", 0))
        if not is_a_look:
            faults.on_disk(name)
        return real(*arguments, **options)

    return call


def _opening(real: Any, faults: Faults) -> Any:
    def open_file(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if not set(mode) & set("wax+"):
            return real(file, mode, *arguments, **options)
        faults.on_disk("open")
        if mode not in ("wb", "xb", "ab"):
            return real(file, mode, *arguments, **options)
        return _File(io.FileIO(file, mode.removesuffix("b"), options.get("closefd", True)), faults)

    return open_file


def _connecting(real: Any, faults: Faults) -> Any:
    def connect(dialect: DefaultDialect, *arguments: Any, **options: Any) -> Any:
        faults.in_database("connect", dialect, None)
        return real(dialect, *arguments, **options)

    return connect


def _asking(real: Any, faults: Faults) -> Any:
    """Statements are given a cursor first, the end of a transaction its connection."""

    def ask(dialect: DefaultDialect, first: Any, *arguments: Any) -> Any:
        name = " ".join(str(arguments[0]).split()[:3]) if arguments else "rollback"
        faults.in_database(name, dialect, first.connection if arguments else first)
        return real(dialect, first, *arguments)

    return ask


def _committing(real: Any, faults: Faults) -> Any:
    def commit(dialect: DefaultDialect, connection: Any) -> None:
        faults.in_database("commit", dialect, connection)
        real(dialect, connection)
        faults.in_database("committed", dialect, connection)

    return commit
