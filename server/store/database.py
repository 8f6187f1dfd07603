"""The one database: SQLite in a file, or PostgreSQL by a URL. Every fact is read and changed through it.

A change is one transaction, and there is one writer at a time: what a transaction has read nobody changes before it
ends. SQLite has that from BEGIN IMMEDIATE; PostgreSQL from a lock that each writing transaction takes. Reading waits
for nobody. The file is opened when it is first needed, and again after it failed, so that a database which is missing,
locked, broken or newer costs no prediction, and one that comes back is used again.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, SQLAlchemyError

from server.store import fingerprint, schema
from server.store.decisions import now
from server.store.errors import Locked, NoSpace, Unavailable, Uncertain
from server.store.tables import as_json, insert_row, model

FILE = "relearn.sqlite3"  # in the artifacts folder
WAIT_SECONDS = 10.0  # for the writer before
OPEN_SECONDS = 2.0  # for somebody who keeps even readers out
WRITER = 0x52656C65  # the name of PostgreSQL's lock: "Rele"
RETRY_SECONDS = 1.0  # between attempts to open what could not be opened
_WRITE, _DURABLE = "relearn_write", "relearn_durable"  # what a transaction is for, told to what begins it

logger = logging.getLogger("relearn")


def url_of(setting: str, artifacts: Path) -> URL:
    """The database that a setting names, by default the file in the artifacts folder; raises ValueError."""
    if not setting:
        return URL.create("sqlite", database=str(artifacts / FILE))
    try:
        url = make_url(setting)
    except ArgumentError:
        raise ValueError("it must be a URL such as postgresql+psycopg://user@host/name") from None
    if url.get_backend_name() not in ("sqlite", "postgresql") or (
        url.get_backend_name() == "postgresql" and url.get_driver_name() != "psycopg"
    ):
        raise ValueError("it must be postgresql+psycopg://user@host/name, or sqlite:////path/to/file")
    return url


class Name:
    """A model's name, and the number of its row, for which the database is opened when it is first asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.open: Callable[[], None] = lambda: None  # the database, which sets this
        self._id: int | None = None

    @property
    def id(self) -> int:
        """Raises Unavailable where the database can't be opened."""
        if self._id is None:
            self.open()
        assert self._id is not None
        return self._id

    def look(self, connection: Connection) -> bool:
        """Whether the database has the row."""
        self._id = connection.execute(select(model.c.id).where(model.c.name == self.name)).scalar()
        return self._id is not None

    def make(self, connection: Connection) -> None:
        """Add the row, if it is not there by now."""
        if not self.look(connection):
            row = {"name": self.name, "created_at": now(), "fingerprint": fingerprint.EMPTY}
            self._id = insert_row(connection, model, row)


