"""A version that can't be loaded: tried again where it may come right, said in /health, and never the watch's end."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from server.store.memory import Memory
from tests.digits import Digits
from tests.faults.stage import Stage, eventually, workers_of
from tests.live import PLAIN, ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny


class Pair:
    """Two workers, and the memory through which the pointer is moved as from the command line: nobody looks first."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.server = LiveServer(folder, "--workers", "2", environment=environment)
        self.memory: Memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
        self.broken = publish_tiny(self.memory, 1)
        self.folder = self.memory.versions.folder(self.broken)
        self.good = publish_tiny(self.memory, 2)

    def move(self, version: str) -> None:
        self.memory.versions.promote(version, "a test", "", self.memory.pointer.current())

    def wait_until_all_serve(self, version: str) -> None:
        eventually(lambda: set(workers_of(self.server).values()) == {version}, f"all workers at {version}")

    def problems(self) -> str:
        return " ".join(httpx.get(self.server.url + "/health", **PLAIN, timeout=30).json()["problems"])

    def wait_until_said(self, words: str) -> None:
        eventually(lambda: words in self.problems(), f"{words!r} in /health")

    def wait_until_healthy(self) -> None:
        for _ in range(5):  # whichever worker is asked
            eventually(lambda: not self.problems(), "the end of all problems")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("loads"))
    with made.server:
        yield made
    made.memory.close()


@pytest.fixture
def pair(started: Pair) -> Pair:
    """Both serve the good one, whatever became of the test before."""
    if started.memory.pointer.current() != started.good:
        started.move(started.good)
    started.wait_until_all_serve(started.good)  # the server is ready with its first worker
    return started


def away(path: Path) -> None:
    path.rename(path.with_name("aside"))


def folder(path: Path) -> None:
    away(path)
    path.mkdir()


def pipe(path: Path) -> None:
    away(path)
    os.mkfifo(path)


def cut(path: Path) -> None:
    away(path)
    path.write_bytes(path.with_name("aside").read_bytes()[:100])


def come_back(path: Path) -> None:
    """As it was before one of the above."""
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.with_name("aside").rename(path)


@pytest.mark.parametrize(
    ("file", "harm"),
    [*(("model.onnx", harm) for harm in (away, folder, pipe, cut)), ("manifest.json", pipe), ("golden.npz", away)],
)
def test_a_load_that_failed_passingly_is_tried_again_without_another_move(
    pair: Pair, file: str, harm: Callable[[Path], None]
) -> None:
    path = pair.folder / file
    harm(path)
    try:
        pair.move(pair.broken)
        pair.wait_until_said(f"could not take over version {pair.broken}, still serving {pair.good}")
        assert set(workers_of(pair.server).values()) == {pair.good}
        moves = len(pair.memory.pointer.moves(1000))
    finally:
        come_back(path)
    pair.wait_until_all_serve(pair.broken)
    pair.wait_until_healthy()
    assert len(pair.memory.pointer.moves(1000)) == moves
    pair.move(pair.good)
    pair.wait_until_all_serve(pair.good)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**30)


def changed(**changes: object) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        content = json.loads(path.read_bytes())
        path.write_text(json.dumps(content | changes))

    return harm


def replaced(text: str) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        path.write_text(text)

    return harm


MANIFESTS: dict[str, Callable[[Path], None]] = {
    "a list": replaced("[1, 2]"),
    "a number": replaced("7"),
    "deeper than any parser goes": replaced("[" * 100_000),
    "of a gigabyte": sparse,
    "with outputs in lists": changed(outputs=[["probabilities"]]),
    "with outputs of numbers": changed(outputs=5),
    "with an infinite opset": changed(opset=float("inf")),
    "with an infinite size": changed(files={"model.onnx": {"sha256": "0" * 64, "bytes": float("inf")}}),
    "with a negative size": changed(files={"model.onnx": {"sha256": "0" * 64, "bytes": -7}}),
    "with labels in lists": changed(labels=[["a"], ["b"]]),
    "with a mode that is a list": changed(preprocessing={"mode": [], "height": 28, "width": 28, "channels": 1}),
    "with text for a side": changed(preprocessing={"mode": "digit", "height": "28", "width": 28, "channels": 1}),
    "with half a surrogate for a label": replaced('{"schema": 1, "labels": ["\\ud800"]}'),
    "with no schema that is known": changed(schema={"a": 1}),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_whatever_stands_in_a_manifest_is_said_and_the_next_promotion_is_taken_over(pair: Pair, kind: str) -> None:
    path = pair.folder / "manifest.json"
    whole, said = path.read_bytes(), len(pair.server.log)
    MANIFESTS[kind](path)
    try:
        pair.move(pair.broken)
        pair.wait_until_said(f"could not take over version {pair.broken}, still serving {pair.good}")
        assert set(workers_of(pair.server).values()) == {pair.good}
        answer = pair.server.post(f"/models/{pair.broken}/promote")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), answer.text
        assert pair.server.get("/models").status_code == 200
        assert pair.server.get(f"/models/{pair.broken}").status_code in (200, 409)
    finally:
        path.write_bytes(whole)
    answer = pair.server.post(f"/models/{pair.good}/promote")
    assert answer.status_code == 200, answer.text
    pair.wait_until_healthy()
    assert "Traceback" not in "".join(pair.server.log[said:])


@pytest.mark.parametrize("kind", ["deeper than any parser goes", "with outputs in lists"])
def test_a_start_looks_past_a_manifest_that_makes_no_sense(tmp_path: Path, digits: Digits, kind: str) -> None:
    memory = memory_in(tmp_path)
    publish_tiny(memory, 1)
    publish_tiny(memory, 2)
    MANIFESTS[kind](memory.versions.folder("2") / "manifest.json")
    memory.close()
    with LiveServer(tmp_path) as server:
        health = server.get("/health").json()
        assert (health["status"], health["model_version"]) == ("degraded", "1")
        assert "version 2" in health["problems"][0]
        assert server.predict(digits.png(0)).json()["model_version"] == "1"


def test_a_manifest_that_is_a_folder_costs_no_descriptors(pair: Pair) -> None:
    path = pair.folder / "manifest.json"
    before = open_files(pair)
    folder(path)
    try:
        for _ in range(50):
            assert pair.server.post(f"/models/{pair.broken}/promote").status_code == 409
    finally:
        come_back(path)
    assert open_files(pair) < before + 25


def open_files(pair: Pair) -> int:
    return sum(len(list(Path(f"/proc/{worker}/fd").iterdir())) for worker in workers_of(pair.server))


@pytest.mark.parametrize("place", ["load", "look"])
def test_an_error_that_nobody_foresaw_is_said_and_looked_past(tmp_path: Path, place: str) -> None:
    stage = Stage(tmp_path / "stage")
    pair = Pair(tmp_path, stage.environment)
    with pair.server:
        pair.wait_until_all_serve(pair.good)
        stage.tell("fail", place)
        pair.move(pair.broken)
        pair.wait_until_said("a fault that a test made")
        eventually(lambda: "Traceback" in "".join(pair.server.log), "it in the log")
        assert set(workers_of(pair.server).values()) == {pair.good}
        stage.take_back("fail")
        pair.wait_until_all_serve(pair.broken)
        pair.wait_until_healthy()
    pair.memory.close()
