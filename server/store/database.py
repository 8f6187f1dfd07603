"""The one database: SQLite in a file, or PostgreSQL by a URL. Every fact is read and changed through it.

A change is one transaction, and there is one writer at a time: what a transaction has read nobody changes before it
ends. SQLite has that from BEGIN IMMEDIATE; PostgreSQL from a lock that each writing transaction takes. Reading waits
for nobody. When it is opened, and what happens where it can't be: opening.py.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from server.store import fingerprint, schema
from server.store.decisions import now
from server.store.errors import Unavailable
from server.store.failures import failed_commit, told
from server.store.opening import Opening
from server.store.tables import as_json, insert_row, model

FILE = "relearn.sqlite3"  # in the artifacts folder
WAIT_SECONDS = 10.0  # for the writer before
OPEN_SECONDS = 2.0  # for somebody who keeps even readers out
WRITER = 0x52656C65  # the name of PostgreSQL's lock: "Rele"
_WRITE, _DURABLE = "relearn_write", "relearn_durable"  # what a transaction is for, told to what begins it


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
    """A model's name, and the number of its row, which is known once the database was opened."""

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

    def __init__(
        self,
        url: URL,
        name: Name,
        take_over: Callable[[Connection], None] | None = None,
        may_begin: Callable[[], None] = lambda: None,
    ) -> None:
        """`take_over` fills a database that was just made, in the transaction that makes it.

        `may_begin` raises Unavailable where none may be made.
        """
        self.url = url
        self._name = name
        self._take_over = take_over
        self._may_begin = may_begin
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = _engine(url)
        self._opening = Opening(url, may_begin, self.open, self._engine.dispose, self._knows_us)
        name.open = self._opening.ensure

    @property
    def problem(self) -> str | None:
        """Why it can't be used, as far as the last attempt found."""
        return self._opening.problem

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and changes nothing. Raises Unavailable."""
        engine = self._engine
        try:
            self._opening.ensure()
        except Unavailable:
            if (reader := self._opening.reader) is None:
                raise
            engine = reader
        with self._connection(engine, write=False) as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Connection]:
        """A transaction, alone among writers; made lasting at the end of the block, or undone by any exception in it.

        One that is not `durable`, such as a heartbeat, waits for no disk, and may be lost with the machine's power.
        Raises Locked or Unavailable, and then nothing was changed; Uncertain if the end itself failed.
        """
        self._opening.ensure()
        with self._connection(self._engine, write=True, durable=durable) as connection:
            yield connection

    def open(self) -> None:
        """Bring the schema to this release's form, or make it; raises Unavailable or Locked."""
        with self._connection(self._engine, write=False) as connection:
            found = schema.version_of(connection)
            if found == schema.HEAD and self._name.look(connection):
                return
        if found is not None and not schema.is_known(found):
            raise Unavailable(
                f"the database is of a newer release (its schema is {found}, this one reads {schema.HEAD}); "
                "update this program, or give it another database"
            )
        with self._connection(self._engine, write=True) as connection:
            fresh = schema.version_of(connection) is None
            if fresh:
                self._may_begin()
            schema.upgrade(connection)
            if fresh and self._take_over is not None:
                self._take_over(connection)
            self._name.make(connection)

    def opened(self) -> int:
        """How often it was opened: at another time it may have been another database. Raises Unavailable."""
        self._opening.ensure()
        return self._opening.times

    def close(self) -> None:
        self._opening.close()

    def raw(self) -> Any:
        """A DBAPI connection of its own, outside of any pool, for what looks at changes; raises Unavailable."""
        self._opening.ensure()
        with told():
            return self._engine.dialect.connect(*self._connect_arguments()[0], **self._connect_arguments()[1])

    def _knows_us(self, engine: Engine) -> bool:
        with self._connection(engine, write=False) as connection:
            return schema.version_of(connection) == schema.HEAD and self._name.look(connection)

    def _connect_arguments(self) -> tuple[list[Any], dict[str, Any]]:
        arguments, options = self._engine.dialect.create_connect_args(self.url)
        return list(arguments), dict(options)

    @contextmanager
    def _connection(self, engine: Engine, write: bool, durable: bool = True) -> Iterator[Connection]:
        with told():
            connection = engine.connect()
        try:
            if write:
                connection = connection.execution_options(**{_WRITE: True, _DURABLE: durable})
            with told():
                transaction = connection.begin()
            try:
                with told():
                    yield connection
            except BaseException:
                with told(quiet=True):
                    transaction.rollback()
                raise
            if not write:
                with told(quiet=True):
                    transaction.rollback()
                return
            try:
                transaction.commit()
            except SQLAlchemyError as error:
                raise failed_commit(error) from None
        finally:
            with told(quiet=True):
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
            url, pool_size=4, max_overflow=16, pool_timeout=WAIT_SECONDS, json_serializer=as_json, **options
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
