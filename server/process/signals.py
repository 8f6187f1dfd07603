"""SIGTERM and Ctrl-C while a process starts, before anybody is served: it ends at once, with no word and exit code 0.

Nothing stored minds: it bears a kill at any moment. uvicorn puts its own handlers before these while it serves, and at
its end sends itself again what it got; by then all is done, and a thread that hangs keeps nobody waiting.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT)
FORCED = 128 + signal.SIGINT  # exit code of a stop that did not wait for what was under way


def end_at_once() -> None:
    """From now on, and for what came while the signals were held back."""
    for number in STOPS:
        signal.signal(number, _end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hold both signals back, also from a process that is started meanwhile, until it says otherwise."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(_: int, __: FrameType | None) -> None:
    os._exit(0)
