"""The child of a first load ends with the process that started it, however that ends."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from export.publish import write
from tests.faults.stage import eventually
from tests.harmful import multiplied
from tests.live import ROOT
from tests.tiny import tiny_candidate

SECONDS = 600.0  # of processor time that the load may take: the child is not ended by that
ENDS_SECONDS = 5.0  # the load takes longer, and takes gigabytes at last
LOADING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from server.models.trial import Trials
from server.store.manifest import read_manifest
folder = Path(sys.argv[2])
Trials(float(sys.argv[3]), 2**33, 32).check(folder, read_manifest(folder, "digits", "1"))
"""


@pytest.fixture
def loading(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of a first load that takes minutes."""
    candidate = tiny_candidate(model=multiplied(1000))
    write(tmp_path, candidate, candidate.manifest("digits", "1"))
    command = [sys.executable, "-c", LOADING, str(ROOT), str(tmp_path), str(SECONDS)]
    with subprocess.Popen(command) as process:
        yield process
        process.kill()


def child_of(parent: int) -> int | None:
    """The child, once it loads: it has read what, and bounded its processor time."""
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        for child in path.read_text().split():
            limits = Path(f"/proc/{child}/limits").read_text().splitlines()
            if not any(line.startswith("Max cpu time") and "unlimited" in line for line in limits):
                return int(child)
    return None


def test_a_child_ends_with_a_process_that_is_killed(loading: subprocess.Popen[bytes]) -> None:
    child = eventually(lambda: child_of(loading.pid), "the child at its load")
    loading.kill()
    loading.wait()
    eventually(lambda: has_ended(child), "the end of the child", ENDS_SECONDS)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits for nothing but to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
