"""File descriptors: as many as this process may have, and what is left of them.

A connection takes one. Who has none left can neither take a connection in nor open a file, so some are kept back: a
descriptor is always the lowest free number, and its number alone says how near the end is.
"""

import contextlib
import os
import resource
from pathlib import Path

RESERVE = 64  # for probes, files and the database; an eighth where so few may be had that 64 would be most
MOST = 2**20  # that are asked for, where none is the limit: Linux's own bound (fs.nr_open)


def raise_limit() -> None:
    """Take the most that this process is allowed: the usual soft limit is 1024, for the sake of select(2)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _number(hard)
    if _number(soft) < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has limits that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def open_standard() -> None:
    """Let no file or socket become stdin, stdout or stderr where this process was started without one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # the lowest free number is this one
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def limit() -> int:
    """The most descriptors that this process may have; their numbers are smaller."""
    return _number(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def reserve(of: int) -> int:
    """How many of so many are kept back."""
    return min(RESERVE, of // 8)


def number_open() -> int:
    """How many this process has, where the system tells it; else 0."""
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) - 1 if folder.is_dir() else 0  # the look itself took one


def problem() -> str | None:
    """What is wrong, said for a person; None while there are enough."""
    most, there = limit(), number_open()
    if there < most - reserve(most):
        return None
    return f"{there} of {most} file descriptors are in use; new connections are refused: raise `ulimit -n`"


def _number(limit: int) -> int:
    return MOST if limit == resource.RLIM_INFINITY else min(limit, MOST)
