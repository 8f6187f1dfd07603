"""Whether a database can be used: it is opened when it is first needed, and again after it failed or was moved away.

So one that is missing, locked, broken or newer costs no prediction, and one that comes back is used again. One that can
be read but not written, as on a disk that is read-only or full, is read.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from server.store import trouble
from server.store.errors import Locked, StoreError, Unavailable
from server.store.reader import reading_engine

RETRY_SECONDS = 1.0  # between attempts to open what could not be opened

logger = logging.getLogger("relearn")


class Opening:
    """The state of one database, for any number of threads."""

    def __init__(
        self,
        url: URL,
        may_begin: Callable[[], None],
        open_it: Callable[[], None],
        close_it: Callable[[], None],
        knows_us: Callable[[Engine], bool],
    ) -> None:
        """`may_begin` raises Unavailable where no new one may be made; `open_it` raises StoreError or OSError.

        `knows_us` says whether it is of this release's form and has the model's row.
        """
        self.problem: str | None = None  # why it can't be used, as far as the last attempt found
        self.reader: Engine | None = None  # the way to look while it can be read, but not written
        self.times = 0  # it was opened; at another time perhaps it was another database
        self._url = url
        self._path = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        self._may_begin = may_begin
        self._open_it = open_it
        self._close_it = close_it
        self._knows_us = knows_us
        self._lock = threading.Lock()
        self._is_open = False
        self._file: tuple[int, int] | None = None  # which was opened
        self._tried = -RETRY_SECONDS

    def ensure(self) -> None:
        """Open it, if it is not open; raises Unavailable."""
        if self._is_open and self._identity() == self._file:
            return
        with self._lock:
            if self._is_open and self._identity() == self._file:
                return
            if self._is_open:  # it was moved away or replaced: what is written to the old one is lost
                self.close()
            if self.problem is not None and time.monotonic() - self._tried < RETRY_SECONDS:
                raise Unavailable(self.problem)
            self._tried = time.monotonic()
            try:
                self._open()
            except (StoreError, OSError) as error:
                self.problem = self._note(error)
                raise Unavailable(self.problem) from None
            if self.problem is not None:
                logger.info("the database can be used again")
            self.problem, self.reader = None, None
            self.times += 1
            self._is_open = True

    def close(self) -> None:
        self._close_it()
        self._is_open = False

    def _open(self) -> None:
        if self._path is not None and self._path.exists():
            obstacle = trouble.obstacle(self._path)
            if obstacle is not None:
                raise Unavailable(obstacle)  # SQLite would open it all the same, and fail at the first change
        elif self._path is not None:
            self._prepare(self._path)
        self._open_it()
        self._file = self._identity()

    def _prepare(self, path: Path) -> None:
        """See that a new database may be made, before SQLite makes the file and removes what lies beside it."""
        wal = path.with_name(f"{path.name}-wal")
        if wal.exists() and wal.stat().st_size:
            raise Unavailable(
                f"{wal.name} is there without the database that it belongs to: put that back, or remove it"
            )
        self._may_begin()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"the database's folder can't be made: {error.strerror}") from None

    def _note(self, error: Exception) -> str:
        """What is wrong, logged once; and the way to read it at least, where there is one."""
        self.reader = None if isinstance(error, Locked) else self._reader_of_ours()
        problem = trouble.sentence(error, self._url, self.reader is not None)
        if problem != self.problem:
            logger.error("%s", problem)
        return problem

    def _reader_of_ours(self) -> Engine | None:
        if self._path is None or not self._path.exists():
            return None
        engine = self.reader or reading_engine(self._url)
        try:
            return engine if self._knows_us(engine) else None
        except StoreError:
            return None

    def _identity(self) -> tuple[int, int] | None:
        """Which file lies where the database is; None where there is none."""
        if self._path is None:
            return None
        try:
            found = os.stat(self._path)  # noqa: PTH116 - at every use, and Path.stat takes twice the time
        except OSError:
            return None
        return found.st_dev, found.st_ino
