"""A moment that is moved often and reached seldom, as each of a connection's is.

A process that stood still finds its timers due before it has looked at its sockets: what lies there came in time, and
is read before a moment counts as reached.
"""

import asyncio
import math
from collections.abc import Callable

TURNS = 2  # of the loop, within which it reads what lies in its sockets: uvloop may begin the first with what is ready


class Deadline:
    """Calls `reached` when its moment has come. The timer is left to run when the moment moves on, and looks itself."""

    __slots__ = ("_armed_for", "_loop", "_moment", "_reached", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, reached: Callable[[], None]) -> None:
        self._loop = loop
        self._reached = reached
        self._moment = self._armed_for = math.inf  # loop seconds
        self._timer: asyncio.TimerHandle | None = None

    def set(self, moment: float) -> None:
        """Let it be this moment and no other, in the loop's seconds."""
        self._moment = moment
        if moment < self._armed_for:
            if self._timer is not None:
                self._timer.cancel()
            self._arm()

    def clear(self) -> None:
        """Let it be never."""
        self._moment = math.inf

    def cancel(self) -> None:
        """Let it be never, and let go of the timer."""
        self._moment = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._armed_for = self._moment
        self._timer = self._loop.call_at(self._moment, self._look)

    def _look(self) -> None:
        self._timer, self._armed_for = None, math.inf
        if self._moment > self._loop.time():
            if self._moment < math.inf:
                self._arm()
            return
        self._judge(TURNS)

    def _judge(self, turns: int) -> None:
        """After so many turns of the loop it is reached, unless what was read moved it on far enough."""
        if turns:
            self._loop.call_soon(self._judge, turns - 1)
        elif self._moment <= self._loop.time():
            self._moment = math.inf
            self._reached()
