"""This worker's row in the database: that it lives, which version it serves, and which it is just about to serve.

A promotion waits for these rows, so they are never ahead of the truth and never behind it: one lock is held from the
note that a version takes over, through the swap, to the note that it serves.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from server.machine.background import Background
from server.store import living
from server.store.errors import NotFound, StoreError
from server.store.pointer import Pointer
from server.store.workers import Workers

JOIN_SECONDS = 1.0  # that a start waits for its row, if the database is locked; predictions need none
LOOK_SECONDS = 0.02  # between looks at where the workers are, while a promotion waits for them


class Presence:
    """One worker among the workers of its model."""

    def __init__(
        self,
        workers: Workers,
        executor: Executor,
        served: Callable[[], str | None],
        say: Callable[[str, str | None], None],
    ) -> None:
        """`served` gives the version that serves; `say` is told what is wrong, by its kind, or None for nothing."""
        self._workers = workers
        self._executor = executor
        self._served = served
        self._say = say
        self._row: int | None = None
        self._noting = asyncio.Lock()
        self._beating = Background(self._beat)

    async def begin(self) -> None:
        """Join, and beat from now on; a locked database is waited for in the background."""
        self._beating.start()
        joined = asyncio.create_task(self._note())
        await asyncio.wait({joined}, timeout=JOIN_SECONDS)

    async def end(self) -> None:
        await self._beating.stop()
        if self._row is not None:
            with contextlib.suppress(StoreError):
                await self._do(self._workers.leave, self._row)

    async def take_over(self, version: str, swap: Callable[[], None]) -> bool:
        """Swap a version in, if the pointer is still at it; whether it was. Raises StoreError."""
        async with self._noting:
            if self._row is None:
                await self._join()
            if self._row is None:
                raise StoreError("this worker could not note what it serves")
            try:
                if not await self._do(self._workers.may_take_over, self._row, version):
                    return False
            except NotFound:  # the others took this worker for dead
                await self._join()
                return False
            swap()
            await self._write()
            return True

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(living.BEAT_SECONDS)
            await self._note()

    async def _note(self) -> None:
        async with self._noting:
            await self._write()

    async def _write(self) -> None:
        """Say that this worker lives and what it serves; join again if the others took it for dead."""
        noted = False
        with contextlib.suppress(Exception):  # joining then says what is wrong
            noted = self._row is not None and await self._do(self._workers.serves, self._row, self._served())
        if not noted:
            await self._join()

    async def _join(self) -> None:
        try:
            self._row = await self._do(self._workers.join, self._served())
        except NotFound:  # the model was deleted, and what is loaded of it is about to go
            self._row = None
        except Exception as error:  # noqa: BLE001 - predictions need no row
            self._row = None
            self._say("worker", f"this worker could not note what it serves: {error}")
        else:
            self._say("worker", None)

    async def _do(self, work: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)


async def all_serve(workers: Workers, pointer: Pointer, version: str, wait_seconds: float) -> bool:
    """Wait until every live worker serves `version`; False if that took longer than allowed, or can't come any more.

    Once the pointer is at another version, nobody takes over this one.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_seconds
    while True:
        try:
            if await loop.run_in_executor(None, workers.all_serve, version):
                return True
            if await loop.run_in_executor(None, pointer.current) != version:
                return False
        except StoreError:
            return False
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(LOOK_SECONDS)
