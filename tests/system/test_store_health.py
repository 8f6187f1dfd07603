"""Whatever state the store is in, the server starts and predicts, says what is wrong, and needs no restart once it is
right again."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.digits import Digits
from tests.faults.stage import Stage
from tests.live import ROOT, LiveServer
from tests.small_disk import fill
from tests.tiny import memory_in, publish_tiny

BASELINE = ROOT / "artifacts/baseline"
WAIT_SECONDS = 240.0  # a bound for a slow machine, not an expectation
SCHEMA = "SELECT version_num FROM alembic_version"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Path:
    """Three versions, of which the first is current again, and an upload."""
    folder = tmp_path_factory.mktemp("stored")
    with LiveServer(folder) as server:
        assert server.upload([("a.png", digits.png(0))], ["7"]).status_code == 201
    memory = memory_in(folder, baseline=BASELINE)
    for seed in range(3):
        publish_tiny(memory, seed)
    memory.versions.promote("1", "test", "the others are worse", "3")
    memory.close()
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    shutil.copytree(stored, tmp_path / "store")
    return tmp_path / "store"


def database_of(folder: Path) -> Path:
    return folder / "artifacts/relearn.sqlite3"


def wait_until(server: LiveServer, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What /health says once it says so."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        health: dict[str, Any] = server.get("/health").json()
        if condition(health):
            return health
        assert time.monotonic() < deadline, (health, server.log)
        time.sleep(0.05)


def has_problem(*words: str) -> Callable[[dict[str, Any]], bool]:
    return lambda health: all(word in " ".join(health["problems"]) for word in words)


def assert_predicts(server: LiveServer, digits: Digits, version: str) -> None:
    answer = server.predict(digits.png(0))
    assert (answer.status_code, answer.json()["model_version"]) == (200, version)
    assert server.get("/readyz").status_code == 200
    health = server.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")


def assert_nothing_is_stored(server: LiveServer, digits: Digits, code: str = "store_unavailable") -> None:
    answer = server.upload([("b.png", digits.png(1))], ["2"])
    assert (answer.status_code, answer.json()["code"]) == (503, code)


def assert_recovers(server: LiveServer, digits: Digits) -> None:
    """All works again, in the same process."""
    process = server.pid
    wait_until(server, lambda health: (health["status"], health["model_version"]) == ("healthy", "1"))
    assert server.upload([("b.png", digits.png(1))], ["2"]).status_code == 201
    assert server.get("/dataset").json()["count"] == 2
    assert server.post("/models/2/promote").status_code == 200
    assert server.predict(digits.png(0)).json()["model_version"] == "2"
    assert server.pid == process


def test_a_garbage_database(folder: Path, digits: Digits) -> None:
    database = database_of(folder)
    copy = database.rename(folder / "copy")
    database.write_bytes(b"not a database" * 1000)
    with LiveServer(folder) as server:
        assert_predicts(server, digits, "3")  # the newest: nobody can know which was current
        wait_until(server, has_problem("relearn.sqlite3 is damaged", "may not be the current version"))
        assert_nothing_is_stored(server, digits)
        assert server.get("/dataset").status_code == 503
        assert any("is damaged" in line for line in server.log)
        copy.replace(database)
        assert_recovers(server, digits)


def test_a_database_of_a_newer_release(folder: Path, digits: Digits) -> None:
    connection = sqlite3.connect(database_of(folder), isolation_level=None)
    (ours,) = connection.execute(SCHEMA).fetchone()
    connection.execute("UPDATE alembic_version SET version_num = '0999'")
    with LiveServer(folder) as server:
        assert_predicts(server, digits, "1")
        wait_until(server, has_problem("of a newer release (its schema is 0999", "what serves goes on serving"))
        assert_nothing_is_stored(server, digits)
        connection.execute("UPDATE alembic_version SET version_num = ?", (ours,))
        assert_recovers(server, digits)
    connection.close()


@pytest.mark.parametrize("keeps_readers_out", [False, True])
def test_a_locked_database(folder: Path, digits: Digits, keeps_readers_out: bool) -> None:
    stage = Stage(folder / "stage")
    stage.tell("database-wait-seconds", "1")  # for each of the calls that wait in vain
    holder = sqlite3.connect(database_of(folder), isolation_level=None)
    if keeps_readers_out:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with LiveServer(folder, environment=stage.environment) as server:
        if keeps_readers_out:
            wait_until(server, has_problem("the database is locked by another program"))
        else:
            wait_until(server, has_problem("note what it serves"))
            assert server.get("/dataset").json()["count"] == 1
        assert_predicts(server, digits, "1")
        assert_nothing_is_stored(server, digits, "store_unavailable" if keeps_readers_out else "busy")
        holder.execute("COMMIT")
        holder.close()
        assert_recovers(server, digits)


def test_a_missing_database_is_not_made_anew(folder: Path, digits: Digits) -> None:
    database = database_of(folder)
    copy = database.rename(folder / "copy")
    with LiveServer(folder) as server:
        assert_predicts(server, digits, "3")
        wait_until(server, has_problem("of a database that is not here", "may not be the current version"))
        assert_nothing_is_stored(server, digits)
        assert server.get("/models").status_code == 503
        assert not database.exists()
        copy.rename(database)
        assert_recovers(server, digits)


def test_a_database_that_goes_and_comes_back(folder: Path, digits: Digits) -> None:
    database, away = database_of(folder), folder / "away"
    with LiveServer(folder) as server:
        wait_until(server, lambda health: health["status"] == "healthy")
        away.mkdir()
        for path in folder.glob("artifacts/relearn.sqlite3*"):
            path.rename(away / path.name)
        wait_until(server, has_problem("of a database that is not here", "what serves goes on serving"))
        assert_predicts(server, digits, "1")
        assert_nothing_is_stored(server, digits)
        assert not database.exists()
        for path in away.iterdir():
            path.rename(database.with_name(path.name))
        assert_recovers(server, digits)


@contextlib.contextmanager
def mounted(*commands: list[str]) -> Iterator[None]:
    """With a mount at the last argument of each command."""
    if os.getuid() != 0 or any(subprocess.run(each, check=False, capture_output=True).returncode for each in commands):
        pytest.skip("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", commands[-1][-1]], check=True)


def test_a_read_only_disk(folder: Path, digits: Digits) -> None:
    place = folder.with_name("read-only")
    place.mkdir()
    bind, protect = ["mount", "--bind", str(folder), str(place)], ["mount", "-o", "remount,ro,bind", str(place)]
    with mounted(bind, protect), LiveServer(place) as server:
        assert_predicts(server, digits, "1")
        wait_until(server, has_problem("can be read, but not written", "read-only"))
        assert server.get("/dataset").json()["count"] == 1
        assert server.get("/models").json()["current"] == "1"
        assert server.get("/retrain/jobs").json()["jobs"] == []
        assert server.get("/dataset/images").json()["images"][0]["label"] == "7"
        assert_nothing_is_stored(server, digits)
        assert server.post("/retrain").status_code == 503
        assert server.post("/models/2/promote").status_code == 503
        subprocess.run(["mount", "-o", "remount,rw,bind", str(place)], check=True)
        assert_recovers(server, digits)
        server.stop()


def test_a_full_disk(folder: Path, digits: Digits) -> None:
    place = folder.with_name("disk")
    place.mkdir()
    with mounted(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]):
        shutil.copytree(folder, place, dirs_exist_ok=True)
        fill(place / "filler")
        with LiveServer(place) as server:
            assert_predicts(server, digits, "1")
            wait_until(server, lambda health: bool(health["problems"]))
            answer = server.upload([("b.png", digits.png(1))], ["2"])
            assert answer.status_code in (503, 507)
            assert server.get("/dataset").json()["count"] == 1
            (place / "filler").unlink()
            assert_recovers(server, digits)


def test_content_that_is_lost_is_said_and_can_be_uploaded_again(folder: Path, digits: Digits) -> None:
    (picture,) = folder.glob("data/*/*/*.png")
    picture.unlink()
    (folder / "artifacts/models/digits/2/manifest.json").rename(folder / "manifest.json")
    with LiveServer(folder) as server:
        health = wait_until(server, lambda health: len(health["problems"]) == 2)
        assert health["status"] == "degraded"
        assert health["problems"][0].startswith("files of version 2 are lost or cut")
        assert health["problems"][1].startswith(f"the file of 1 image is lost, such as {picture.stem}: upload it again")
        assert server.upload([("a.png", digits.png(0))], ["7"]).status_code == 201
        (folder / "manifest.json").rename(folder / "artifacts/models/digits/2/manifest.json")
        wait_until(server, lambda health: health["status"] == "healthy")
    assert picture.is_file()


def test_a_check_beside_a_running_server_finds_nothing(folder: Path, digits: Digits) -> None:
    with LiveServer(folder) as server:
        for number in range(1, 4):
            assert server.upload([(f"{number}.png", digits.png(number))], ["2"]).status_code == 201
        command = [str(server.python), "-m", "server", "check", "--baseline", str(BASELINE)]
        command += ["--artifacts", str(server.artifacts), "--data", str(server.data)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("nothing is wrong; looked at ")
        assert server.get("/health").json()["status"] == "healthy"
