"""A way to look into a database that changes nothing: no row, no schema, and no file beside it.

For `python -m server check`, and for a server whose database can't be opened as usual. PostgreSQL has transactions that
only read. With SQLite it depends on what lies beside the file: -wal holds what was committed last, -shm is what readers
and writers share. https://www.sqlite.org/wal.html#read_only_databases
"""

import os
import shutil
import sqlite3
import tempfile
import threading
import weakref
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

WAIT_SECONDS = 2.0  # for somebody who keeps readers out
COPIED = ("", "-wal", "-journal")  # what a database is made of, on the disk


def reading_engine(url: URL, alone: bool = False) -> Engine:
    """An engine whose transactions see one moment each. Each has a connection of its own, so that one that could not
    see what others write, since it read a copy, is not used twice.

    `alone` says that nobody in this process will ever write to it: then not even -shm is touched.
    """
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10})
        event.listen(engine, "begin", _begin_reading)
        return engine
    files = _Files(Path(url.database or ""), alone)
    engine = create_engine("sqlite://", creator=files.connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _begin_reading(connection: Connection) -> None:
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


class _Files:
    """The files of one SQLite database, and a copy of them where they can't be read in place."""

    def __init__(self, path: Path, alone: bool) -> None:
        self._path = path
        self._process_is_alone = alone
        self._copy: Path | None = None
        self._copied: object = None  # the state of which it is the copy
        self._copying = threading.Lock()
        self._header: int | None = None  # a descriptor
        self._looking = threading.Lock()

    def connect(self) -> sqlite3.Connection:
        """Raises sqlite3.Error where no way leads in."""
        failure: Exception = sqlite3.OperationalError("unable to open database file")
        for way in (self._beside_others, self._alone, self._by_copy):
            try:
                place = way()
                if place is not None:
                    return _connected(place)
            except (sqlite3.Error, OSError) as error:
                failure = error
        if isinstance(failure, OSError):
            raise sqlite3.OperationalError(f"it can't be read: {failure.strerror or failure}") from failure
        raise failure

    def _beside_others(self) -> str | None:
        """As one reader among readers and writers; for WAL only where both files are there, since else it makes them.

        With readonly_shm what a crash left is read as it is. But all connections of a process share what the first of
        them opened -shm for (SQLite's os_unix.c): one that can only read it keeps every later one from writing, for as
        long as there is always another that overlaps. So where somebody may write, -shm is opened for that, or not.
        """
        is_wal, shm = self._has_wal_form(), self._beside("-shm")
        if is_wal and not (self._beside("-wal").exists() and shm.exists()):
            return None
        if self._process_is_alone:
            return f"file:{quote(str(self._path))}?mode=ro&readonly_shm=1"
        return f"file:{quote(str(self._path))}?mode=ro" if not is_wal or os.access(shm, os.W_OK) else None

    def _has_wal_form(self) -> bool:
        """Whether the header says so: https://www.sqlite.org/fileformat.html#file_format_version_numbers

        The file stays open: to close it would drop every lock that this process has on it, SQLite's too (fcntl(2)).
        """
        with self._looking:
            if self._header is None or not os.path.samestat(os.fstat(self._header), self._path.stat()):
                self._header = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                weakref.finalize(self, os.close, self._header)
            return os.pread(self._header, 2, 18) == b"\x02\x02"

    def _alone(self) -> str | None:
        """Taken for a file that nobody changes; not where the newest changes, or undone ones, lie beside it."""
        if any(_size(self._beside(side)) for side in ("-wal", "-journal")):
            return None
        return f"file:{quote(str(self._path))}?mode=ro&immutable=1"

    def _by_copy(self) -> str:
        """A copy elsewhere, with the changes that lay beside the file brought into it."""
        with self._copying:
            state = self._state()
            if self._copy is None or self._copied != state:
                before, self._copy = self._copy, self._copy_of(state)
                self._copied = state
                if before is not None:
                    shutil.rmtree(before.parent, ignore_errors=True)
            return f"file:{quote(str(self._copy))}?mode=ro&immutable=1"

    def _copy_of(self, state: object) -> Path:
        """Raises OSError where it changes all the time, or there is no room."""
        folder = Path(tempfile.mkdtemp(prefix="relearn-database-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        copy = folder / self._path.name
        for side in COPIED:
            if self._beside(side).exists():
                shutil.copyfile(self._beside(side), copy.with_name(copy.name + side))
        if self._state() != state:
            raise OSError(f"{self._path.name} changes while it is copied")
        connection = sqlite3.connect(copy)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        finally:
            connection.close()
        return copy

    def _state(self) -> object:
        """Something that changes whenever the files do; raises OSError if there is no database."""
        self._path.stat()
        found = [self._beside(side).stat() for side in COPIED if self._beside(side).exists()]
        return [(each.st_ino, each.st_size, each.st_mtime_ns) for each in found]

    def _beside(self, side: str) -> Path:
        return self._path.with_name(self._path.name + side)


def _connected(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False, uri=True)
    try:
        connection.execute("PRAGMA query_only = ON").close()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
