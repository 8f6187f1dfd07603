"""Versions that would take a server down are refused by one that serves: its loop is free, its memory where it was."""

import re
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest

from export.publish import publish
from server.store.memory import Memory
from tests.digits import Digits
from tests.faults.stage import eventually, workers_of
from tests.harmful import HARMFUL, multiplied
from tests.live import PLAIN, ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny, tiny_candidate

LIMITS = ("--load-limit-seconds", "2", "--load-limit-bytes", str(256 * 2**20))
GROWTH_BYTES = 60 * 2**20  # a load beyond its limit takes more
STALL_SECONDS = 20.0  # a bound for a busy machine; the large products on the loop take thirty


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Memory]]:
    folder = tmp_path_factory.mktemp("first")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory)
    with LiveServer(folder, *LIMITS) as server:
        yield server, memory
    memory.close()


COSTLY = ("large matrix products", "a huge initialiser")


class Watch(ABC):
    """Looks at something again and again beside a test."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @abstractmethod
    def look(self) -> None: ...

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self.look()


class Pulse(Watch):
    """Asks /livez, and keeps the longest that an answer took."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__()
        self.longest = 0.0
        self._server = server

    def look(self) -> None:
        started = time.monotonic()
        assert self._server.get("/livez").status_code == 200
        self.longest = max(self.longest, time.monotonic() - started)


def resident_bytes(server: LiveServer) -> int:
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.long(seconds=4)) if kind in COSTLY else kind for kind in HARMFUL]
)
def test_a_harmful_version_is_refused_and_the_old_one_serves_on(
    place: tuple[LiveServer, Memory], digits: Digits, kind: str
) -> None:
    server, memory = place
    make, says = HARMFUL[kind]
    candidate = tiny_candidate(model=make())
    server.predict(digits.png(0))
    before = resident_bytes(server)
    with Pulse(server) as pulse:
        version = publish(memory, candidate, memory.pointer.current(), "a test")
        said = f"could not take over version {version}, still serving 1: its first load"
        eventually(lambda: said in str(server.get("/health").json()["problems"]), "the refusal")
        answer = server.post(f"/models/{version}/promote")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), answer.text
    assert re.search(says, answer.json()["error"]), answer.text
    assert pulse.longest < STALL_SECONDS
    assert resident_bytes(server) - before < GROWTH_BYTES
    assert server.predict(digits.png(0)).json()["model_version"] == "1"
    assert server.post("/models/1/promote").status_code == 200
    assert "Traceback" not in "".join(server.log)


@pytest.mark.long(seconds=7)
def test_a_server_stops_in_the_middle_of_a_first_load(tmp_path: Path) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path, "--load-limit-seconds", "200") as server:
        publish(memory, tiny_candidate(model=multiplied(1000)), "0", "a test")
        child = eventually(lambda: children_of(server.pid), "the child")[0]
        started = time.monotonic()
        assert server.stop() in (0, -signal.SIGTERM)
        assert time.monotonic() - started < 60
        eventually(lambda: not Path(f"/proc/{child}").exists(), "the end of the child")
    memory.close()


@pytest.mark.long(seconds=6)
@pytest.mark.parametrize("kind", ["refused", "good"])
def test_workers_try_a_version_once(tmp_path: Path, kind: str) -> None:
    """While each of them takes it over, and when it is promoted by a call after that."""
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    limit = "1" if kind == "refused" else "50"
    with LiveServer(tmp_path, "--workers", "3", "--load-limit-seconds", limit) as server, Children(server) as children:
        publish(memory, tiny_candidate(model=multiplied(2 if kind == "good" else 1000)), "0", "a test")
        if kind == "good":
            eventually(lambda: set(workers_of(server, 3).values()) == {"1"}, "all workers at 1")
        else:
            eventually(lambda: "could not take over version 1" in " ".join(problems_of(server, 3)), "all refusals")
        answer = server.post("/models/1/promote")
        assert answer.status_code == (200 if kind == "good" else 409), answer.text
    assert len(children.met) == 1
    memory.close()


class Children(Watch):
    """Looks at the children of workers, and keeps whom it met."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__()
        self.met: set[str] = set()
        self._workers = list(workers_of(server, 3))

    def look(self) -> None:
        self.met.update(child for worker in self._workers for child in children_of(worker))


def problems_of(server: LiveServer, number: int) -> list[str]:
    """What each worker says in /health, once all of them have said something."""
    met: dict[int, str] = {}
    for _ in range(10 * number):
        with httpx.Client(base_url=server.url, **PLAIN, timeout=30) as client:
            worker = client.get("/stats").json()["worker"]
            met[worker] = " ".join(client.get("/health").json()["problems"])
    return list(met.values()) if len(met) == number and all(met.values()) else []


def children_of(pid: int) -> list[str]:
    path = Path(f"/proc/{pid}/task")
    return [child for task in path.iterdir() for child in (task / "children").read_text().split()]
