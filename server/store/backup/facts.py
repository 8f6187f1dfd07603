"""The facts as a SQLite file of their own: taken out of either database at one moment, and put into either."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, select, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from server.store import schema
from server.store.annotations import CHUNK
from server.store.backup.form import BackupError
from server.store.engine import DURABLE, WRITE, engine_of
from server.store.outcome import conclude, outcome
from server.store.rows import insert_all, number_after
from server.store.tables import as_json, job, metadata, pending, worker

STOPPED = "a backup was made while it ran, and its trainer is not in it; start it again"


def take(engine: Engine, target: Path) -> None:
    """All facts of one moment, as those of a service that stands still; raises SQLAlchemyError or sqlite3.Error."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as source, closing(sqlite3.connect(target)) as made:
            assert source.driver_connection is not None
            source.driver_connection.backup(made)
            made.execute("PRAGMA journal_mode = DELETE").close()  # so that it is one file
    else:
        with engine.connect() as one, opened(target) as made_of_rows:
            schema.upgrade(made_of_rows)
            _copy(one, made_of_rows)
    with opened(target) as connection:
        _stand_still(connection)


def _stand_still(connection: Connection) -> None:
    """Leave out what only processes know that are not in a backup: the workers, the job that runs, half a write."""
    connection.execute(delete(worker))
    connection.execute(delete(pending))
    for number in connection.execute(select(job.c.id).where(job.c.open == 1)).scalars().all():
        conclude(connection, number, outcome("failed", reason=STOPPED))


@contextmanager
def opened(path: Path) -> Iterator[Connection]:
    """One transaction in a file of facts, of which nobody else knows."""
    engine = create_engine(URL.create("sqlite", database=str(path)), json_serializer=as_json, poolclass=NullPool)
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def renew(path: Path) -> None:
    """Bring facts of an older release to this one's form."""
    with opened(path) as connection:
        schema.upgrade(connection)


def put(path: Path, url: URL) -> None:
    """Make a database that has no table yet hold these facts, in one transaction; raises BackupError or StoreError."""
    engine = engine_of(url)
    try:
        options = {WRITE: True, DURABLE: True}
        with engine.connect().execution_options(**options) as target, target.begin(), opened(path) as source:
            if not is_empty(target):
                raise BackupError("the database holds tables already; restore into an empty one")
            schema.upgrade(target)
            _copy(source, target)
    finally:
        engine.dispose()


def is_empty(connection: Connection) -> bool:
    return schema.version_of(connection) is None


def _copy(source: Connection, target: Connection) -> None:
    """Every row, and for each table the number that its next row is not under."""
    for table in metadata.sorted_tables:
        rows = source.execute(select(table).execution_options(yield_per=CHUNK)).mappings()
        insert_all(target, table, (dict(row) for row in rows))
        if table.autoincrement_column is not None and "id" in table.c:
            number_after(target, table, _last_number(source, table))


def _last_number(connection: Connection, table: Table) -> int:
    query = (
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id')::regclass)"
        if connection.dialect.name == "postgresql"
        else "SELECT seq FROM sqlite_sequence WHERE name = :name"
    )
    found: Any = connection.execute(text(query), {"name": table.name}).scalar()
    return int(found or 0)
