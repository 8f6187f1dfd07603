"""This process's memory: how much it holds, how it is held, and giving back what it does not use."""

import contextlib
import ctypes
import resource
from pathlib import Path

_PAGE_BYTES = resource.getpagesize()
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def resident_bytes() -> int:
    """This process's resident memory, where the system tells it; else the most it ever was."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def share_one_pool() -> None:
    """Let all threads allocate from one of the C library's pools, by mallopt(3); nothing where it has none.

    Each of a pool of its own keeps what it once held: some 4 MB of a server that did a bit of everything. For the
    lock on the one there is no rush, since the GIL lets hardly two threads allocate at once.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Return what is free in the C library's pools to the system, as malloc_trim(3) does; nothing where it has none.

    Takes about a millisecond, without the GIL. What onnxruntime frees with a session is in pieces that glibc keeps.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
