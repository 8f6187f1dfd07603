"""Workers that die, hang or can't start, and a supervisor that is killed: the service goes on, and says so."""

import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.digits import Digits
from tests.faults.stage import Stage, eventually, workers_of
from tests.live import PLAIN, LiveServer

ASK: Any = {"timeout": 60} | PLAIN


@contextlib.contextmanager
def pair(folder: Path, *flags: str, **environment: str) -> Iterator[tuple[LiveServer, Stage]]:
    """Two workers that serve, and a stage for them."""
    stage = Stage(folder / "stage")
    with LiveServer(folder, "--workers", "2", *flags, environment=stage.environment | environment) as server:
        workers_of(server)
        yield server, stage


def problems(server: LiveServer) -> str:
    return "; ".join(httpx.get(server.url + "/health", **PLAIN, timeout=60).json()["problems"])


def log_of(server: LiveServer) -> str:
    return "".join(server.log)


def metric(server: LiveServer, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", server.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found is not None else 0.0


def ask_until_lost(server: LiveServer, pid: int) -> None:
    """Look at /stats, a new connection each time, until a certain worker has taken one and is caught there."""

    def ask() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return bool(httpx.get(server.url + "/stats", **PLAIN, timeout=1).json()["worker"] == pid)
        return True

    eventually(ask, f"worker {pid} was met")


def end(stage: Stage, server: LiveServer, pid: int) -> None:
    stage.tell(f"end {pid}", "0")
    ask_until_lost(server, pid)


def kill(number: signal.Signals) -> Callable[[Stage, LiveServer, int], None]:
    return lambda _, __, pid: os.kill(pid, number)


DEATHS = {
    "SIGKILL": kill(signal.SIGKILL),
    "SIGSEGV": kill(signal.SIGSEGV),
    "exit code 0": end,
}


@pytest.mark.parametrize(
    "cause",
    ["SIGKILL", *(pytest.param(each, marks=pytest.mark.long(seconds=2)) for each in DEATHS if each != "SIGKILL")],
)
def test_a_worker_that_dies_is_replaced_at_once_counted_and_told_of_for_a_while(tmp_path: Path, cause: str) -> None:
    with pair(tmp_path) as (server, stage):
        victim, other = workers_of(server)
        DEATHS[cause](stage, server, victim)
        words = f"worker {victim} died of {cause}"
        eventually(lambda: words in log_of(server), "a word in the log")
        (new,) = eventually(lambda: set(workers_of(server)) - {victim, other}, "a new worker")
        for pid in (other, new):
            assert Path(f"/proc/{pid}").exists()
        eventually(lambda: words in problems(server), "a word in health")
        assert metric(server, f'relearn_worker_deaths_total{{cause="{cause}"}}') == 1
        stage.tell("forget")
        eventually(lambda: not problems(server), "health forgets")
        assert server.stop() == 0


def test_what_a_dead_worker_counted_stays_and_what_it_was_goes(tmp_path: Path, digits: Digits) -> None:
    answered = 'relearn_requests_total{method="POST",route="/predict",status="200"}'
    with pair(tmp_path) as (server, stage):
        for position in range(20):
            assert httpx.post(server.url + "/predict", files={"file": digits.png(position)}, **ASK).status_code == 200
        eventually(lambda: metric(server, answered) == 20, "all are counted")
        stage.tell("end at start", "7")  # nobody comes in its place for now
        victim, other = workers_of(server)
        os.kill(victim, signal.SIGKILL)
        server.client.close()
        server.client = httpx.Client(**ASK)
        open_there = len(os.listdir(f"/proc/{other}/fd"))  # noqa: PTH208 - the names are of no matter
        eventually(
            lambda: abs(metric(server, "relearn_open_descriptors") - open_there) < 10, "only the other's descriptors"
        )
        assert metric(server, answered) == 20
        stage.take_back("end at start")
        eventually(lambda: metric(server, "relearn_open_descriptors") > 1.5 * open_there, "the new one's descriptors")
        assert metric(server, answered) == 20


@pytest.mark.long(seconds=8)
def test_workers_that_end_at_start_are_tried_again_at_growing_distances_until_they_can(
    tmp_path: Path, digits: Digits
) -> None:
    with pair(tmp_path) as (server, stage):
        stage.tell("end at start", "7")
        first, second = workers_of(server)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: log_of(server).count("died of exit code 7") >= 4, "some tries")
        assert "1 of 2 workers can't start" in problems(server)
        assert server.predict(digits.png(0)).status_code == 200
        os.kill(second, signal.SIGKILL)  # now there is none
        eventually(lambda: log_of(server).count("died of exit code 7") >= 10, "more tries than a new service has")
        pauses = [float(each) for each in re.findall(r"exit code 7; the next starts in (\S+) seconds", log_of(server))]
        assert max(pauses) >= 4
        stage.take_back("end at start")
        eventually(lambda: len(workers_of(server)) == 2, "two new workers")
        stage.tell("forget")
        eventually(lambda: not problems(server), "health forgets")
        assert server.stop() == 0


@pytest.mark.long(seconds=6)
def test_a_service_of_which_no_worker_ever_starts_ends_and_says_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    stage.tell("end at start", "7")
    server = LiveServer(tmp_path, "--workers", "2", environment=stage.environment)
    with pytest.raises(AssertionError, match="no worker could start"):
        server.start()
    assert server.stop() == 1


@pytest.mark.parametrize("how", ["stopped", pytest.param("a dead loop", marks=pytest.mark.long(seconds=3))])
def test_a_worker_that_stands_still_is_replaced(tmp_path: Path, digits: Digits, how: str) -> None:
    with pair(tmp_path, "--hang-seconds", "5") as (server, stage):
        victim, other = workers_of(server)
        if how == "stopped":
            os.kill(victim, signal.SIGSTOP)
        else:
            stage.tell(f"spin {victim}")
            ask_until_lost(server, victim)
        eventually(lambda: f"worker {victim} died of hang" in log_of(server), "it is seen")
        eventually(lambda: set(workers_of(server)) - {victim, other}, "a new worker")
        assert metric(server, 'relearn_worker_deaths_total{cause="hang"}') == 1
        assert server.predict(digits.png(0)).status_code == 200


def test_nobody_is_taken_for_dead_where_all_stood_still(tmp_path: Path) -> None:
    with pair(tmp_path, "--hang-seconds", "5") as (server, _):
        before = set(workers_of(server))
        for pid in (server.pid, *before):  # as a laptop that is shut: nobody looks meanwhile
            os.kill(pid, signal.SIGSTOP)
        time.sleep(7)
        for pid in (server.pid, *before):
            os.kill(pid, signal.SIGCONT)
        time.sleep(3)  # in which somebody who counts seconds would act
        assert set(workers_of(server)) == before
        assert not problems(server)


def test_a_supervisor_that_is_killed_takes_its_workers_along_and_frees_the_port(tmp_path: Path) -> None:
    with pair(tmp_path) as (server, _):
        stopped, other = workers_of(server)
        os.kill(stopped, signal.SIGSTOP)
        server.send(signal.SIGKILL)
        assert server.wait() == -signal.SIGKILL
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (stopped, other)), "both are gone")
        address = server.url.removeprefix("http://").split(":")
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind((address[0], int(address[1])))
