"""What fails is tried once more where that is asked for: what fails twice has failed, and so have too many."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import ROOT
from tests.unsteady import MOST

TESTS = """
import pathlib
import pytest

@pytest.mark.parametrize("number", range({unsteady}))
def test_unsteady(number):
    seen = pathlib.Path(f"seen-{{number}}")
    if not seen.exists():
        seen.touch()
        raise AssertionError("the first time")

def test_broken():
    assert not {broken}
"""


def run(folder: Path, unsteady: int, broken: bool, *options: str) -> "subprocess.CompletedProcess[str]":
    (folder / "conftest.py").write_text("from tests.unsteady import pytest_sessionfinish\n")
    (folder / "test_it.py").write_text(TESTS.format(unsteady=unsteady, broken=broken))
    command = [sys.executable, "-m", "pytest", "-rR", *options, "test_it.py"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("unsteady", "broken", "reruns", "passes", "processes"),
    [
        (MOST, False, 1, True, 2),
        (MOST + 1, False, 1, False, 2),
        (0, True, 1, False, 0),
        (1, False, 0, False, 0),
    ],
)
def test_a_few_may_pass_at_their_second_try(
    tmp_path: Path, unsteady: int, broken: bool, reruns: int, passes: bool, processes: int
) -> None:
    done = run(tmp_path, unsteady, broken, "--reruns", str(reruns), "--numprocesses", str(processes))
    assert (done.returncode == 0) == passes, done.stdout + done.stderr
    assert done.stdout.count("RERUN test_it.py::test_") == (unsteady + broken) * reruns
    assert (f"at most {MOST} may" in done.stdout) == (unsteady > MOST)
