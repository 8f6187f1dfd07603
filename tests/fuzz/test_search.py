"""Some search in each harness finds nothing more."""

import subprocess

import pytest

from tests.fuzz import HARNESSES
from tests.live import ROOT

SECONDS = 40  # in each


@pytest.mark.soak
@pytest.mark.parametrize("name", HARNESSES)
def test_a_search_finds_nothing(name: str) -> None:
    if not (ROOT / ".venv-fuzz/ready").exists():
        pytest.skip("atheris is not installed: make .venv-fuzz/ready")
    command = [str(ROOT / ".venv-fuzz/bin/python"), "-m", "tests.fuzz", str(SECONDS), name]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout[-4000:].decode("utf-8", "replace")
