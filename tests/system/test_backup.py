"""A service is backed up while it is used, and goes on elsewhere with the same answers; half of it does not."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny

BASELINE = ROOT / "artifacts/baseline"
ASKED = (
    *("/dataset", "/dataset/images?state=any", "/dataset/batches", "/classes", "/models", "/models/1", "/models/2"),
    *("/models/1/images", "/retrain/jobs", "/retrain/jobs/1", "/samples?state=any"),
    *("/m", "/m/pets/classes", "/m/pets/dataset/images"),
)
# A restore that is killed when it has written its first files, as they are durable.
KILLED = """
import os, signal, sys
from server.store import files
write_many = files.write_many
def write_and_die(contents):
    write_many(contents)
    os.kill(os.getpid(), signal.SIGKILL)
files.write_many = write_and_die
from server.__main__ import main
main()
"""


def relearn(folder: Path, *words: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(LiveServer.python), *(("-c", code) if code else ("-m", "server")), *words]
    flags = ["--artifacts", str(folder / "artifacts"), "--data", str(folder / "data"), "--baseline", str(BASELINE)]
    return subprocess.run([*command, *flags], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Iterator[tuple[LiveServer, Path, list[int]]]:
    """A server, a backup of it that was made while it stored and moved, and the statuses of what it was asked then."""
    folder = tmp_path_factory.mktemp("kept")
    with LiveServer(folder) as server:
        memory = memory_in(folder, baseline=BASELINE)
        for seed in range(2):
            publish_tiny(memory, seed)
        memory.close()
        assert server.post("/m", json={"name": "pets", "classes": ["cat", "dog"]}).status_code == 201
        form = {"files": [("files", ("a.png", digits.png(700), "image/png"))], "data": {"labels": "cat"}}
        assert server.post("/m/pets/upload", **form).status_code == 201
        asked, done = list[int](), threading.Event()

        def use() -> None:
            number = 0
            while not done.is_set():
                number += 1
                stored = server.upload([(f"{each}.png", digits.png(each)) for each in (number, number + 1)], ["7", "2"])
                asked.append(stored.status_code)
                asked.append(server.post(f"/models/{1 + number % 2}/promote").status_code)
                if number % 3 == 0:
                    asked.append(server.client.delete(f"{server.url}/dataset/batches/{number - 1}").status_code)

        user = threading.Thread(target=use)
        user.start()
        try:
            eventually(lambda: len(asked) > 3, "somebody who uses it")
            made = relearn(folder, "backup", str(folder / "busy.backup"))
        finally:
            done.set()
            user.join()
        assert made.returncode == 0, made.stderr
        assert made.stdout.startswith(f"{folder / 'busy.backup'} has ")
        yield server, folder / "busy.backup", asked


def test_what_is_made_while_it_is_used_is_whole(kept: tuple[LiveServer, Path, list[int]], tmp_path: Path) -> None:
    _, backup, asked = kept
    assert set(asked) <= {200, 201, 202, 404, 409}, asked  # nobody was refused for it
    restored = relearn(tmp_path, "restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    checked = relearn(tmp_path, "check")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.long(seconds=4)
def test_it_goes_on_elsewhere_with_the_same_answers(
    kept: tuple[LiveServer, Path, list[int]], tmp_path: Path, digits: Digits
) -> None:
    server, _, _ = kept
    backup = tmp_path / "quiet.backup"
    assert relearn(server.folder, "backup", str(backup)).returncode == 0
    again = relearn(server.folder, "backup", str(backup))
    assert (again.returncode, again.stderr) == (2, f"error: no backup was made: {backup} is there already\n")
    assert relearn(tmp_path, "restore", str(backup)).returncode == 0
    with LiveServer(tmp_path) as other:
        for path in ASKED:
            assert other.get(path).json() == server.get(path).json(), path
        assert other.get("/dataset/export").content == server.get("/dataset/export").content
        assert other.predict(digits.png(0)).json() == server.predict(digits.png(0)).json()
        over = relearn(tmp_path, "restore", str(backup))
        assert over.returncode == 2
        assert "is there already; restore into an empty place" in over.stderr
        assert other.upload([("new.png", digits.png(900))], ["7"]).status_code == 201
        eventually(lambda: other.get("/health").json()["status"] == "healthy", "a service as any other")


@pytest.mark.long(seconds=3)
def test_a_restore_that_was_killed_is_no_service_until_it_is_done_again(
    kept: tuple[LiveServer, Path, list[int]], tmp_path: Path, digits: Digits
) -> None:
    _, backup, _ = kept
    assert relearn(tmp_path, "restore", str(backup), code=KILLED).returncode == -9
    assert list((tmp_path / "data").rglob("*.png"))
    with LiveServer(tmp_path) as server:
        eventually(
            lambda: "has not come to its end" in " ".join(server.get("/health").json()["problems"]), "what is wrong"
        )
        assert server.get("/health").json()["status"] == "degraded"
        assert server.upload([("a.png", digits.png(0))], ["7"]).status_code == 503
        checked = relearn(tmp_path, "check")
        assert checked.returncode == 1
        assert "has not come to its end" in checked.stdout
        assert relearn(tmp_path, "restore", str(backup)).returncode == 0
        eventually(lambda: server.get("/health").json()["status"] == "healthy", "the service that was restored")
        assert server.get("/dataset").json()["count"]
    assert relearn(tmp_path, "check").returncode == 0


def test_a_command_line_without_a_file_says_how_it_is_used(tmp_path: Path) -> None:
    for command in ("backup", "restore"):
        told = subprocess.run(
            [sys.executable, "-m", "server", command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (told.returncode, told.stdout) == (2, "")
        assert f"usage: python -m server {command} FILE" in told.stderr
