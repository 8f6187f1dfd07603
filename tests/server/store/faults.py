"""Breaks a store at any step: an error at the n-th operation on files or the database, or the end of the process there.

A process that was ended does nothing more: no clean-up of its runs, and its files lie as they lay. Its connections
close, as the kernel would see to.
"""

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import OperationalError

from server.store import content

Kind = Literal["error", "kill"]


class Killed(BaseException):
    """The process has ended."""


class Faults:
    """Counts operations, and lets the armed one fail."""

    def __init__(self) -> None:
        self.steps: list[str] = []  # since it was armed
        self.struck: str | None = None  # the step that failed
        self._point: int | None = None
        self._kind: Kind = "error"
        self._dead = False

    def arm(self, point: int | None, kind: Kind = "error") -> None:
        """Let the step of that number, counted from now, fail; None: none."""
        self.steps, self.struck, self._dead = [], None, False
        self._point, self._kind = point, kind

    def step(self, name: str, error: Callable[[], Exception]) -> None:
        if self._dead:
            raise Killed
        self.steps.append(name)
        if self._point != len(self.steps) - 1:
            return
        self.struck = name
        if self._kind == "kill":
            self._dead = True
            raise Killed
        raise error()

    def on_disk(self, name: str) -> None:
        self.step(name, lambda: OSError(errno.EIO, os.strerror(errno.EIO)))

    def in_database(self, name: str) -> None:
        self.step(name, lambda: OperationalError(name, None, Exception("disk I/O error")))


class _File(io.BufferedWriter):
    """A file whose writing may stop halfway."""

    def __init__(self, path: Path, faults: Faults) -> None:
        super().__init__(io.FileIO(path, "xb"))
        self._faults = faults

    def write(self, data: Any) -> int:
        super().write(data[: len(data) // 2])
        self._faults.on_disk("write")
        return super().write(data[len(data) // 2 :])


@contextmanager
def breakable() -> Iterator[Faults]:
    """Every step of the store passes here; files are written one at a time, so that a step's number names it."""
    faults = Faults()

    def before(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            faults.on_disk(name)
            return real(*arguments, **options)

        return call

    real_open: Any = Path.open
    real_commit: Any = DefaultDialect.do_commit

    def open_file(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode != "xb":
            return real_open(path, mode, *arguments, **options)
        faults.on_disk("open")
        return _File(path, faults)

    def commit(dialect: Any, connection: Any) -> None:
        faults.in_database("commit")
        real_commit(dialect, connection)
        faults.in_database("committed")

    def execute(*arguments: Any) -> None:
        faults.in_database(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", execute)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("fsync", "replace", "mkdir", "unlink"):
                patch.setattr(os, name, before(name))
            patch.setattr(Path, "open", open_file)
            patch.setattr(DefaultDialect, "do_commit", commit)
            patch.setattr(content, "WRITERS", 1)
            yield faults
    finally:
        event.remove(Engine, "before_cursor_execute", execute)
