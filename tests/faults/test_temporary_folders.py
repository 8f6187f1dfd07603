"""Where workers count together may be full, or missing: they come back all the same, and predict."""

import os
import signal
from pathlib import Path

import pytest

from tests.digits import Digits
from tests.faults.stage import Stage, eventually, workers_of
from tests.live import LiveServer
from tests.small_disk import fill, small_disk

__all__ = ["small_disk"]


def kill_both_in_turn(server: LiveServer) -> None:
    for _ in range(2):
        victim, other = workers_of(server)
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: set(workers_of(server)) - {victim, other}, "a new worker")  # noqa: B023 - it is called here


@pytest.mark.parametrize(
    "tmpdir",
    [
        "none at all",
        *(
            pytest.param(each, marks=pytest.mark.long(seconds=3))
            for each in ("full", "full before the start", "missing")
        ),
    ],
)
def test_workers_come_back_without_a_usable_tmpdir(
    tmp_path: Path, small_disk: Path, digits: Digits, tmpdir: str
) -> None:
    """Nor is there a folder in memory, or else TMPDIR would be of no matter. Python has others then."""
    stage = Stage(tmp_path / "stage")
    stage.tell("memory-folder", str(tmp_path / "none"))
    folder = tmp_path / "none" if tmpdir == "missing" else small_disk
    if tmpdir == "none at all":
        stage.tell("no-tmpdir")
    if tmpdir == "full before the start":
        fill(folder / "filler")
    environment = stage.environment | {"TMPDIR": str(folder)}
    with LiveServer(tmp_path, "--workers", "2", environment=environment) as server:
        if tmpdir == "full":
            fill(folder / "filler")
        kill_both_in_turn(server)
        assert server.predict(digits.png(0)).json()["prediction"] == 7
        assert server.get("/metrics").status_code == 200
        problems = "".join(server.get("/health").json()["problems"])
        assert ("/metrics answers for one of them" in problems) == (tmpdir == "none at all")
        assert "SIGBUS" not in "".join(server.log)
        server.client.close()
        assert server.stop() == 0
