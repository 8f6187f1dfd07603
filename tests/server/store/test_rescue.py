"""A database that can't be opened as usual: what can still be read, what is said of it, and that it comes back."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from server.store import missing, rescue
from server.store.content import picture_path
from server.store.engine import url_of
from server.store.errors import Unavailable
from server.store.memory import Memory
from server.store.opening import RETRY_SECONDS
from server.store.reader import reading_engine
from tests.server.store.filled import database_of, execute, picture, sha_of, tree
from tests.tiny import memory_in, publish_tiny

MOVES = [(None, 1, "published"), (1, 2, "published"), (2, 3, "published"), (3, 1, "rolled back"), (1, 1, "promoted")]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be opened is tried again at each use."""
    monkeypatch.setattr("server.store.opening.RETRY_SECONDS", 0.0)


@pytest.fixture
def read_only(folder: Path) -> Iterator[Path]:
    """The store's folder, mounted so that nothing in it can be written."""
    place = folder.with_name("read-only")
    place.mkdir()
    commands = [["mount", "--bind", str(folder), str(place)], ["mount", "-o", "remount,ro,bind", str(place)]]
    if os.getuid() != 0 or any(subprocess.run(each, check=False, capture_output=True).returncode for each in commands):
        pytest.skip("mounting a folder read-only needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def moves_of(folder: Path) -> list[tuple[int | None, int, str]]:
    return rescue.moves(url_of("", folder / "artifacts"), "digits", 100)


def crash(folder: Path, statement: str) -> None:
    """Change the database, and be killed with the change in the -wal."""
    code = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute(sys.argv[2]); "
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(database_of(folder)), statement], check=False)
    assert database_of(folder).with_name("relearn.sqlite3-wal").stat().st_size


def test_the_moves_of_a_closed_database_are_read_without_a_trace(folder: Path) -> None:
    before = tree(folder)
    assert moves_of(folder) == MOVES
    assert tree(folder) == before


def test_of_many_moves_the_newest_are_read(folder: Path) -> None:
    assert rescue.moves(url_of("", folder / "artifacts"), "digits", 2) == MOVES[-2:]
    assert rescue.moves(url_of("", folder / "artifacts"), "letters", 100) == []


@pytest.mark.parametrize("side", ["-wal and -shm", "-wal"])
def test_the_moves_that_a_crash_left_in_the_wal_are_read(folder: Path, side: str) -> None:
    crash(folder, "INSERT INTO move VALUES (9, 1, '', 1, 3, 'promoted', 'me', '')")
    if side == "-wal":
        database_of(folder).with_name("relearn.sqlite3-shm").unlink()
    before = tree(folder)
    assert moves_of(folder) == [*MOVES, (1, 3, "promoted")]
    shared = {"artifacts/relearn.sqlite3-shm"}  # by readers and writers, and made anew by whoever comes first
    assert {name for name in before | tree(folder) if before.get(name) != tree(folder).get(name)} <= shared
    assert tree(folder).keys() == before.keys()


def test_the_moves_on_a_read_only_disk_are_read(read_only: Path) -> None:
    assert moves_of(read_only) == MOVES


def test_the_moves_that_lie_in_the_wal_on_a_read_only_disk_are_read(folder: Path, read_only: Path) -> None:
    crash(folder, "INSERT INTO move VALUES (9, 1, '', 1, 3, 'promoted', 'me', '')")
    database_of(folder).with_name("relearn.sqlite3-shm").unlink()
    assert moves_of(read_only) == [*MOVES, (1, 3, "promoted")]


def test_the_moves_of_a_newer_release_are_read(folder: Path) -> None:
    execute(folder, "ALTER TABLE move ADD COLUMN weather TEXT")
    execute(folder, "ALTER TABLE model DROP COLUMN suspects")
    execute(folder, "UPDATE alembic_version SET version_num = '0999'")
    assert moves_of(folder) == MOVES
    memory = memory_in(folder)
    with pytest.raises(Unavailable, match="of a newer release"):
        memory.pointer.fallbacks()
    assert memory.pointer.rescued() == ["1", "2"]


