"""Whoever is told to end while it starts ends at once, and says nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.process.signals import STOPS

ROOT = Path(__file__).parents[3]
STARTS = (
    "from server.process.signals import end_at_once; end_at_once(); print(1, flush=True); import time; time.sleep(60)"
)


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_while_it_starts_ends_it_without_a_word(number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        process.send_signal(number)
        said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, (b"", b""))
