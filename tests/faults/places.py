"""A store that is broken and copied: its folders and its database, and all that can be seen of it from outside."""

import io
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select
from sqlalchemy.engine import make_url

from server.settings import Settings
from server.store import living
from server.store.check.run import Check
from server.store.engine import FILE
from server.store.memory import Memory
from server.store.tables import metadata, pending
from tests.tiny import memory_in

# What is another each time, or counts what a job went through on its way.
VOLATILE = frozenset(
    (
        *(
            "time",
            "last_time",
            "created_at",
            "hash",
            "manifest",
            "content",
            "result",
            "holder",
            "heartbeat",
            "lease",
            "events",
        ),
        *("living", "started_at"),
    )
)
View = dict[str, list[Any]]  # rows by table, and the files
GOES_BY_ITSELF = "a server that runs ends it within seconds"  # what the check says of a job whose runner was killed


class Place:
    """One store: a folder, and a database in PostgreSQL unless its URL is ""."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    @contextmanager
    def opened(self) -> Iterator[Memory]:
        memory = memory_in(self.folder, database=self.url)
        try:
            yield memory
        finally:
            memory.close()

    def view(self, memory: Memory, but: frozenset[str]) -> View:
        """What there is, but for some tables, as far as it says nothing of when."""
        rows: View = {}
        with memory.database.read() as connection:
            for table in metadata.sorted_tables:
                if table.name in {"pending", *but}:
                    continue
                found = [dict(row) for row in connection.execute(select(table)).mappings()]
                kept = [row for row in found if row.get("manifest") != ""]  # a number that was reserved and not used
                named = [{name: value for name, value in row.items() if name not in VOLATILE} for row in kept]
                rows[table.name] = sorted(named, key=str)
        return rows | {"files": self.files()}

    def pending(self, memory: Memory) -> list[str]:
        with memory.database.read() as connection:
            return list(connection.execute(select(pending.c.path)).scalars())

    def files(self) -> list[str]:
        """All but the database's own, logs, and what a runner leaves for the next to remove."""
        paths = [path.relative_to(self.folder) for path in self.folder.rglob("*") if not path.is_dir()]
        beside = [path for path in paths if path.name.startswith(FILE) or path.suffix == ".log" or "work" in path.parts]
        return sorted(str(path) for path in paths if path not in beside)

    def findings(self) -> list[str]:
        """What `python -m server check` finds."""
        out = io.StringIO()
        folders = {"artifacts": self.folder / "artifacts", "data": self.folder / "data"}
        settings = Settings(**folders, baseline=self.folder / "none", database=self.url)  # type: ignore[arg-type]
        Check(settings, lambda *_: None, out).run()
        return out.getvalue().splitlines()[:-1]


def recover(memory: Memory) -> None:
    """What a server does from its start on for what others left (training/attendance.py)."""
    memory.jobs.fail_lost(living.Heartbeats())
    memory.content.sweep()


class Originals:
    """The stores that deeds begin in, and copies of them, each for a while."""

    def __init__(self, folder: Path, server: str) -> None:
        """`server` is the URL of any database there, "" for SQLite."""
        self._folder = folder
        self._server = make_url(server) if server else None
        self._numbers = itertools.count()

    @contextmanager
    def new(self, of: Place | None = None) -> Iterator[Place]:
        """A store without anything, or with all that another has."""
        name = f"place_{os.getpid()}_{next(self._numbers)}"
        folder = self._folder / name
        if of is None:
            folder.mkdir()
        else:
            shutil.copytree(of.folder, folder)
        if self._server is None:
            yield Place(folder, "")
        else:
            template = f"TEMPLATE {make_url(of.url).database}" if of is not None else ""
            self._execute(f"CREATE DATABASE {name} {template}")
            yield Place(folder, self._server.set(database=name).render_as_string(hide_password=False))
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")
        shutil.rmtree(folder)

    def _execute(self, statement: str) -> None:
        assert self._server is not None
        host = str(self._server.query["host"])
        with psycopg.connect(host=host, user=self._server.username, dbname="postgres", autocommit=True) as server:
            server.execute(statement.encode())