def test_the_moves_of_a_database_that_another_keeps_to_itself_are_read(folder: Path) -> None:
    holder = sqlite3.connect(database_of(folder), isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("INSERT INTO move VALUES (9, 1, '', 1, 3, 'promoted', 'me', '')")
    assert moves_of(folder) == MOVES
    holder.execute("COMMIT")
    assert moves_of(folder) == [*MOVES, (1, 3, "promoted")]
    holder.close()


@pytest.mark.parametrize("content", [b"not a database" * 100, b"", None])
def test_where_there_are_none_it_says_so(folder: Path, content: bytes | None) -> None:
    database_of(folder).unlink()
    if content is not None:
        database_of(folder).write_bytes(content)
    before = tree(folder)
    with pytest.raises(Unavailable, match="the moves of 'digits' can't be read"):
        moves_of(folder)
    assert tree(folder) == before


def test_rescued_versions_are_tried_in_the_order_of_the_moves(folder: Path) -> None:
    memory = memory_in(folder)
    assert memory.pointer.rescued() == memory.pointer.fallbacks() == ["1", "2"]
    memory.versions.promote("3", "me", "better after all", "1")
    assert memory.pointer.rescued() == memory.pointer.fallbacks() == ["3", "1", "2"]
    memory.close()


def test_a_database_that_can_only_be_read_is_read(folder: Path, read_only: Path, at_once: None) -> None:
    memory = memory_in(read_only)
    assert memory.pointer.current() == "1"
    assert memory.browser.overview().images == 13
    assert [job.state for job in memory.jobs.page(9)] == ["refused"]
    with pytest.raises(Unavailable, match=r"can be read, but not written: relearn\.sqlite3 is read-only"):
        memory.dataset.remove(sha_of(0))
    assert memory.database.problem == "the database can be read, but not written: relearn.sqlite3 is read-only"
    with pytest.raises(Unavailable):
        memory.changes().seen()
    other = memory_in(folder)
    other.dataset.remove(sha_of(0))
    assert memory.browser.overview().images == 12
    other.close()
    assert memory.browser.overview().images == 12
    subprocess.run(["mount", "-o", "remount,rw,bind", str(read_only)], check=True)
    memory.dataset.remove(sha_of(1))
    assert memory.database.problem is None
    assert memory.browser.overview().images == 11
    memory.close()


def test_a_database_of_a_newer_release_is_not_read_as_if_it_were_ours(folder: Path) -> None:
    execute(folder, "UPDATE alembic_version SET version_num = '0999'")
    memory = memory_in(folder)
    before = tree(folder)
    for _ in range(2):
        with pytest.raises(Unavailable, match="newer release"):
            memory.browser.overview()
    memory.close()
    assert {name: found for name, found in tree(folder).items() if "sqlite3-" not in name} == before


def garbage(folder: Path) -> None:
    database_of(folder).write_bytes(b"not a database" * 1000)


def gone(folder: Path) -> None:
    database_of(folder).unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [(garbage, "relearn.sqlite3 is damaged, or no SQLite database: put a copy"), (gone, "a database that is not here")],
)
def test_a_database_that_comes_back_is_used_again(
    damage: Callable[[Path], None], words: str, folder: Path, tmp_path: Path, at_once: None
) -> None:
    shutil.copy(database_of(folder), tmp_path / "copy")
    damage(folder)
    memory = memory_in(folder)
    changes = memory.changes()
    for use in (memory.pointer.current, memory.browser.overview, changes.seen):
        with pytest.raises(Unavailable, match=words):
            use()
    assert words in str(memory.database.problem)
    shutil.copy(tmp_path / "copy", database_of(folder))
    assert memory.pointer.current() == "1"
    assert memory.database.problem is None
    assert changes.seen()
    assert publish_tiny(memory, 5) == "4"
    changes.close()
    memory.close()


