"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, reached through a socket in that folder.

It has no port, so that nothing can clash, and ends with the process that started it, however that ends.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL

from server.store.database import Database, Name
from server.store.tables import metadata

START_SECONDS = 120.0  # a bound for a slow machine, not an expectation
USER = "relearn"
NEEDED = "no PostgreSQL is installed here: apt-get install postgresql, whose programs lie in /usr/lib/postgresql"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "autovacuum": "off",
}
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_RESTART_NUMBERS = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"


class Cluster:
    """A running server; every test has databases of its own in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        self._free: list[str] = []

    def take(self) -> str:
        """The name of a database with the schema and without a row."""
        if self._free:
            return self._free.pop()
        name = self.create()
        database = Database(self.url(name), Name("nothing"))
        database.open()
        database.close()
        self._empty(name)
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next test: that takes a tenth of the time that a new one does."""
        self._empty(name)
        self._free.append(name)

    def create(self) -> str:
        """The name of a new database without anything."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def url(self, name: str) -> URL:
        return URL.create("postgresql+psycopg", USER, database=name, query={"host": str(self.folder)})

    def execute(self, statement: str, name: str = "postgres") -> None:
        with psycopg.connect(host=str(self.folder), user=USER, dbname=name, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _empty(self, name: str) -> None:
        with psycopg.connect(host=str(self.folder), user=USER, dbname=name) as connection:
            connection.execute(_END_OTHERS)
            for table in reversed(metadata.sorted_tables):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
            connection.execute(_RESTART_NUMBERS)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster for the time of the block; skips the test where PostgreSQL is not installed."""
    programs = programs_folder()
    folder = Path(tempfile.mkdtemp(prefix="relearn-postgres-", dir="/tmp"))
    try:
        drop_rights = _unprivileged(folder)
        data = folder / "data"
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([*drop_rights, *initdb, "--no-sync"], check=True, capture_output=True, cwd=folder)
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), *settings]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([*drop_rights, *command], stdout=log, stderr=log, cwd=folder)
        try:
            _wait_until_ready(server, folder)
            yield Cluster(folder)
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nobody needs what is in it
            server.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder)


def programs_folder() -> Path:
    """Where Debian keeps the programs of its newest PostgreSQL."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        pytest.skip(NEEDED)
    return max(found, key=lambda path: int(path.parent.name))


def _unprivileged(folder: Path) -> list[str]:
    """The words before a command that make it end with this process and, since PostgreSQL refuses root, not be root."""
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() == 0:
        user = next(each for each in (_user("postgres"), _user("nobody")) if each is not None)
        os.chown(folder, user.pw_uid, user.pw_gid)
        words += ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
    return [*words, "--"]


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), user=USER, dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}") from None
            time.sleep(0.02)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One PostgreSQL for all tests."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh database of each kind; "" for SQLite's, which is a file beside the artifacts."""
    if request.param == "sqlite":
        yield ""
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = cluster.take()
    yield cluster.url(name).render_as_string(hide_password=False)
    cluster.give_back(name)
