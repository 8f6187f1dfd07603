"""What one worker answered, on its way to the sums of each day (store/days.py): about once a minute, and at its end.

A worker that is killed loses the last minute. What can't be stored now waits for the next attempt, in bounded room; an
attempt whose end is unknown is repeated, so that its minute may count twice.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from server.machine.background import Background
from server.observe.answers import Said
from server.store.days import DAY_SECONDS, Answered, Days
from server.store.errors import StoreError

STORE_SECONDS = 60.0
WAITING_LIMIT = 10_000  # sums of a label on a day that wait for a database; the oldest make room

logger = logging.getLogger("relearn")


class Daily:
    """The answers of one worker that no day has yet."""

    def __init__(
        self,
        days: Days,
        executor: Executor,
        clock: Callable[[], float] = lambda: time.time(),
        every_seconds: float = STORE_SECONDS,
    ) -> None:
        """`clock` gives seconds since 1970."""
        self._days = days
        self._executor = executor
        self._clock = clock
        self._every_seconds = every_seconds
        self._waiting: dict[tuple[int, str], Answered] = {}
        self._storing = Background(self._run)

    def start(self) -> None:
        self._storing.start()

    async def stop(self) -> None:
        """Store what waits."""
        await self._storing.stop()
        await self._store()

    def count_answers(self, said: Said) -> None:
        """Count what the model said since the last tick."""
        day = int(self._clock() // DAY_SECONDS)
        self._count({(day, label): answered for label, answered in said.labels.items()})

    def _count(self, answered: Mapping[tuple[int, str], Answered]) -> None:
        for place, each in answered.items():
            if place not in self._waiting and len(self._waiting) >= WAITING_LIMIT:
                del self._waiting[next(iter(self._waiting))]
            self._waiting.setdefault(place, Answered()).add(each)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_seconds)
            await self._store()

    async def _store(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._days.add, waiting)
        except StoreError as error:  # of a database that can't be used others tell
            logger.debug("the answers of the last minute could not be stored: %s", error)
            since, self._waiting = self._waiting, waiting
            self._count(since)
