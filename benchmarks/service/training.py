"""Does a training starve serving? The p99 of predictions at half of capacity, while a training runs and without one.

Server, client and trainer share the machine's cores as they would in production: nothing is pinned, and only the
trainer's lowest priority keeps it out of the way. Rounds are short, and what is compared lies seconds apart: the
trainer is stopped and let go on by signals, since the speed of a shared machine changes faster than a training starts.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Result, Setting, percentile, ratio_row
from benchmarks.service import client, images, servers

PYTHON = Path(".venv-train/bin/python")
PAIRS = 2  # of measurements with and without a training, in a round
START_SECONDS = 900.0  # longest wait for the training's first steps: it has the lowest priority


def run(setting: Setting) -> Result:
    setting = setting.finer()
    small = images.multipart()
    alone, beside, ratios = [], [], []
    with servers.ours(None, ["--trainer", "process", "--trainer-python", str(PYTHON.absolute())]) as ours:
        rate = min(client.load(ours.address, small, 32, setting.seconds).rate for _ in range(setting.rounds)) / 2
        job = ours.call("POST", "/retrain", {"epochs": 1000, "force": True})["job"]
        try:
            _wait_until_it_trains(ours, f"/retrain/jobs/{job}")
            for _ in range(setting.rounds * PAIRS):
                with _paused_training(ours):
                    alone.append(_p99(ours, small, rate, setting.seconds))
                beside.append(_p99(ours, small, rate, setting.seconds))
                ratios.append(beside[-1] / alone[-1])
        finally:
            ours.call("DELETE", f"/retrain/jobs/{job}")
            _wait_until_over(ours, f"/retrain/jobs/{job}")
    row = ratio_row("predictions at half of capacity", "p99 while a training runs / without one", ratios, at_most=2.0)
    measured = {
        "requests_per_second": rate,
        "p99_ms": {"alone": [each * 1e3 for each in alone], "while_training": [each * 1e3 for each in beside]},
    }
    return Result("training", [row], measured)


@contextlib.contextmanager
def _paused_training(ours: servers.Server) -> Iterator[None]:
    """The process that trains, a child of the server's child, gets no processor time."""
    (trainer,) = [pid for pid in ours.processes if b"\0child\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(trainer, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(trainer, signal.SIGCONT)


def _p99(ours: servers.Server, small: list[client.Request], rate: float, seconds: float) -> float:
    seen = client.load(ours.address, small, 16, seconds, rate=rate)
    assert not seen.wrong, "a digit was answered wrongly"
    return percentile([sample.seconds for sample in seen.samples], 0.99)


def _wait_until_it_trains(ours: servers.Server, path: str) -> None:
    _wait(ours, path, lambda job: job["state"] == "training" and "step" in (job["progress"] or {}))


def _wait_until_over(ours: servers.Server, path: str) -> None:
    _wait(ours, path, lambda job: job["result"] is not None)


def _wait(ours: servers.Server, path: str, condition: Callable[[dict[str, Any]], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition(ours.call("GET", path)):
        assert time.monotonic() < deadline, f"{path} does not come to it"
        time.sleep(0.1)