def test_a_database_that_is_moved_away_is_not_written_any_more(folder: Path, tmp_path: Path, at_once: None) -> None:
    memory = memory_in(folder)
    changes = memory.changes()
    assert (changes.seen(), changes.seen()) == (True, False)
    memory.database.close()  # as nobody may move it while there is a -wal
    changes.close()
    assert changes.seen()
    memory.database.close()
    changes.close()
    database_of(folder).rename(tmp_path / "away")
    with pytest.raises(Unavailable, match="that is not here"):
        memory.dataset.remove(sha_of(0))
    (tmp_path / "away").rename(database_of(folder))
    memory.dataset.remove(sha_of(0))
    memory.close()


def test_a_database_that_was_replaced_is_opened_again(folder: Path, tmp_path: Path) -> None:
    shutil.copy(database_of(folder), tmp_path / "copy")
    memory = memory_in(folder)
    changes = memory.changes()
    changes.seen()
    memory.versions.promote("3", "me", "", "1")
    changes.seen()
    for side in ("-wal", "-shm"):
        database_of(folder).with_name(f"relearn.sqlite3{side}").unlink()
    (tmp_path / "copy").rename(database_of(folder))
    assert changes.seen()
    assert memory.pointer.current() == "1"
    changes.close()
    memory.close()


def test_a_wal_without_its_database_is_kept(folder: Path) -> None:
    crash(folder, "INSERT INTO move VALUES (9, 1, '', 1, 3, 'promoted', 'me', '')")
    database_of(folder).rename(folder / "away")
    memory = memory_in(folder)
    with pytest.raises(Unavailable, match=r"relearn\.sqlite3-wal is there without the database"):
        memory.pointer.current()
    memory.close()
    (folder / "away").rename(database_of(folder))
    memory = memory_in(folder)
    assert memory.pointer.current() == "3"
    memory.close()


def test_no_attempt_follows_another_within_a_second(folder: Path, tmp_path: Path) -> None:
    assert RETRY_SECONDS >= 1
    database_of(folder).rename(tmp_path / "away")
    memory = memory_in(folder)
    with pytest.raises(Unavailable):
        memory.pointer.current()
    (tmp_path / "away").rename(database_of(folder))
    with pytest.raises(Unavailable, match="that is not here"):
        memory.pointer.current()


def old_version(folder: Path, number: int) -> None:
    (folder / f"artifacts/models/digits/{number}").mkdir(parents=True)
    (folder / f"artifacts/models/digits/{number}/manifest.json").write_text("{}")


def new_picture(folder: Path, number: int) -> None:
    path = folder / "data" / picture_path(sha_of(number))
    path.parent.mkdir(parents=True)
    picture(number).save(path)


def refuses(folder: Path) -> bool:
    try:
        missing.refuse(folder / "artifacts", folder / "data")
    except Unavailable:
        return True
    return False


@pytest.mark.parametrize("content", [old_version, new_picture])
def test_what_only_a_database_can_have_known_forbids_a_new_one(
    content: Callable[[Path, int], None], tmp_path: Path
) -> None:
    assert not refuses(tmp_path)
    content(tmp_path, 1)
    assert refuses(tmp_path)
    memory: Memory = memory_in(tmp_path)
    with pytest.raises(Unavailable, match=r"put relearn\.sqlite3 back, name it with RELEARN_DATABASE, or use empty"):
        memory.pointer.current()
    assert not database_of(tmp_path).exists()
    (tmp_path / "artifacts").mkdir(exist_ok=True)
    database_of(tmp_path).touch()  # without tables it is as good as none
    memory = memory_in(tmp_path)
    with pytest.raises(Unavailable, match="that is not here"):
        memory.pointer.current()
    memory.close()


