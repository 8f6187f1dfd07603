"""Can the database be looked at, is it of this release, and is it whole?"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from server.store import missing, schema
from server.store.check.look import Look
from server.store.errors import Unavailable

DAMAGE = ("not a database", "malformed")  # what SQLite says of a file that is broken
COPY = "put a copy of it back"


class Closed(Exception):
    """The facts can't be looked at."""

    def __init__(self, sentence: str, is_found: bool) -> None:
        """`is_found`: it is a fault of what is stored, and not of how it is reached."""
        super().__init__(sentence)
        self.is_found = is_found


def is_there(url: URL, look: Look) -> bool:
    """Whether there is a database; False where nothing was ever stored. Raises Closed."""
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.exists():
            if path.with_name(f"{path.name}-wal").exists():
                raise Closed(f"{path.name} is missing, and its -wal is there: put the database back to it", True)
            return _nothing_else(look)
    try:
        with look.read() as connection:
            found = schema.version_of(connection)
    except SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).splitlines()[0]
        is_damaged = any(word in words for word in DAMAGE)
        advice = f"; {COPY}" if is_damaged else ""
        raise Closed(f"the database can't be opened: {words}{advice}", is_damaged) from None
    if found is None:
        return _nothing_else(look)
    if found != schema.HEAD:
        if schema.is_known(found):
            raise Closed(f"the database's schema is {found}, of an older release: start a server, which makes it "
                         f"{schema.HEAD}, and check again", False)  # fmt: skip
        raise Closed(
            f"the database's schema is {found}, of a newer release; this one reads {schema.HEAD}: update this program, "
            "or give it another database", False,
        )  # fmt: skip
    return True


def findings(look: Look) -> Iterator[str]:
    """What SQLite itself finds wrong with its file; PostgreSQL keeps its own house."""
    if look.engine.dialect.name != "sqlite":
        return
    with look.read() as connection:
        for (message,) in connection.execute(text("PRAGMA integrity_check")):
            if message != "ok":
                yield f"the database is damaged: {' '.join(str(message).split())}; {COPY}"
        for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
            yield f"row {row} of the table {table} names a row of {parent} that is not there; {COPY}, or remove it"


def is_damage(error: SQLAlchemyError) -> bool:
    """Whether a query failed on what is stored."""
    original = getattr(error, "orig", None)
    return isinstance(original, sqlite3.DatabaseError) and any(word in str(original) for word in DAMAGE)


def _nothing_else(look: Look) -> bool:
    try:
        missing.refuse(look.roots["artifacts"], look.roots["data"])
    except Unavailable as error:
        raise Closed(str(error), True) from None
    return False
