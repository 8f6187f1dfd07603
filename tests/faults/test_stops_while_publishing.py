"""A trainer that is stopped at any step of publishing: what its job says and what serves are the same, always."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.faults.bench import Bench
from tests.faults.stage import eventually, is_alive
from tests.live import PLAIN

STEPS = (
    *("training", "before reserve", "reserved", "files written", "manifest written", "publishing told"),
    *("before commit", "committed", "pruned"),
)
PUBLISHED = ("committed", "pruned")  # steps after the transaction


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("publishing"))
    with made.server:
        assert made.check(made.retrain(), made.now()) == "published"
        yield made
    made.memory.close()


def cancel(bench: Bench, number: str, child: int, step: str) -> None:
    """DELETE by HTTP; it has to wait where the child is within its transaction, which goes on."""

    def call() -> None:
        answer = httpx.delete(f"{bench.server.url}/retrain/jobs/{number}", **PLAIN, timeout=60)
        statuses.append(answer.status_code)

    statuses: list[int] = []
    caller = threading.Thread(target=call)
    caller.start()
    if step in ("before commit", *PUBLISHED):
        bench.stage.go()
    caller.join()
    assert statuses == [202] if step not in ("before commit", *PUBLISHED) else statuses in ([202], [409])


def kill_child(bench: Bench, number: str, child: int, step: str) -> None:
    os.kill(child, signal.SIGKILL)


def kill_runner(bench: Bench, number: str, child: int, step: str) -> None:
    os.kill(bench.runner_of(number), signal.SIGKILL)
    eventually(lambda: not is_alive(child), "the end of the child")


def stop_runner(bench: Bench, number: str, child: int, step: str) -> None:
    os.kill(bench.runner_of(number), signal.SIGTERM)


def kill_server(bench: Bench, number: str, child: int, step: str) -> None:
    bench.restart()
    bench.stage.go()


Fault = Callable[[Bench, str, int, str], None]
# The steps that leave most behind with the child killed, which leaves it exactly there; each other fault at one.
QUICK: list[tuple[Fault, str]] = [
    *((kill_child, step) for step in ("reserved", "files written", "before commit", "committed")),
    (cancel, "manifest written"),
    (kill_runner, "publishing told"),
    (stop_runner, "manifest written"),
    (kill_server, "publishing told"),
]
# What a plain run leaves out of them.
LONG = [
    (kill_child, "reserved"),
    (kill_child, "files written"),
    (kill_child, "committed"),
    (stop_runner, "manifest written"),
]
FAULTS: tuple[Fault, ...] = (cancel, kill_child, kill_runner, stop_runner, kill_server)
ALL = [(fault, step) for fault in FAULTS for step in STEPS]


def ends(fault: Fault, step: str) -> set[str]:
    """How a job may end."""
    if fault is kill_server or step in PUBLISHED:
        return {"published"}
    if fault is cancel:
        return {"published", "cancelled"} if step == "before commit" else {"cancelled"}
    return {"failed"}


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        *(
            pytest.param(
                *each, id=f"{each[0].__name__}-{each[1]}", marks=[pytest.mark.long(seconds=2)] * (each in LONG)
            )
            for each in QUICK
        ),
        *(
            pytest.param(*each, id=f"{each[0].__name__}-{each[1]}", marks=pytest.mark.soak)
            for each in ALL
            if each not in QUICK
        ),
    ],
)
def test_the_job_and_what_serves_agree_wherever_it_is_stopped(bench: Bench, fault: Fault, step: str) -> None:
    before = bench.now()
    number = bench.retrain(step)
    fault(bench, number, bench.stage.reached(), step)
    assert bench.check(number, before) in ends(fault, step)
    if step in PUBLISHED:
        bench.stage.go()


def test_the_next_retrain_works(bench: Bench) -> None:
    assert bench.check(bench.retrain(), bench.now()) == "published"