def test_what_somebody_else_put_there_forbids_nothing(tmp_path: Path) -> None:
    (tmp_path / "artifacts/models/digits/1").mkdir(parents=True)  # without a manifest
    (tmp_path / "artifacts/models/digits/notes").mkdir()
    (tmp_path / "data/train/ab").mkdir(parents=True)
    (tmp_path / "data/train/ab/cat.png").touch()
    (tmp_path / f"data/train/ab/{'cd' * 32}.png").touch()
    assert not refuses(tmp_path)


def test_versions_of_the_form_before_are_accounted_for(tmp_path: Path) -> None:
    models = tmp_path / "artifacts/models/digits"
    for number in (1, 2):
        old_version(tmp_path, number)
    (models / "current.json").write_text(json.dumps({"version": "2", "time": ""}))
    assert not refuses(tmp_path)
    (models / "current.json").write_text(json.dumps({"version": "1", "time": ""}))
    assert refuses(tmp_path)
    lines = [json.dumps({"from": "1", "to": "2"}), "cut", json.dumps({"from": "2", "to": "1"})]
    (models / "promotions.jsonl").write_text("\n".join(lines))
    assert not refuses(tmp_path)
    old_version(tmp_path, 3)
    assert refuses(tmp_path)


def test_pictures_of_the_form_before_are_accounted_for(tmp_path: Path) -> None:
    batches = tmp_path / "data/batches"
    batches.mkdir(parents=True)
    for number in (1, 2):
        new_picture(tmp_path, number)
    (batches / "000001.json").write_text(json.dumps({"images": [{"sha256": sha_of(1)}, {"sha256": sha_of(2)}]}))
    (batches / "000002.json").write_text("cut")
    assert not refuses(tmp_path)
    new_picture(tmp_path, 3)
    assert refuses(tmp_path)


def test_a_reader_keeps_no_later_writer_from_writing(folder: Path) -> None:
    """Nor does it after its end, by way of connections that were opened beside it."""
    crash(folder, "INSERT INTO move VALUES (9, 1, '', 1, 3, 'promoted', 'me', '')")
    memory = memory_in(folder)
    with reading_engine(memory.database.url).connect() as connection:
        assert connection.exec_driver_sql("SELECT max(id) FROM move").scalar() == 9
        memory.dataset.remove(sha_of(0))
    memory.dataset.remove(sha_of(1))
    memory.close()


def test_a_reader_drops_no_lock_of_this_process(folder: Path) -> None:
    """Another process that comes and goes would take the database for left, and clear away what lies beside it."""
    memory = memory_in(folder)
    memory.dataset.remove(sha_of(0))
    look = reading_engine(memory.database.url)
    for _ in range(2):
        with look.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM move").scalar() is not None
    leave = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM move'); c.close()"
    subprocess.run([sys.executable, "-c", leave, str(database_of(folder))], check=True)
    assert database_of(folder).with_name("relearn.sqlite3-wal").exists()
    memory.dataset.remove(sha_of(1))
    memory.close()


@pytest.mark.parametrize("side", ["-wal", "-shm"])
def test_what_the_connections_share_must_be_writable(
    folder: Path, side: str, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all would be read-only, for as long as there is one."""
    crash(folder, "INSERT INTO move VALUES (9, 1, '', 1, 3, 'promoted', 'me', '')")
    access = os.access

    def by_a_user(path: Path, mode: int) -> bool:  # root may do anything
        return access(path, mode) and not (mode == os.W_OK and path.name.endswith(side))

    memory = memory_in(folder)
    with monkeypatch.context() as patched:
        patched.setattr("os.access", by_a_user)
        assert memory.pointer.current() == "3"
        with pytest.raises(Unavailable, match=f"relearn.sqlite3{side} is read-only"):
            memory.dataset.remove(sha_of(0))
    memory.dataset.remove(sha_of(0))
    memory.close()


def test_a_reader_can_write_nothing(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    memory.browser.overview()
    with (
        reading_engine(memory.database.url).connect() as connection,
        pytest.raises(SQLAlchemyError, match="readonly"),
    ):
        connection.exec_driver_sql("CREATE TEMP TABLE mine (a)")
    memory.close()
