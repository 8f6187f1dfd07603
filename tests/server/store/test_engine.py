"""A connection to SQLite is ready for many programs, from the first moment of a new file on."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from server.store import engine
from server.store.engine import engine_of
from tests.server.store.memories import at_once

ROUNDS, PROGRAMS = 100, 4


def journal_mode(url: URL) -> str:
    opened = engine_of(url)
    try:
        with opened.connect() as connection:
            return str(connection.execute(text("PRAGMA journal_mode")).scalar())
    finally:
        opened.dispose()


def test_who_opens_a_new_file_at_the_same_moment_waits_for_the_others(tmp_path: Path) -> None:
    for number in range(ROUNDS):
        url = URL.create("sqlite", database=str(tmp_path / f"{number}.sqlite3"))
        assert at_once(*[lambda url=url: journal_mode(url)] * PROGRAMS) == ["wal"] * PROGRAMS


def test_a_new_file_that_stays_locked_is_waited_for_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "OPEN_SECONDS", 0.3)
    file = tmp_path / "locked.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            journal_mode(URL.create("sqlite", database=str(file)))
        assert time.monotonic() - begun >= 0.3
        other.execute("ROLLBACK")
    assert journal_mode(URL.create("sqlite", database=str(file))) == "wal"
