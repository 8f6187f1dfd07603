"""Work that goes on beside the requests until it is told to stop."""

import asyncio
from collections.abc import Callable, Coroutine


class Background:
    """One coroutine that runs in the event loop between `start` and `stop`."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Cancel the work and wait for its end; nothing if it was never started."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
