"""Taking over a folder of the form before there was a database: records, pointers and results become rows.

It happens in the transaction that makes the database, so that it is done whole or not at all, and once. The old files
are left as they are; pictures get a second name at their new place.
"""

from pathlib import Path

from sqlalchemy import Connection


class Takeover:
    """What is there in the old form; called with the transaction in which it is to become rows."""

    def __init__(self, artifacts: Path, data: Path, name: str) -> None:
        self._artifacts = artifacts
        self._data = data
        self._name = name

    def __call__(self, connection: Connection) -> None:
        """Fill the tables, which are empty; raises OSError, and then nothing was taken over."""
