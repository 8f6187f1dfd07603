"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, reached through a socket in that folder.

It has no port, so that nothing can clash, and ends with the process that started it, however that ends.
"""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL

from server.store.database import Database, Name

START_SECONDS = 60.0  # a bound for a slow machine, not an expectation
USER = "relearn"
TEMPLATE = "form"  # a database with the schema and no rows
NEEDED = "no PostgreSQL is installed here: apt-get install postgresql, whose programs lie in /usr/lib/postgresql"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "autovacuum": "off",
}


class Cluster:
    """A running server; every test has databases of its own in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)

    def create(self, template: str = TEMPLATE) -> str:
        """A new database, with the schema and no rows unless another template is named; its URL."""
        name = f"test{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        self._execute(f"DROP DATABASE {url.partition('@/')[2].partition('?')[0]} WITH (FORCE)")

    def url(self, name: str) -> str:
        made = URL.create("postgresql+psycopg", USER, database=name, query={"host": str(self.folder)})
        return made.render_as_string(hide_password=False)

    def make_template(self) -> None:
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        url = URL.create("postgresql+psycopg", USER, database=TEMPLATE, query={"host": str(self.folder)})
        database = Database(url, Name("nothing"))
        database.open()
        database.close()
        with psycopg.connect(host=str(self.folder), user=USER, dbname=TEMPLATE) as connection:
            connection.execute("TRUNCATE model RESTART IDENTITY CASCADE")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


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
            cluster = Cluster(folder)
            cluster.make_template()
            yield cluster
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.send_signal(2)  # SIGINT: without waiting for those who are still connected
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
    url = cluster.create()
    yield url
    cluster.drop(url)
