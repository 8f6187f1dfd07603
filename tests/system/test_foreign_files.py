"""Somebody who can write to the artifacts folder lays links, pipes and sockets there: nothing is served through them.

Each call is answered, and so is one beside it: no thread waits for a pipe that nobody writes.
"""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from export.publish import publish, with_file
from server.store.content import job_path
from server.store.memory import Memory
from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, tiny_candidate

SECRET = b"a secret of somebody else's"
AT_ONCE = 12  # calls: three for each thread that does a worker's slow work
SECONDS = 20.0  # a bound for a slow machine; a thread that waits for a pipe waits for ever


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Memory]]:
    folder = tmp_path_factory.mktemp("foreign")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    candidate = with_file(tiny_candidate(), "report/report.html", b"<h1>all figures</h1>")
    publish(memory, candidate, "0", "a test")
    (folder / "secret").write_bytes(SECRET)
    (folder / "elsewhere").mkdir()
    for file in ("report.html", "report.json"):
        (folder / "elsewhere" / file).write_bytes(SECRET)
    with LiveServer(folder) as server:
        yield server, memory
    memory.close()


def symlink(path: Path, root: Path) -> None:
    path.symlink_to(root / "secret")


def hard_link(path: Path, root: Path) -> None:
    os.link(root / "secret", path)


def pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def device(path: Path, _: Path) -> None:
    path.symlink_to("/dev/zero")


def linked_folder(path: Path, root: Path) -> None:
    path.symlink_to(root / "elsewhere", target_is_directory=True)


Harm = Callable[[Path, Path], None]
HARMS: list[Harm] = [symlink, hard_link, pipe, unix_socket, device]


def answers(server: LiveServer, path: str) -> list[tuple[int, bytes]]:
    def ask(_: int) -> tuple[int, bytes]:
        answer = server.get(path, timeout=SECONDS)
        return answer.status_code, answer.content

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, range(AT_ONCE)))


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize(
    ("file", "path", "statuses"),
    [
        ("report/report.html", "/models/1/report/report.html", {409}),
        ("report/report.json", "/models/1/report/report.json", {409}),
        ("report/report.json", "/models/1", {200}),
        ("manifest.json", "/models/1", {409}),
        ("manifest.json", "/models", {200}),
    ],
)
def test_a_foreign_file_in_a_version_is_neither_served_nor_waited_for(
    place: tuple[LiveServer, Memory], digits: Digits, harm: Harm, file: str, path: str, statuses: set[int]
) -> None:
    server, memory = place
    victim = memory.versions.folder("1") / file
    aside = victim.with_name("aside")
    victim.rename(aside)
    try:
        harm(victim, server.folder)
        found = answers(server, path)
        assert {status for status, _ in found} == statuses, found[0]
        assert not any(SECRET in body for _, body in found)
        assert server.predict(digits.png(0)).json()["model_version"] == "1"
    finally:
        aside.replace(victim)
    assert {status for status, _ in answers(server, path)} == {200}


@pytest.mark.parametrize("depth", ["report", ".", "..", "../.."])
def test_a_folder_that_is_a_link_is_not_followed(place: tuple[LiveServer, Memory], depth: str) -> None:
    server, memory = place
    version = memory.versions.folder("1")
    victim = Path(os.path.normpath(version / depth))
    aside = server.folder / "aside"
    victim.rename(aside)
    try:
        victim.symlink_to(aside, target_is_directory=True)
        assert (version / "report/report.html").is_file()
        status, body = answers(server, "/models/1/report/report.html")[0]
        assert (status, b"figures" in body) == (409, False)
    finally:
        victim.unlink()
        aside.rename(victim)
    assert answers(server, "/models/1/report/report.html")[0] == (200, b"<h1>all figures</h1>")


def test_an_artifacts_folder_that_is_itself_a_link_serves(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "artifacts").symlink_to("disk")
    memory = memory_in(tmp_path)
    publish(memory, with_file(tiny_candidate(), "report/report.html", b"figures"), None, "a test")
    with LiveServer(tmp_path) as server:
        assert server.get("/health").json()["model_version"] == "1"
        assert server.get("/models/1/report/report.html").content == b"figures"
    memory.close()


@pytest.mark.parametrize("harm", HARMS)
def test_a_foreign_file_for_a_jobs_log_is_neither_served_nor_waited_for(
    place: tuple[LiveServer, Memory], harm: Harm
) -> None:
    server, memory = place
    job = memory.jobs.create({}, "a test", {}).job
    memory.jobs.fail(job, "a test")
    folder = memory.content.path("artifacts", job_path(job))
    folder.mkdir(parents=True)
    harm(folder / "trainer.log", server.folder)
    found = answers(server, f"/retrain/jobs/{job}/log")
    assert {status for status, _ in found} == {500}
    assert not any(SECRET in body for _, body in found)


@pytest.mark.parametrize("harm", HARMS)
def test_a_runner_that_can_not_be_given_its_log_is_said_and_holds_nobody_up(
    place: tuple[LiveServer, Memory], digits: Digits, harm: Harm
) -> None:
    server, memory = place
    job = str(int(memory.jobs.page(1)[0].job) + 1) if memory.jobs.page(1) else "1"
    folder = memory.content.path("artifacts", job_path(job))
    folder.mkdir(parents=True, exist_ok=True)
    harm(folder / "runner.log", server.folder)
    answer = server.post("/retrain", json={"force": True}, timeout=SECONDS)
    assert answer.status_code == 500, answer.text
    assert "could not be started" in answer.json()["error"]
    assert (server.folder / "secret").read_bytes() == SECRET
    assert server.predict(digits.png(0)).status_code == 200


@pytest.mark.parametrize("harm", [symlink, pipe, device])  # a socket's path has 107 bytes at most
def test_a_foreign_file_for_a_picture_is_neither_served_nor_waited_for(
    place: tuple[LiveServer, Memory], digits: Digits, harm: Harm
) -> None:
    server, _ = place
    server.upload([("a.png", digits.png(3))], ["0"], source="correction")
    (victim,) = (server.folder / "data").glob("t*/*/*.png")
    whole = server.get(f"/dataset/images/{victim.stem}")
    assert (whole.status_code, whole.content) == (200, victim.read_bytes())
    again = server.get(f"/dataset/images/{victim.stem}", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    aside = victim.with_name("aside")
    victim.rename(aside)
    try:
        harm(victim, server.folder)
        found = answers(server, f"/dataset/images/{victim.stem}")
        assert {status for status, _ in found} == {500}
        assert not any(SECRET in body for _, body in found)
    finally:
        aside.replace(victim)


def test_a_manifest_that_names_files_elsewhere_is_refused(place: tuple[LiveServer, Memory]) -> None:
    server, memory = place
    path = memory.versions.folder("1") / "manifest.json"
    whole, manifest = path.read_bytes(), memory.versions.manifest("1")
    try:
        path.write_bytes(replace(manifest, files=manifest.files | {"../../../../secret": ("0" * 64, 1)}).to_json())
        answer = server.post("/models/1/promote")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    finally:
        path.write_bytes(whole)