class Database:
    """Connections to one database, for any number of threads; a process that was forked needs its own."""

    def __init__(self, url: URL, name: Name, take_over: Callable[[Connection], str] | None = None) -> None:
        """`take_over` fills a database that was just made, in the transaction that makes it, and says with what."""
        self.url = url
        self._name = name
        name.open = self._ensure_open
        self._take_over = take_over
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.problem: str | None = None  # why it can't be used, as far as the last attempt found
        self._engine = _engine(url)
        self._opening = threading.Lock()
        self._open = False
        name.open = self._ensure_open
        self._tried = -RETRY_SECONDS

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and changes nothing. Raises Unavailable."""
        self._ensure_open()
        with self._connection(write=False) as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Connection]:
        """A transaction, alone among writers; made lasting at the end of the block, or undone by any exception in it.

        One that is not `durable`, such as a heartbeat, waits for no disk, and may be lost with the machine's power.
        Raises Locked or Unavailable, and then nothing was changed; Uncertain if the end itself failed.
        """
        self._ensure_open()
        with self._connection(write=True, durable=durable) as connection:
            yield connection

    def open(self) -> None:
        """Bring the schema to this release's form, or make it; raises Unavailable or Locked."""
        with self._connection(write=False) as connection:
            found = schema.version_of(connection)
            if found == schema.HEAD and self._name.look(connection):
                return
        if found is not None and not schema.is_known(found):
            raise Unavailable(
                f"the database is of a newer release (its schema is {found}, this one reads {schema.HEAD}); "
                "update this program, or give it another database"
            )
        taken = ""
        with self._connection(write=True) as connection:
            fresh = schema.version_of(connection) is None
            schema.upgrade(connection)
            if fresh and self._take_over is not None:
                taken = self._take_over(connection)
            self._name.make(connection)
        if taken:
            logger.info("%s", taken)

    def close(self) -> None:
        self._engine.dispose()
        self._open = False

    def raw(self) -> Any:
        """A DBAPI connection of its own, outside of any pool, for what looks at changes; raises Unavailable."""
        self._ensure_open()
        with _told():
            return self._engine.dialect.connect(*self._connect_arguments()[0], **self._connect_arguments()[1])

    def _make_folder(self) -> None:
        if self.is_sqlite and self.url.database:
            try:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Unavailable(f"the database's folder can't be made: {error.strerror}") from None

    def _connect_arguments(self) -> tuple[list[Any], dict[str, Any]]:
        arguments, options = self._engine.dialect.create_connect_args(self.url)
        return list(arguments), dict(options)

    def _ensure_open(self) -> None:
        if self._open:
            return
        with self._opening:
            if self._open:
                return
            if self.problem is not None and time.monotonic() - self._tried < RETRY_SECONDS:
                raise Unavailable(self.problem)
            self._tried = time.monotonic()
            try:
                self._make_folder()
                self.open()
            except (Unavailable, Locked, Uncertain, OSError) as error:
                self.problem = str(error)
                raise Unavailable(self.problem) from None
            self.problem = None
            self._open = True

    @contextmanager
    def _connection(self, write: bool, durable: bool = True) -> Iterator[Connection]:
        with _told():
            connection = self._engine.connect()
        try:
            if write:
                connection = connection.execution_options(**{_WRITE: True, _DURABLE: durable})
            with _told():
                transaction = connection.begin()
            try:
                with _told():
                    yield connection
            except BaseException:
                _roll_back(connection, transaction)
                raise
            if not write:
                _roll_back(connection, transaction)
                return
            try:
                transaction.commit()
            except SQLAlchemyError as error:
                _throw_away(connection)
                raise _failed_commit(error) from None
        finally:
            with _told(quiet=True):
                connection.close()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        # The transactions are ours: the driver's own begin too late, so that a writer could find itself overtaken.
        options: dict[str, Any] = {"connect_args": {"timeout": OPEN_SECONDS, "isolation_level": None,
                                                    "check_same_thread": False}}  # fmt: skip
    else:
        options = {"pool_pre_ping": True, "connect_args": {"connect_timeout": round(WAIT_SECONDS)}}
    try:
        engine = create_engine(
            url,
            pool_size=4,
            max_overflow=16,
            pool_timeout=WAIT_SECONDS,
            pool_use_lifo=True,  # the one with a warm cache
            json_serializer=as_json,
            **options,
        )
    except ImportError as error:
        needed = f"the database needs a package that is not here ({error.name}): requirements-postgres.txt"
        raise Unavailable(needed) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -2000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_WRITE):
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(WAIT_SECONDS * 1000)}")
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options[_DURABLE] else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITE) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_WRITE):
        if not options[_DURABLE]:
            connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text(f"SET LOCAL lock_timeout = {round(WAIT_SECONDS * 1000)}"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER})"))
        connection.execute(text("NOTIFY relearn"))
    else:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


def _roll_back(connection: Connection, transaction: RootTransaction) -> None:
    try:
        transaction.rollback()
    except SQLAlchemyError:
        _throw_away(connection)


def _throw_away(connection: Connection) -> None:
    """Keep a connection out of the pool that failed at the end of a transaction, and may still be in it."""
    with _told(quiet=True):
        connection.invalidate()


@contextmanager
def _told(quiet: bool = False) -> Iterator[None]:
    """What the libraries raise of a database that fails, as what the store's callers know."""
    try:
        yield
    except (DBAPIError, InterfaceError) as error:
        if not quiet:
            raise _failure(error) from None
    except sqlite3.Error as error:
        if not quiet:
            raise Unavailable(f"the database can't be used: {error}") from None
    except SQLAlchemyError as error:
        if not quiet:
            raise Unavailable(f"the database can't be used: {str(error).splitlines()[0]}") from None


def _failure(error: DBAPIError) -> Exception:
    words = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if "locked" in words or "lock timeout" in words:
        return Locked("another call is changing the same thing; try again shortly")
    if isinstance(error.orig, sqlite3.IntegrityError) or type(error.orig).__name__.endswith("Violation"):
        return error  # a fault of ours: it has no place among what a disk can do
    if "disk is full" in words or "No space left" in words:
        return NoSpace("the disk that the database is on is full")
    return Unavailable(f"the database can't be used: {words}")


def _failed_commit(error: SQLAlchemyError) -> Exception:
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.OperationalError) and ("locked" in str(original) or "full" in str(original)):
        return _failure(cast(DBAPIError, error))  # SQLite says so before it changed anything
    return Uncertain(
        f"the database failed at the last step ({original or error}): look before you do it again, which does no harm"
    )
