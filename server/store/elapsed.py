"""How long ago something was, by a clock that does not jump.

A row's time was written by a clock that may jump. So a process reads the age of a row once, when it first sees it, and
from then on counts itself; what is dated in the future is of just now.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

KEPT = 1024  # times that are remembered: more than one look asks for


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Elapsed:
    """The ages that one process has seen; for one thread at a time."""

    def __init__(
        self, now: Callable[[], datetime] = wall_clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.now = now
        self._monotonic = monotonic
        self._moments: dict[str, float] = {}  # of a row's time, when it was, by the monotonic clock

    def since(self, written: str) -> float:
        """Seconds since a time as rows have it."""
        here = self._monotonic()
        moment = self._moments.pop(written, None)
        if moment is None:
            age = (self.now() - datetime.fromisoformat(written)).total_seconds()
            moment = here - max(age, 0.0)
        self._moments[written] = moment  # last, so that those go first which nobody asks for
        while len(self._moments) > KEPT:
            del self._moments[next(iter(self._moments))]
        return here - moment
