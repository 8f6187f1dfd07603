"""The limit of descriptors is raised to what is allowed, and what is used of it is told."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, resource
from server.machine import descriptors

resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
descriptors.raise_limit()
print(descriptors.limit(), descriptors.reserve(descriptors.limit()), descriptors.problem())
before = descriptors.number_open()
kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(175 - before)]
print(descriptors.number_open() - before == len(kept), descriptors.problem())
"""


def test_the_limit_is_raised_and_its_end_is_told_of() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "200 25 None",
        "True 175 of 200 file descriptors are in use; new connections are refused: raise `ulimit -n`",
    ]


CLOSED = """
import os
from server.machine import descriptors

os.close(0)
os.close(2)
descriptors.open_standard()
print(os.open(os.devnull, os.O_RDONLY) > 2)
"""


def test_no_file_stands_in_for_what_was_closed() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", CLOSED], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
