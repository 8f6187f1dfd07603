"""Did anybody write to the database since the last look? One cheap look, so that nobody has to read rows to know.

SQLite counts the commits of other connections for each connection (PRAGMA data_version); PostgreSQL tells whoever
listens (NOTIFY, which every writing transaction sends). A look that could not be made counts as a change.
"""

import sqlite3
from contextlib import suppress
from typing import Any

from server.store.database import Database
from server.store.errors import StoreError


class Changes:
    """One observer, with a connection of its own; for one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Any = None
        self._version: int | None = None
        self._opened = 0  # how often the database was, when this connection was made

    def seen(self) -> bool:
        """Whether something was written since the last look; True at the first. Raises StoreError."""
        try:
            if self._connection is not None and self._database.opened() != self._opened:
                self.close()
            if self._connection is None:
                self._connect()
                return True
            return self._look()
        except StoreError:
            self.close()
            raise
        except Exception as error:  # noqa: BLE001 - a driver's own, which is loaded only where it is used
            self.close()
            raise StoreError(f"the database can't be looked at: {error}") from None

    def close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        self._opened = self._database.opened()
        self._connection = self._database.raw()
        if self._database.is_sqlite:
            self._version = self._data_version()
        else:
            self._connection.autocommit = True
            self._connection.execute("LISTEN relearn")

    def _look(self) -> bool:
        if not self._database.is_sqlite:
            return any(True for _ in self._connection.notifies(timeout=0))
        before, self._version = self._version, self._data_version()
        return self._version != before

    def _data_version(self) -> int:
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise StoreError(f"the database can't be looked at: {error}") from None
