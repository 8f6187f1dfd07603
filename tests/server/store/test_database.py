"""A database that can't be used costs one clear error, and is used again once it can be."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from server.store import engine, opening
from server.store.database import Database, Name
from server.store.errors import Locked, StoreError, Unavailable
from server.store.memory import Memory, open_memory
from tests.opener import Opener
from tests.postgres import Cluster
from tests.server.store.memories import labelled, labels, sha_of, stored


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a database that is kept from him on purpose."""
    monkeypatch.setattr(engine, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(engine, "OPEN_SECONDS", 0.1)
    monkeypatch.setattr(opening, "RETRY_SECONDS", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the facts lie by default."""
    return tmp_path / "artifacts" / engine.FILE


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Memory]:
    """A store on SQLite."""
    made = open_memory(tmp_path / "artifacts", tmp_path / "data", "digits", tmp_path / "none")
    yield made
    made.close()


@contextmanager
def held(file: Path, how: str) -> Iterator[None]:
    """Another process's transaction."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        yield
        other.execute("ROLLBACK")


def first_calls(memory: Memory) -> list[Callable[[], object]]:
    """Calls of every part, each of which may be a process's first."""
    return [
        memory.browser.overview,
        partial(memory.browser.batches, 10),
        partial(memory.browser.page, 10),
        memory.browser.learnable,
        partial(memory.dataset.add, [labelled(1)], "upload"),
        partial(memory.dataset.remove, sha_of(1)),
        memory.versions.all,
        memory.versions.reserve,
        partial(memory.versions.page, 10),
        partial(memory.jobs.create, {}, "api", {}),
        partial(memory.jobs.page, 10),
        memory.jobs.open,
        partial(memory.workers.join, None),
        partial(memory.workers.all_serve, "0"),
        partial(memory.workers.may_take_over, 1, "0"),
        memory.changes().seen,
        memory.content.sweep,
    ]


def test_a_database_that_cannot_be_opened_is_unavailable_to_every_call_and_then_comes_back(
    lite: Memory, tmp_path: Path
) -> None:
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    for call in first_calls(lite):
        with pytest.raises(Unavailable, match="folder can't be made"):
            call()
    assert lite.database.problem is not None
    assert stored(tmp_path / "data") == set()
    (tmp_path / "artifacts").unlink()
    assert lite.dataset.add([labelled(1)], "upload").count == 1
    assert lite.database.problem is None


def test_a_file_that_is_no_database_is_left_as_it_is(lite: Memory, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"garbage" * 1000)
    with pytest.raises(Unavailable, match="can't be used"):
        lite.browser.overview()
    assert file.read_bytes() == b"garbage" * 1000
    file.unlink()
    assert lite.browser.overview().images == 0


def test_a_database_that_breaks_while_it_is_used_comes_back_with_its_file(lite: Memory, file: Path) -> None:
    lite.dataset.add([labelled(1)], "upload")
    lite.close()
    whole = file.read_bytes()
    lite.browser.overview()
    for left in file.parent.glob(f"{engine.FILE}-*"):
        left.unlink()
    file.write_bytes(b"garbage" * 10000)
    with pytest.raises(StoreError):
        lite.dataset.add([labelled(2)], "upload")
    file.unlink()
    for left in file.parent.glob(f"{engine.FILE}-*"):
        left.unlink()
    file.write_bytes(whole)
    assert labels(lite) == {sha_of(1): "1"}
    assert lite.dataset.add([labelled(2)], "upload").count == 1
    with closing(sqlite3.connect(file)) as look:
        assert look.execute("SELECT count(*) FROM image").fetchone() == (2,)


def test_a_newer_schema_is_not_touched(memory: Memory, opener: Opener) -> None:
    memory.dataset.add([labelled(1)], "upload")
    with memory.database.write() as connection:
        ours = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        newer = opener()
        with pytest.raises(Unavailable, match="of a newer release"):
            newer.browser.overview()
        with pytest.raises(Unavailable, match="its schema is 9999"):
            newer.dataset.add([labelled(2)], "upload")
    finally:
        with memory.database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :ours"), {"ours": ours})
    assert newer.browser.overview().images == 1


def test_a_writer_that_holds_on_keeps_writers_out_and_no_reader(lite: Memory, file: Path, tmp_path: Path) -> None:
    lite.dataset.add([labelled(1)], "upload")
    with held(file, "IMMEDIATE"):
        assert labels(lite) == {sha_of(1): "1"}
        with pytest.raises(Locked):
            lite.dataset.add([labelled(2)], "upload")
        with pytest.raises(Locked):
            lite.dataset.remove(sha_of(1))
    assert stored(tmp_path / "data") == {sha_of(1)}
    assert lite.dataset.add([labelled(2)], "upload").count == 1


def test_postgresqls_writer_that_holds_on_keeps_writers_out_and_no_reader(postgres: Cluster, tmp_path: Path) -> None:
    name = postgres.take()
    url = postgres.url(name).render_as_string(hide_password=False)
    opener = Opener(tmp_path, url)
    memory, other = opener.ready(), opener.ready()
    with other.database.write():
        assert memory.browser.overview().images == 0
        with pytest.raises(Locked):
            memory.dataset.add([labelled(1)], "upload")
    assert memory.dataset.add([labelled(1)], "upload").count == 1
    opener.close()
    postgres.give_back(name)


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_database_that_is_held_when_it_is_opened_comes_back(lite: Memory, file: Path, how: str) -> None:
    file.parent.mkdir()
    with held(file, how), pytest.raises(StoreError):
        lite.browser.overview()
    assert lite.browser.overview().images == 0


def test_a_database_that_may_only_be_read_says_so_and_comes_back() -> None:
    folder = Path(tempfile.mkdtemp(prefix="relearn-read-only-"))
    memory = open_memory(folder / "artifacts", folder / "data", "digits", folder / "none")
    try:
        memory.dataset.add([labelled(1)], "upload")
        memory.close()
        with nobody_writes(folder), pytest.raises(Unavailable):
            memory.dataset.add([labelled(2)], "upload")
        assert memory.dataset.add([labelled(2)], "upload").count == 1
    finally:
        memory.close()
        shutil.rmtree(folder)


@contextmanager
def nobody_writes(folder: Path) -> Iterator[None]:
    """Nothing below a folder can be written, not by root either, who is somebody else meanwhile."""
    places = [folder, *folder.rglob("*")]
    user = os.geteuid()
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for place in places:
            place.chmod(0o755 if place.is_dir() else 0o644)


def test_a_server_that_was_away_comes_back(postgres: Cluster, tmp_path: Path) -> None:
    name = postgres.take()
    memory = Opener(tmp_path, postgres.url(name).render_as_string(hide_password=False)).ready()
    changes = memory.changes()
    changes.seen()
    postgres.give_back(name)  # which ends every connection
    with pytest.raises(StoreError, match="can't be looked at"):
        any(changes.seen() for _ in range(3))
    assert changes.seen()
    changes.close()
    memory.database.close()  # the model's row was taken away with all others
    assert memory.dataset.add([labelled(1)], "upload").count == 1
    memory.close()
    name = postgres.take()
    postgres.give_back(name)


def test_a_server_that_is_not_there_is_unavailable(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.url("none")
    missing = Database(url, Name("digits"))
    with pytest.raises(Unavailable, match="the log says more"), missing.read():
        pass
    missing.close()
    nowhere = Database(url.update_query_dict({"host": str(tmp_path)}), Name("digits"))
    with pytest.raises(Unavailable), nowhere.read():
        pass
    nowhere.close()
