"""A backup has all facts and files of one moment, whatever goes on; what is restored is that, or nothing."""

import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, select, text

from server.store.backup import facts
from server.store.backup.form import FACTS, INDEX, BackupError
from server.store.backup.make import Backup
from server.store.backup.restore import Restore
from server.store.engine import url_of
from server.store.errors import Unavailable
from server.store.memory import Memory
from server.store.tables import metadata
from tests.faults.breaking import Faults, Killed, breakable
from tests.faults.places import Place
from tests.opener import Opener
from tests.postgres import Cluster
from tests.server.store.filled import fill, sha_of
from tests.server.store.memories import labelled
from tests.tiny import memory_in, publish_tiny

VOLATILE = {"worker", "pending"}


def backup_of(folder: Path, target: Path, database: str = "") -> tuple[int, list[str]]:
    index, lost = Backup(url_of(database, folder / "artifacts"), roots(folder), lambda *_: None).write(target)
    return len(index.files), lost


def restore_to(folder: Path, source: Path, database: str = "") -> None:
    Restore(url_of(database, folder / "artifacts"), roots(folder), lambda *_: None).read(source)


def roots(folder: Path) -> dict[str, Path]:
    return {"data": (folder / "data").resolve(), "artifacts": (folder / "artifacts").resolve()}


