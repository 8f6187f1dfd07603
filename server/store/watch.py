"""Tells whoever waits in this process that the database changed: one look for all of them, five times a second."""

import asyncio
import contextlib
import logging
from concurrent.futures import Executor

from server.machine.background import Background
from server.store.changes import Changes

LOOK_SECONDS = 0.2

logger = logging.getLogger("relearn")


class Watch:
    """The change that everybody in one process may wait for."""

    def __init__(self, changes: Changes, executor: Executor) -> None:
        self._changes = changes
        self._executor = executor
        self._changed = asyncio.Event()
        self._looking = Background(self._run)

    def start(self) -> None:
        self._looking.start()

    async def stop(self) -> None:
        await self._looking.stop()
        # In their thread, after a look that is under way: SQLite crashes where its connection is closed in the middle.
        await asyncio.get_running_loop().run_in_executor(self._executor, self._changes.close)

    def turn(self) -> asyncio.Event:
        """What the next change will set: to be taken before one looks, so that no change falls in between."""
        return self._changed

    async def wait(self, turn: asyncio.Event, timeout_seconds: float | None = None) -> None:
        """Wait for the change that ends a turn, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await turn.wait()

    def tell(self) -> None:
        """Wake all who wait: something changed, or may have."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                changed = await loop.run_in_executor(self._executor, self._changes.seen)
            except Exception as error:  # noqa: BLE001 - nothing may end the watch; who is told looks for himself
                logger.debug("the database can't be looked at: %r", error)
                changed = True
            if changed:
                self.tell()
