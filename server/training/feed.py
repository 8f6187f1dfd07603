"""What whoever follows a job is told: one look at the job for all of them, each time that the database changed."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from server.store.jobs import EVENTS_AT_ONCE, Glance, Jobs
from server.store.watch import Watch

KEPT_EVENTS = 64  # of a job in memory: whoever is further behind reads them from the database
SILENCE_SECONDS = 10.0  # after which a job is looked at, and its followers hear from us, although nothing changed


class Feed:
    """The newest of one job, shared by its followers in this process."""

    def __init__(self, jobs: Jobs, watch: Watch, executor: Executor, job: str) -> None:
        self._jobs = jobs
        self._watch = watch
        self._executor = executor
        self._job = job
        self._looking = asyncio.Lock()
        self._seen: asyncio.Event | None = None  # the turn in which it was looked at
        self._glance: Glance | None = None
        self._newest: list[tuple[int, str]] = []

    async def glance(self, turn: asyncio.Event) -> Glance:
        """How far the job is in this turn; raises NotFound if it was pruned."""
        async with self._looking:
            if self._glance is None or self._seen is not turn:
                loop = asyncio.get_running_loop()
                glance = await loop.run_in_executor(self._executor, self._jobs.glance, self._job)
                last = self._newest[-1][0] if self._newest else max(glance.events - KEPT_EVENTS, 0)
                if glance.events > last:
                    found = await loop.run_in_executor(self._executor, self._jobs.told, self._job, last)
                    self._newest = [*self._newest, *found][-KEPT_EVENTS:]
                self._glance, self._seen = glance, turn
            return self._glance

    async def after(self, last: int) -> list[tuple[int, str]]:
        """The next events after a number, at most EVENTS_AT_ONCE."""
        if self._newest and self._newest[0][0] - 1 <= last < self._newest[-1][0]:
            return [each for each in self._newest if each[0] > last]
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._jobs.told, self._job, last)


class Feeds:
    """The feeds of the jobs that somebody follows."""

    def __init__(self, jobs: Jobs, watch: Watch, executor: Executor, stopping: asyncio.Event) -> None:
        self._jobs = jobs
        self._watch = watch
        self._executor = executor
        self._stopping = stopping
        self._feeds: dict[str, tuple[Feed, int]] = {}  # with how many follow it

    async def follow(self, job: str, last: int = 0) -> AsyncIterator[list[tuple[int, str]] | Glance]:
        """The events after a number as they come, and in the end how the job ended; less if this service stops first.

        Each event is its number, and its content as JSON. Where nothing happens for long, no events come now and then:
        only by writing to a client is it found out that it is gone. Raises NotFound.
        """
        feed, followers = self._feeds.get(job) or (Feed(self._jobs, self._watch, self._executor, job), 0)
        self._feeds[job] = feed, followers + 1
        loop = asyncio.get_running_loop()
        told = loop.time()
        try:
            while True:
                turn = self._watch.turn()
                glance = await feed.glance(turn)
                while last < glance.events:
                    events = await feed.after(last)
                    last = events[-1][0]
                    yield events
                    told = loop.time()
                if glance.result is not None:
                    yield glance
                    return
                if self._stopping.is_set():
                    return
                await self._watch.wait(turn, SILENCE_SECONDS)
                if loop.time() >= told + SILENCE_SECONDS:  # whatever else changed meanwhile
                    yield []
                    told = loop.time()
        finally:
            feed, followers = self._feeds.pop(job)
            if followers > 1:
                self._feeds[job] = feed, followers - 1


assert KEPT_EVENTS <= EVENTS_AT_ONCE