def rows(memory: Memory) -> dict[str, Any]:
    """All facts, but for what only processes know."""
    with memory.database.read() as connection:
        return {
            table.name: sorted(map(str, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
            if table.name not in VOLATILE
        }


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the database's own."""
    place = Place(folder, "")
    return {name: (folder / name).read_bytes() for name in place.files() if "relearn.sqlite3" not in name}


def next_numbers(connection: Connection) -> dict[str, int]:
    names = [table.name for table in metadata.sorted_tables if "id" in table.c and table.name not in VOLATILE]
    return {name: facts._last_number(connection, metadata.tables[name]) for name in names}


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database to restore into, which has no tables."""
    if request.param == "sqlite":
        yield ""
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = cluster.create()
    yield cluster.url(name).render_as_string(hide_password=False)
    cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_what_is_restored_is_what_was_there_in_either_database(
    opener: Opener, database: str, other: str, tmp_path: Path
) -> None:
    memory = opener()
    fill(memory)
    job = memory.jobs.create({}, "a test", {}).job
    memory.workers.join("1")
    number, lost = backup_of(tmp_path, tmp_path / "all.backup", database)
    assert lost == []
    there = tmp_path / "there"
    restore_to(there, tmp_path / "all.backup", other)
    memory.jobs.fail(job, facts.STOPPED)  # as the backup has it: no trainer came along
    restored = memory_in(there, database=other)
    assert rows(restored) == rows(memory)
    assert len(contents(there)) == number
    assert contents(there) == {name: (tmp_path / name).read_bytes() for name in contents(there)}
    with memory.database.read() as before, restored.database.read() as after:
        assert next_numbers(after) == next_numbers(before)
        assert [after.execute(select(metadata.tables[name])).all() for name in VOLATILE] == [[], []]
    restored.close()
    assert Place(there, other).findings() == []


def test_a_number_that_was_used_is_not_used_again(opener: Opener, database: str, other: str, tmp_path: Path) -> None:
    memory = opener()
    memory.dataset.add([labelled(1)], "upload")
    memory.dataset.add([labelled(2)], "upload")
    memory.dataset.remove(sha_of(2))
    backup_of(tmp_path, tmp_path / "all.backup", database)
    restore_to(tmp_path / "there", tmp_path / "all.backup", other)
    restored = memory_in(tmp_path / "there", database=other)
    restored.dataset.add([labelled(3)], "upload")
    query = text("SELECT max(id) FROM image")
    with restored.database.read() as connection:
        assert connection.execute(query).scalar() == 3
    restored.close()


def test_what_goes_on_meanwhile_is_in_it_whole_or_not_at_all(opener: Opener, database: str, tmp_path: Path) -> None:
    memory = opener()
    fill(memory)
    done = threading.Event()
    failed: list[BaseException] = []

    def change() -> None:
        mine, number = opener(), 100
        try:
            while not done.is_set():
                made = mine.dataset.add([labelled(each) for each in range(number, number + 8)], "upload")
                mine.versions.promote(publish_tiny(mine, number), "a test", "", mine.pointer.current())
                mine.dataset.remove_batch(str(made.batch))
                mine.versions.prune(1)
                number += 8
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            failed.append(error)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for number in range(3):
            _, lost = backup_of(tmp_path, tmp_path / f"{number}.backup", database)
            assert lost == []
    finally:
        done.set()
        changing.join()
    assert not failed
    for number in range(3):
        restore_to(tmp_path / str(number), tmp_path / f"{number}.backup")
        assert Place(tmp_path / str(number), "").findings() == []


def test_a_file_that_goes_meanwhile_is_not_missed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = memory_in(folder)
    take, taken = facts.take, list[None]()

    def take_and_remove(*arguments: Any) -> None:
        take(*arguments)
        taken.append(None)
        if len(taken) == 1:
            memory.dataset.remove(sha_of(5))
            memory.dataset.add([labelled(50)], "upload")

    monkeypatch.setattr(facts, "take", take_and_remove)
    assert backup_of(folder, tmp_path / "all.backup")[1] == []
    assert len(taken) == 2
    restore_to(tmp_path / "there", tmp_path / "all.backup")
    restored = memory_in(tmp_path / "there")
    assert rows(restored) == rows(memory)
    restored.close()
    memory.close()
    assert Place(tmp_path / "there", "").findings() == []


def test_what_was_lost_before_is_said_and_the_rest_is_in_it(folder: Path, tmp_path: Path) -> None:
    sha256 = sha_of(6)
    (path,) = folder.glob(f"data/*/{sha256[:2]}/{sha256}.png")
    path.unlink()
    number, lost = backup_of(folder, tmp_path / "all.backup")
    assert lost == [f"{path.relative_to(folder)} can't be read: No such file or directory"]
    restore_to(tmp_path / "there", tmp_path / "all.backup")
    assert len(contents(tmp_path / "there")) == number
    (finding,) = Place(tmp_path / "there", "").findings()
    assert sha256 in finding


def test_a_backup_that_fails_leaves_nothing_and_none_is_written_over(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.backup"
    target.write_bytes(b"another's")
    with pytest.raises(BackupError, match="is there already"):
        backup_of(folder, target)
    assert target.read_bytes() == b"another's"
    target.unlink()
    (folder / "artifacts/relearn.sqlite3").write_bytes(b"not a database" * 1000)
    with pytest.raises(BackupError, match="not a database"):
        backup_of(folder, target)
    with pytest.raises(BackupError, match="can't be read"):
        backup_of(tmp_path / "nothing", target)
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


@pytest.fixture(scope="module")
def made(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a store with something of everything."""
    target = tmp_path_factory.mktemp("made") / "all.backup"
    backup_of(whole, target)
    return target


@pytest.mark.parametrize(
    "occupy",
    [
        lambda there: fill(memory_in(there)),
        lambda there: (there / "artifacts/relearn.sqlite3-wal").write_bytes(b""),
        lambda there: (there / "data/train/ab").mkdir(parents=True),
        lambda there: (there / "artifacts/models/digits/1").mkdir(parents=True),
    ],
)
def test_nothing_is_restored_over_anything(made: Path, tmp_path: Path, occupy: Callable[[Path], object]) -> None:
    (tmp_path / "artifacts").mkdir()
    occupy(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BackupError, match="an empty place"):
        restore_to(tmp_path, made)
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_restored_into_a_database_with_tables(made: Path, tmp_path: Path, postgres: Cluster) -> None:
    name = postgres.take()
    with pytest.raises(BackupError, match="an empty one"):
        restore_to(tmp_path, made, postgres.url(name).render_as_string(hide_password=False))
    postgres.give_back(name)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["artifacts/models/digits/1/model.onnx", FACTS, INDEX])
def test_a_byte_that_changed_is_noticed_before_anything_is_written(made: Path, tmp_path: Path, name: str) -> None:
    data = bytearray(made.read_bytes())
    with zipfile.ZipFile(made) as backup:
        info = backup.getinfo(name)
    data[info.header_offset + 100 + info.compress_size // 2] ^= 0x41
    (tmp_path / "all.backup").write_bytes(data)
    with pytest.raises(BackupError, match="damaged"):
        restore_to(tmp_path / "there", tmp_path / "all.backup")
    assert not (tmp_path / "there").exists()


def test_bytes_that_changed_anywhere_are_noticed_or_count_for_nothing(made: Path, whole: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for number in range(16):
        data = bytearray(made.read_bytes())
        data[random.integers(len(data))] ^= 1 << random.integers(8)
        (tmp_path / "all.backup").write_bytes(data)
        there = tmp_path / str(number)
        try:
            restore_to(there, tmp_path / "all.backup")
        except BackupError:
            assert not there.exists()
        else:
            assert contents(there) == {name: (whole / name).read_bytes() for name in contents(there)}
            assert Place(there, "").findings() == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_half_a_backup_is_none(made: Path, tmp_path: Path, share: float) -> None:
    data = made.read_bytes()
    (tmp_path / "all.backup").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BackupError, match="no backup"):
        restore_to(tmp_path / "there", tmp_path / "all.backup")
    assert not (tmp_path / "there").exists()


def altered(made: Path, target: Path, change: Callable[[bytes], bytes], *without: str) -> Path:
    """A backup with another list, and perhaps without some files."""
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            if name not in without:
                data = before.read(name)
                after.writestr(name, change(data) if name == INDEX else data)
    return target


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.replace(b'"schema": "0', b'"schema": "9'), "which is newer"),
        (lambda data: data.replace(b'"form": 1', b'"form": 2'), "form is 2"),
        (lambda data: data.replace(b"artifacts/candidates/1", b"artifacts/candidates/.."), "none of a store"),
        (lambda data: data.replace(b"artifacts/candidates/1", b"artifacts/../../../1"), "none of a store"),
        (lambda data: data.replace(b"{", b"[", 1), "can't be read"),
        (lambda data: data.replace(b'"files"', b'"flies"'), "can't be read"),
    ],
)
def test_a_list_that_is_not_ours_is_refused(
    made: Path, tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    with pytest.raises(BackupError, match=words):
        restore_to(tmp_path / "there", altered(made, tmp_path / "all.backup", change))
    assert not (tmp_path / "there").exists()


def test_a_backup_without_one_of_its_files_is_damaged(made: Path, tmp_path: Path) -> None:
    for name in (FACTS, "artifacts/models/digits/1/model.onnx"):
        with pytest.raises(BackupError, match=f"{name} is missing"):
            restore_to(tmp_path / "there", altered(made, tmp_path / "all.backup", lambda data: data, name))
    with pytest.raises(BackupError, match="it is no backup"):
        restore_to(tmp_path / "there", altered(made, tmp_path / "all.backup", lambda data: data, INDEX))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.9, 0.95, 0.99])
def test_who_is_stopped_leaves_nothing_that_opens_as_if_whole(made: Path, tmp_path: Path, share: float) -> None:
    with breakable() as faults:
        restore_to(tmp_path / "reference", made)
    reference = memory_in(tmp_path / "reference")
    there = tmp_path / "there"
    with breakable(Faults()) as faults_now:
        faults_now.arm(int(len(faults.steps) * share), "kill")
        with pytest.raises(Killed):
            restore_to(there, made)
    database = there / "artifacts/relearn.sqlite3"
    was_there = database.exists()
    opened = memory_in(there)
    if was_there:
        assert rows(opened) == rows(reference)
        assert contents(there).keys() - {"artifacts/.restoring"} == contents(tmp_path / "reference").keys()
    elif (there / "artifacts/.restoring").exists():
        with pytest.raises(Unavailable, match="a restore into artifacts has not come to its end"):
            opened.browser.overview()
        restore_to(there, made)
        opened.close()
        opened = memory_in(there)
        assert rows(opened) == rows(reference)
        assert contents(there) == contents(tmp_path / "reference")
    else:
        assert contents(there) == {}
    opened.close()
    reference.close()
