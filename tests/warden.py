"""Ends what a run of tests leaves behind, however it ends: `python tests/warden.py FOLDER`, beside a process that runs
tests, whose folder for temporary files that is.

It waits for the end of its input, or of the process that started it. What belongs to a run has its folder in the
variable TESTS_RUN, which servers hand on to their trainers; what is mounted lies in the folder.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

VARIABLE = "TESTS_RUN"
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 30.0  # with those that can't be ended, such as another user's


def main(folder: str) -> None:
    parent = os.getppid()
    with contextlib.suppress(ProcessLookupError):  # it ended before this began
        poll = select.poll()
        poll.register(0, select.POLLIN | select.POLLHUP)
        poll.register(os.pidfd_open(parent), select.POLLIN)
        poll.poll()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := left_by(folder)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    for place in mounted_in(folder):
        subprocess.run(["umount", "-l", place], check=False)


def left_by(folder: str) -> list[int]:
    """The processes of a run, and of those within it, but for this one and the one that waits for it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            own = [each for each in path.read_bytes().split(b"\0") if each.startswith(f"{VARIABLE}=".encode())]
            if any((os.fsdecode(each) + "/").startswith(f"{VARIABLE}={folder}/") for each in own):
                found.append(int(path.parent.name))
    return [pid for pid in found if pid not in (os.getpid(), os.getppid())]


def mounted_in(folder: str) -> list[str]:
    """What is mounted in it, the last one first."""
    places = [line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [place for place in reversed(places) if place.startswith(f"{folder}/")]


if __name__ == "__main__":
    main(sys.argv[1])
