"""SQLAlchemy's engine for either database: how a transaction begins in it, and what becomes of one that failed."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from server.store.errors import Unavailable
from server.store.failures import told
from server.store.tables import as_json

FILE = "relearn.sqlite3"  # in the artifacts folder
WAIT_SECONDS = 10.0  # for the writer before
OPEN_SECONDS = 2.0  # for somebody who keeps even readers out
SWITCH_SECONDS = 0.005  # between attempts at the switch of a new file that another makes as well
WRITER = 0x52656C65  # the name of PostgreSQL's lock: "Rele"
WRITE, DURABLE = "relearn_write", "relearn_durable"  # what a transaction is for, told to what begins it


def url_of(setting: str, artifacts: Path) -> URL:
    """The database that a setting names, by default the file in the artifacts folder; raises ValueError."""
    if not setting:
        return URL.create("sqlite", database=str(artifacts / FILE))
    try:
        url = make_url(setting)
    except ArgumentError:
        raise ValueError("it must be a URL such as postgresql+psycopg://user@host/name") from None
    kind = url.get_backend_name(), url.get_driver_name()
    in_memory = kind[0] == "sqlite" and url.database in (None, "", ":memory:")  # which no other process would see
    if kind not in (("sqlite", "pysqlite"), ("postgresql", "psycopg")) or in_memory:
        raise ValueError("it must be postgresql+psycopg://user@host/name, or sqlite:////path/to/file")
    return url


def engine_of(url: URL) -> Engine:
    """Connections to a database, made when they are needed; raises Unavailable where its package is missing."""
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite:
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
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite if is_sqlite else _begin_postgresql)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    _begin_log(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "cache_size = -2000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_log(connection: sqlite3.Connection) -> None:
    """Switch a new file to its write-ahead log. SQLite waits for no other who does so at the same moment: we do."""
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(SWITCH_SECONDS)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITE):
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(WAIT_SECONDS * 1000)}")
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options[DURABLE] else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITE) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITE):
        if not options[DURABLE]:
            connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text(f"SET LOCAL lock_timeout = {round(WAIT_SECONDS * 1000)}"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER})"))
        connection.execute(text("NOTIFY relearn"))
    else:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


def roll_back(connection: Connection, transaction: RootTransaction) -> None:
    """End a transaction that changes nothing."""
    try:
        transaction.rollback()
    except SQLAlchemyError:
        throw_away(connection)


def throw_away(connection: Connection) -> None:
    """Keep a connection out of the pool that failed at the end of a transaction, and may still be in it."""
    with told(quiet=True):
        connection.invalidate()
