"""What takes long is skipped by a plain run, which says so, and by no other; one test of each kind runs in both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.long import SWITCHES

ROOT = Path(__file__).parents[1]
# A training by the API, which is published and taken over; a trainer that is killed; a server that is; a way back.
KINDS = (
    "tests/system/test_retraining.py::test_a_retrain_learns_publishes_and_every_worker_serves_it_without_one_failed_request",
    "tests/system/test_retraining.py::test_a_killed_trainer_leaves_a_failed_job_and_the_model",
    "tests/faults/test_kills_while_storing.py::test_a_server_that_is_killed_has_stored_what_it_said_and_is_whole",
    "tests/export/test_publish.py::test_a_kill_at_any_step_leaves_the_old_state_or_the_new",
    "tests/faults/test_rollbacks_while_loading.py::test_a_rollback_is_not_undone_by_a_load_that_ends_after_it",
)
TESTS = """
import pytest

@pytest.mark.long(seconds=30)
def test_that_takes_long(): pass
def test_that_does_not(): pass
"""


def said(folder: Path, *arguments: str, **environment: str) -> str:
    """What pytest says of tests in a folder."""
    own = {name: value for name, value in os.environ.items() if name not in SWITCHES and not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=own | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text("from tests.long import pytest_itemcollected\n")
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\nmarkers = long: takes long\n")
    return tmp_path


def test_a_plain_run_skips_what_takes_long_and_says_how_to_run_it(folder: Path) -> None:
    text = said(folder)
    assert "1 passed, 1 skipped" in text
    assert "takes long, 30 s of a processor: make test LONG_TESTS=1 runs it" in text


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_runs_all(folder: Path, switch: str) -> None:
    assert "2 passed" in said(folder, **{switch: "1"})


def test_one_of_each_kind_is_in_a_plain_run() -> None:
    text = said(ROOT, "--collect-only", "-m", "not long and not soak", *KINDS)
    assert [kind for kind in KINDS if kind not in text] == []
