"""Threads for what a request brings that would hold the event loop up: large pictures, and forms that are not plain.

Their queue is outside of the model's. It is bounded in requests, each of which has one thing at a time in it, and in
time; what these requests hold in memory is bounded by their budget (budget.py).
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from server.machine import priority
from server.web.errors import Busy

NUMBER = 2  # threads, and so pictures that are in memory at once

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A few threads of lower priority than the event loop, and the queue before them. For one event loop."""

    def __init__(self, queue_limit: int, timeout_seconds: float) -> None:
        self._queue_limit = queue_limit
        self._timeout_seconds = timeout_seconds
        self._threads = priority.threads(NUMBER, "decode")
        self._free = asyncio.Semaphore(NUMBER)
        self._places = 0  # requests that have work here, or will have more

    @property
    def waiting(self) -> int:
        """Requests beyond those whose work is being done."""
        return max(0, self._places - NUMBER)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A request's place, in which it may have one thing after another done; raises Busy if there is none left."""
        if self._places >= NUMBER + self._queue_limit:
            raise Busy(
                f"the service is busy: only {self._queue_limit} requests may wait for a thread; try again shortly"
            )
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    async def run(self, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """What `work` gives or raises, done by a thread; raises Busy if none was free in time."""
        assert self._places, "who has work done has a place"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Busy(
                f"the service is busy: waited over {self._timeout_seconds:g} s for a thread; try again shortly"
            ) from None
        done = self._threads.submit(work, *arguments, **options)
        loop = asyncio.get_running_loop()
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Let go of the threads; what they do is finished first."""
        self._threads.shutdown(cancel_futures=True)
