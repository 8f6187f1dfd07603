"""Whatever fails, and wherever the process ends, in anything that changes a store: a fresh process finds it whole."""

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.deeds import DEEDS
from tests.live import ROOT

SAMPLE = ("upload", "undo", "publish", "create a job", "begin a retrain by the policy", "sweep", "keep a sample")
SLOW_SAMPLE = ("upload", "create a job")  # where a store is copied by another server
POINTS = {"sqlite": 16, "postgresql": 4}  # of each deed in a soak, where all take an hour
FEWEST = 3 * 4  # points of a deed in three ways: that of the fewest steps has more


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: who is killed loses nothing of what it had written, synced or not."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as name:
        yield Path(name)


def crash(folder: Path, database: str, points: int, *deeds: str, seed: str = "") -> tuple[list[str], int]:
    """What was wrong, and after how many points that were broken."""
    command = [sys.executable, "-m", "tests.faults.crash", str(folder), database, str(points), seed, *deeds]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *wrong, broken = done.stdout.splitlines()
    return wrong, int(broken)


def test_a_store_is_whole_after_a_break_at_some_step_of_anything(quick: Path, database: str) -> None:
    deeds = SLOW_SAMPLE if database else SAMPLE
    assert crash(quick, database, 1, *deeds) == ([], 3 * len(deeds))


@pytest.mark.long(seconds=3)
def test_a_deed_that_leaves_a_file_without_a_row_is_found_out(quick: Path) -> None:
    wrong, broken = crash(quick, "", 3, "careless")
    assert broken == 9
    assert any("kill at step" in line and f"{0:064}.png" in line for line in wrong), wrong


@pytest.mark.soak
@pytest.mark.parametrize("deed", DEEDS)
def test_a_store_is_whole_after_a_break_at_many_steps_of_anything(
    quick: Path, database: str, deed: str, record_property: Callable[[str, object], None]
) -> None:
    """At others with each of pytest-randomly's seeds, so that many runs have broken every one."""
    seed = str(random.getrandbits(32))
    wrong, broken = crash(quick, database, POINTS["postgresql" if database else "sqlite"], deed, seed=seed)
    record_property("tries", broken)
    assert not wrong, f"with the seed {seed}"
    assert broken >= FEWEST
