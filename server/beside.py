"""The models beside the default in one worker: made when they are asked for, and lent by their names."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from server.lifespan import telling, working
from server.routes.service import Service
from server.web.calls import Calls
from server.web.mounts import Mounts


class Beside:
    """What one worker has loaded of them."""

    def __init__(self, default: Service, make: Callable[[str], Service], calls: Callable[[Service], Calls]) -> None:
        """`make` has the parts of a model by its name, in a thread; `calls` what there is to be called of it."""
        self._default = default
        self._make = make
        self._calls = calls
        self._opened: dict[Calls, Service] = {}
        settings, is_first = default.settings, default.crew.place == 0
        self.mounts = Mounts(default.memory.catalogue, default.watch, self._open, settings, is_first)

    @asynccontextmanager
    async def lend(self, name: str) -> AsyncIterator[Service]:
        """Any model, loaded, the default too; raises NotFound, Busy, or what keeps it from being loaded."""
        if name == self._default.settings.name:
            yield self._default
            return
        mount, calls = await self.mounts.take(name)
        try:
            yield self._opened[calls]
        finally:
            mount.leave()

    @asynccontextmanager
    async def _open(self, name: str) -> AsyncIterator[Calls]:
        one = await asyncio.to_thread(self._make, name)
        calls = self._calls(one)
        async with working(one), telling(one):
            self._opened[calls] = one
            try:
                yield calls
            finally:
                del self._opened[calls]
