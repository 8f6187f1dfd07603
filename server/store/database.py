"""The one database: SQLite in a file, or PostgreSQL by a URL. Every fact is read and changed through it.

A change is one transaction, and there is one writer at a time: what a transaction has read nobody changes before it
ends. SQLite has that from BEGIN IMMEDIATE; PostgreSQL from a lock that each writing transaction takes. Reading waits
for nobody. When it is opened, and what happens where it can't be: opening.py.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from server.store import fingerprint, schema
from server.store.decisions import now
from server.store.engine import DURABLE, WRITE, engine_of, roll_back, throw_away
from server.store.errors import NotFound, Unavailable
from server.store.failures import failed_commit, told
from server.store.opening import Opening
from server.store.tables import insert_row, model

logger = logging.getLogger("relearn")


class Name:
    """A model's name, and the number of its row, for which the database is opened when it is first asked for."""

    def __init__(self, name: str, begins: bool = True) -> None:
        """`begins`: the row is made where there is none; else it was made by others, and may be deleted by them."""
        self.name = name
        self._begins = begins
        self.open: Callable[[], None] | None = None  # the database sets it
        self._id: int | None = None

    @property
    def id(self) -> int:
        """Raises Unavailable."""
        if self._id is None and self.open is not None:
            self.open()
        assert self._id is not None, "a model's row is asked for before it has a database"
        return self._id

    def look(self, connection: Connection) -> bool:
        """Whether the database has the row."""
        found = connection.execute(select(model.c.id).where(model.c.name == self.name)).scalar()
        if self._begins or self._id is None:
            self._id = found
        return found is not None and found == self._id  # and none that was made after ours was deleted

    def make(self, connection: Connection) -> None:
        """Add the row, if it is not there by now; raises NotFound where that is not for us to do."""
        if not self.look(connection):
            if not self._begins:
                raise self._gone()
            row = {"name": self.name, "created_at": now(), "fingerprint": fingerprint.EMPTY}
            self._id = insert_row(connection, model, row)

    def expect(self, connection: Connection) -> None:
        """Raise NotFound where the row was deleted; for a transaction that writes."""
        if not self._begins and connection.execute(select(model.c.id).where(model.c.id == self._id)).first() is None:
            raise self._gone()

    def _gone(self) -> NotFound:
        return NotFound(f"the model {self.name!r} was deleted")


class Database:
    """Connections to one database, for any number of threads; a process that was forked needs its own."""

    def __init__(
        self,
        url: URL,
        name: Name,
        take_over: Callable[[Connection], str] | None = None,
        may_begin: Callable[[], None] = lambda: None,
    ) -> None:
        """`take_over` fills a database that was just made, in the transaction that makes it, and says with what.

        `may_begin` raises Unavailable where none may be made.
        """
        self.url = url
        self._name = name
        self._take_over = take_over
        self._may_begin = may_begin
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = engine_of(url)
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
    def write(self, durable: bool = True, cleans: bool = False) -> Iterator[Connection]:
        """A transaction, alone among writers; made lasting at the end of the block, or undone by any exception in it.

        One that is not `durable`, such as a heartbeat, waits for no disk, and may be lost with the machine's power. One
        that `cleans` up only needs no model.
        Raises Locked or Unavailable, or NotFound where the model was deleted, and then nothing was changed; Uncertain
        if the end itself failed.
        """
        self._opening.ensure()
        with self._connection(self._engine, write=True, durable=durable) as connection:
            if not cleans:
                self._name.expect(connection)
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
        taken = ""
        with self._connection(self._engine, write=True) as connection:
            fresh = schema.version_of(connection) is None
            if fresh:
                self._may_begin()
            schema.upgrade(connection)
            if fresh and self._take_over is not None:
                taken = self._take_over(connection)
            self._name.make(connection)
        if taken:
            logger.info("%s", taken)

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
        try:
            with _transaction(engine, write, durable) as connection:
                yield connection
        except Unavailable:
            if self.is_sqlite:  # its file may be another by then, and a connection keeps to the one it has
                self._opening.close()
            raise


@contextmanager
def _transaction(engine: Engine, write: bool, durable: bool) -> Iterator[Connection]:
    with told():
        connection = engine.connect()
    try:
        if write:
            connection = connection.execution_options(**{WRITE: True, DURABLE: durable})
        with told():
            transaction = connection.begin()
        try:
            with told():
                yield connection
        except BaseException:
            roll_back(connection, transaction)
            raise
        if not write:
            roll_back(connection, transaction)
            return
        try:
            transaction.commit()
        except SQLAlchemyError as error:
            throw_away(connection)
            raise failed_commit(error) from None
    finally:
        with told(quiet=True):
            connection.close()
