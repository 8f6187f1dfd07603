"""Limits whose counts lie in a file of all workers: as in the memory of one, and whoever comes at the same moment."""

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from server.process.counts import RATES, RATES_BYTES
from server.settings import Settings
from server.web.errors import TooOften
from server.web.rates import Rates
from server.web.tallies import CHOICES, NAME, SharedStorage
from tests.live import ROOT

LIMIT = RateLimitItemPerMinute(5)


def laid(folder: Path, size: int = RATES_BYTES) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(bytes(size))
    return folder


def test_the_file_is_the_one_that_the_supervisor_makes() -> None:
    assert NAME == RATES


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.sampled_from([0.0, 1.0, 20.0, 61.0, -90.0])))


@given(steps=STEPS)
def test_two_workers_answer_as_one_does_from_its_memory(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[tuple[str, int, float]]
) -> None:
    folder = laid(tmp_path_factory.mktemp("shared"))
    workers = [SlidingWindowCounterRateLimiter(SharedStorage(folder)) for _ in range(2)]
    alone = SlidingWindowCounterRateLimiter(MemoryStorage())
    now = 1_000_000_000.0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("time.time", lambda: now)
        for who, worker, seconds in steps:
            now += seconds
            assert workers[worker].test(LIMIT, who) == alone.test(LIMIT, who)
            assert workers[worker].hit(LIMIT, who) == alone.hit(LIMIT, who)


HITTING = """
import sys
import time
from pathlib import Path
from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter
from server.web import tallies
time.time = lambda: 1_000_000_000.0  # all in one minute, since at its end the window slides
tallies.LOCK_SECONDS = 60.0  # on a busy machine whoever keeps the file may have to wait for a core
limiter = SlidingWindowCounterRateLimiter(tallies.SharedStorage(Path(sys.argv[1])))
item = RateLimitItemPerMinute(1000)
print("ready", flush=True)
sys.stdin.readline()
print(sum(limiter.hit(item, "somebody") for _ in range(1000)))
"""


def test_of_processes_at_once_no_count_is_lost(tmp_path: Path) -> None:
    folder = laid(tmp_path / "shared")
    command = [sys.executable, "-c", HITTING, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for each in processes:
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        each.stdin.write("\n")
        each.stdin.flush()
    assert sum(int(each.communicate(timeout=60)[0]) for each in processes) == 1000


def test_who_keeps_the_file_is_not_waited_for(tmp_path: Path) -> None:
    folder = laid(tmp_path / "shared")
    storage = SharedStorage(folder)
    with (folder / NAME).open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert [storage.incr("a", 60) for _ in range(3)] == [1, 2, 3]


def test_a_full_file_gives_the_place_that_ends_first_away(tmp_path: Path) -> None:
    storage = SharedStorage(laid(tmp_path / "shared", (CHOICES + 1) * 24))
    for number in range(CHOICES):
        storage.incr(f"key {number}", 60 + number)
    storage.incr("another", 100)
    assert [storage.get(f"key {number}") for number in range(CHOICES)] == [0, *[1] * (CHOICES - 1)]
    assert storage.get("another") == 1


@pytest.mark.parametrize("size", [None, 0])
def test_a_worker_without_the_file_counts_for_itself(tmp_path: Path, size: int | None) -> None:
    if size is not None:
        laid(tmp_path, size)
    rates = Rates(Settings(address_writes_a_minute=1), tmp_path)
    rates.count_write("192.0.2.1")
    with pytest.raises(TooOften):
        rates.count_write("192.0.2.1")
