"""Who goes first on a core: the event loop before threads that compute, and both before a training run at nice 19.

A large picture, a new model or a look at the disk may take its time; small requests beside it may not wait.
"""

import contextlib
import ctypes
import os
import platform
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

NICE = 10  # of threads whose result a client waits for
# Of threads that no client waits for, but one who promotes a version. Once Linux has given a thread a core, another
# that wants it as well gets it at the next tick, 4 ms later: at 10 a busy core had five such stops during a swap, at 19
# has hardly one.
NICE_UNAWAITED = 19
GIL_SECONDS = 0.0005  # after so long a thread that computes in Python lets the event loop in; Python's own is 5 ms
SLICE_NANOSECONDS = 100_000  # the shortest that Linux takes

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
_RESET_ON_FORK = 1


def favour_this_thread() -> None:
    """Let this thread, the event loop's, run soon after it wakes, whoever holds the GIL or the core."""
    sys.setswitchinterval(GIL_SECONDS)
    _ask_for_short_slices()


def give_way() -> None:
    """Let a process that no client waits for run after those that serve."""
    with contextlib.suppress(OSError):
        os.nice(NICE_UNAWAITED)


def threads(number: int, name: str, nice: int = NICE) -> ThreadPoolExecutor:
    """A pool of so many threads for what takes over a millisecond, of lower priority than the event loop."""
    return ThreadPoolExecutor(number, thread_name_prefix=name, initializer=_give_way, initargs=(nice,))


def _give_way(nice: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # only Linux has priorities of threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)


def _ask_for_short_slices() -> None:
    """sched_setattr(2). From Linux 6.12 on a thread with shorter slices may interrupt others when it wakes.

    It then waits microseconds where it may wait 3 ms; its share of the core stays what it was. Threads and processes
    that it starts have the usual slices. Elsewhere nothing.
    """
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    # struct sched_attr: size, policy (0: the usual), flags, nice, priority, runtime, deadline, period
    attributes = struct.pack("=IIQiIQQQ", 48, 0, _RESET_ON_FORK, nice, 0, SLICE_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
