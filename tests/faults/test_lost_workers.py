"""One worker of two is killed: it is replaced, nobody waits for it, and nothing of it is left."""

import http.client
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select

from server.store import living
from server.store.memory import Memory
from server.store.tables import worker
from tests.digits import Digits
from tests.faults.stage import Stage, eventually, workers_of
from tests.live import PLAIN, ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny


class Crew:
    """Two workers, whose rows can be looked at."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder / "stage")
        self.stage.tell("database-wait-seconds", "3")
        self.server = LiveServer(folder, "--workers", "2", environment=self.stage.environment)
        self.memory: Memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
        for seed in (1, 2):
            publish_tiny(self.memory, seed)

    def rows(self) -> list[int]:
        """The processes that have a row."""
        with self.memory.database.read() as connection:
            return sorted(living.pid_of(name) for name in connection.execute(select(worker.c.living)).scalars())

    def promote_all(self) -> None:
        for version in ("1", "2"):
            answer = eventually(lambda: self.moved(version), "a database that is free")  # noqa: B023 - called here
            assert answer.status_code == 200, answer.text
            assert answer.json()["message"] == f"Version {version} serves"

    def moved(self, version: str) -> httpx.Response | None:
        """Over a connection that no dead worker had; None while another writes, for whom nobody waits long here."""
        answer = httpx.post(f"{self.server.url}/models/{version}/promote", **PLAIN, timeout=120)
        return None if answer.status_code == 503 else answer


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    made = Crew(tmp_path_factory.mktemp("crew"))
    with made.server:
        yield made
    made.memory.close()


class Asking:
    """A client that predicts over one connection to one worker until the block ends."""

    def __init__(self, server: LiveServer, pid: int, png: bytes) -> None:
        self._png = png
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._connection = connection_to(server, pid)
        self.statuses: list[int] = []
        self.error: Exception | None = None

    def __enter__(self) -> "Asking":
        self._thread.start()
        eventually(lambda: self.statuses, "a first answer")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(60)
        self._connection.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._connection.request("POST", "/predict", self._png, {"Content-Type": "image/png"})
                response = self._connection.getresponse()
                response.read()
                self.statuses.append(response.status)
        except (OSError, http.client.HTTPException) as error:
            self.error = error


def connection_to(server: LiveServer, pid: int) -> http.client.HTTPConnection:
    """A connection that a certain worker has taken."""
    found: list[http.client.HTTPConnection] = []

    def connect() -> bool:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        connection.request("GET", "/stats")
        if f'"worker":{pid},'.encode() not in connection.getresponse().read():
            connection.close()
            return False
        found.append(connection)
        return True

    eventually(connect, f"a connection to worker {pid}")
    return found[0]


@pytest.mark.long(seconds=5)
def test_a_worker_that_is_killed_in_an_upload_is_replaced_and_nothing_is_left_of_it(crew: Crew, digits: Digits) -> None:
    files = [("files", (f"{each}.png", digits.png(each), "image/png")) for each in range(500)]
    labels = [str(digits.classes[each]) for each in range(500)]
    lost: list[Exception] = []

    def upload() -> None:
        try:
            data = {"labels": labels, "source": "correction"}
            httpx.post(crew.server.url + "/upload", files=files, data=data, **PLAIN, timeout=60)
        except httpx.TransportError as error:
            lost.append(error)

    before = set(workers_of(crew.server))
    crew.stage.stop_at("writing pictures")
    uploader = threading.Thread(target=upload)
    uploader.start()
    victim = crew.stage.reached()
    (other,) = before - {victim}
    with Asking(crew.server, other, digits.png(0)) as asking:
        os.kill(victim, signal.SIGKILL)
        crew.stage.go()
        uploader.join()
        crew.promote_all()  # whether the new worker is there by now or not
        (new,) = eventually(lambda: set(crew.rows()) - {other, victim}, "a new worker's row")
        eventually(lambda: set(workers_of(crew.server)) == {other, new}, "a new worker's answers")
    assert lost
    assert asking.error is None
    assert set(asking.statuses) == {200}
    assert crew.rows() == sorted([other, new])
    words = f"worker {victim} died of SIGKILL"
    assert words in "".join(crew.server.log)
    crew.promote_all()
    assert crew.server.get("/dataset").json()["count"] == 0
    eventually(lambda: not [path for path in crew.server.data.rglob("*") if path.is_file()], "a sweep of the upload")
    # Nothing else stays wrong: a worker that met the lock says so until its next look.
    (problem,) = eventually(lambda: only_problem(crew.server), "an end of all other problems")
    assert words in problem


def only_problem(server: LiveServer) -> list[str] | None:
    problems: list[str] = server.get("/health").json()["problems"]
    return problems if len(problems) == 1 else None


@pytest.mark.long(seconds=11)
def test_a_lock_that_outlasts_all_patience_while_a_worker_is_replaced_harms_nothing(crew: Crew, digits: Digits) -> None:
    """Beats fail, and so does the new worker's first row; when the lock is gone, each worker has one row again."""
    victim, other = workers_of(crew.server)
    holder = sqlite3.connect(crew.server.artifacts / "relearn.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Asking(crew.server, other, digits.png(0)) as asking:
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: set(workers_of(crew.server)) - {victim, other}, "a new worker's answers")
        answer = crew.server.upload([("a.png", digits.png(0))], ["7"], source="correction")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        words = "could not note what it serves"
        for pid in workers_of(crew.server):
            eventually(lambda pid=pid: words in health_of(crew, pid), f"worker {pid} misses its row")  # type: ignore[misc]
        holder.execute("ROLLBACK")
        holder.close()
        for pid in workers_of(crew.server):
            eventually(lambda pid=pid: words not in health_of(crew, pid), f"worker {pid} has its row")  # type: ignore[misc]
    assert asking.error is None
    assert set(asking.statuses) == {200}
    assert crew.rows() == sorted(workers_of(crew.server))
    crew.promote_all()


def health_of(crew: Crew, pid: int) -> str:
    connection = connection_to(crew.server, pid)
    connection.request("GET", "/health")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_a_promotion_waits_for_living_workers_only(crew: Crew) -> None:
    """A row whose process is gone, as a server that was killed leaves it, is no reason to wait."""
    with crew.memory.database.write() as connection:
        name = living.own().rpartition(" ")[0] + " 1"  # this process, but begun at another time
        row = {"model_id": 1, "living": name, "started_at": "then", "version": 2}
        connection.execute(worker.insert().values(row))
    crew.promote_all()  # each move is answered as done, which it is not while somebody is waited for
