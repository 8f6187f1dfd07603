"""Rows by the thousand, with numbers that they bring along."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert, text

from server.store.annotations import CHUNK


def insert_all(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows of the same columns, some at a time, so that never more than those are in memory."""
    left = iter(rows)
    while some := list(islice(left, CHUNK)):
        connection.execute(insert(table), some)


def number_after(connection: Connection, table: Table, number: int) -> None:
    """Let the rows to come have numbers above `number`, which is no less than any that is there."""
    if not number:
        return
    at = {"name": table.name, "number": number}
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :number)"), at)
        return
    done = connection.execute(text("UPDATE sqlite_sequence SET seq = :number WHERE name = :name"), at)
    if not done.rowcount:
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), at)
