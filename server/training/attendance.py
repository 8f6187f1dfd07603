"""Looks after the open job, so that none is open for ever: one that nobody takes up, one whose runner is gone. And sees
how each ended.

Every worker does so, with its own eyes; the rows see to it that only one of them concludes the job. While no job is
open it waits for a change and costs nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor

from server.machine.background import Background
from server.store import living
from server.store.content import Content
from server.store.errors import StoreError
from server.store.jobs import Job, Jobs
from server.store.watch import Watch

LOOK_SECONDS = 1.0  # while a job is open

logger = logging.getLogger("relearn")


class Attendance:
    """The watch over one model's open job, and over files that nobody owns."""

    def __init__(
        self,
        jobs: Jobs,
        content: Content,
        watch: Watch,
        executor: Executor,
        start_seconds: float | None,
        on_end: Callable[[Job], object],
        running: Callable[[], object | None] = lambda: None,
    ) -> None:
        """`start_seconds`: a job that no runner took up by then has failed; None where one may come at any time. While
        a job of another model is `running` that time does not pass.

        `on_end` gets each job that ends from now on, once, in a thread.
        """
        self._jobs = jobs
        self._content = content
        self._watch = watch
        self._executor = executor
        self._start_seconds = start_seconds
        self._on_end = on_end
        self._running = running
        self._seen_end: int | None = None  # the newest job whose end was seen; None before the first look
        self._heartbeats = living.Heartbeats()
        self._first_seen: tuple[str, float] | None = None  # an open job, and when: monotonic, since clocks jump
        self.open: Job | None = None  # as it was a second ago at most
        self._looking = Background(self._run)

    def start(self) -> None:
        self._looking.start()

    async def stop(self) -> None:
        await self._looking.stop()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            turn = self._watch.turn()
            try:
                await loop.run_in_executor(self._executor, self._see_ends)
                is_open = await loop.run_in_executor(self._executor, self._look)
            except StoreError as error:
                logger.debug("jobs can't be looked after: %s", error)
                is_open = False
            except Exception:
                logger.exception("looking after the jobs failed")
                is_open = False
            await asyncio.sleep(LOOK_SECONDS)
            await self._watch.wait(turn, 0 if is_open else None)

    def _see_ends(self) -> None:
        if self._seen_end is None:
            self._seen_end = self._jobs.newest_ended()
        for job in self._jobs.ended(self._seen_end):
            self._seen_end = int(job.job)
            self._on_end(job)

    def _look(self) -> bool:
        """Conclude what has to be concluded; whether a job is open."""
        found = self.open = self._jobs.open()
        if found is None:
            self._first_seen = None
            self._content.tidy()
            return False
        is_next = found.state == "queued" and self._running() is None
        if self._first_seen is None or self._first_seen[0] != found.job or not is_next:
            self._first_seen = found.job, time.monotonic()
        if found.state == "queued":
            late = self._start_seconds is not None and time.monotonic() - self._first_seen[1] > self._start_seconds
            if late and self._jobs.fail(
                found.job, f"no trainer started within {self._start_seconds:g} seconds; see the log"
            ):
                logger.error("job %s: no trainer took it up", found.job)
        else:
            lost = self._jobs.fail_lost(self._heartbeats)
            if lost is not None:
                logger.error("job %s: its trainer is gone", lost)
        return True
