"""Models beside the default, under /m/{name}: loaded when they are first asked, unloaded when nobody has for a while.

The same calls as without that prefix, on what `open_model` makes of a name. What is not loaded costs nothing; of what
is loaded there is a bounded number. Others may delete a model, or make one of its name: so each worker looks at the
catalogue as long as it has any loaded.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from time import monotonic

from starlette.types import Scope

from server.machine.background import Background
from server.settings import Settings
from server.store.catalogue import Catalogue, Known, no_model
from server.store.errors import StoreError
from server.store.watch import Watch
from server.web.calls import Calls
from server.web.errors import Busy

UNDER = "/m/"
PATTERN = "/m/{name}"  # what all of them are called where paths are counted
LOOK_SECONDS = 5.0  # at most between two looks at what is loaded
PAUSE_SECONDS = 0.5  # at least: many changes may come at once

_PATH = re.compile(r"/m/([^/]+)(/.*)", re.DOTALL)

logger = logging.getLogger("relearn")


class Mount:
    """A place for one model in this worker."""

    def __init__(self, name: str, known: Known) -> None:
        self.name = name
        self.known = known
        self.calls: Calls | None = None  # while it is loaded
        self.users = 0  # requests under way, and those that wait until it is loaded
        self.used = monotonic()
        self.takes_room = False  # it is loaded, or about to be, or not unloaded yet
        self.turn = asyncio.Lock()  # of whoever loads or unloads it
        self.context: AbstractAsyncContextManager[Calls] | None = None

    def leave(self) -> None:
        """A request is over."""
        self.users -= 1
        self.used = monotonic()


class Mounts:
    """All that one worker has loaded beside the default model."""

    def __init__(
        self,
        catalogue: Catalogue,
        watch: Watch,
        open_model: Callable[[str], AbstractAsyncContextManager[Calls]],
        settings: Settings,
        wakes: bool,
    ) -> None:
        """`wakes`: of all workers this one loads what somebody has to look after, asked or not."""
        self._catalogue = catalogue
        self._watch = watch
        self._open_model = open_model
        self._default = settings.name
        self._limit = settings.models_loaded
        self._idle_seconds = settings.model_idle_seconds
        self._wakes = wakes
        self._mounts: dict[str, Mount] = {}
        self._leaving: list[Mount] = []  # that are gone, and are still answering
        self._looking = Background(self._run)

    def start(self) -> None:
        self._looking.start()

    async def stop(self) -> None:
        await self._looking.stop()
        for mount in [*self._mounts.values(), *self._leaving]:
            await self._unload(mount)

    def take_off(self, scope: Scope) -> str | None:
        """Make a request's path what it is without /m/{name}; the name, or None for the default's and for no such path.

        As web/prefix.py does, it is remembered for what goes out.
        """
        found = _PATH.fullmatch(scope["path"])
        if found is None:
            return None
        name, scope["path"] = found.groups()
        scope["prefix"] += UNDER + name
        return None if name == self._default else name

    async def take(self, name: str) -> tuple[Mount, Calls]:
        """A model, loaded, to be left after the request; raises NotFound, Busy, or what keeps it from being loaded."""
        mount = self._mounts.get(name)
        if mount is None or mount.calls is None:
            known = (await asyncio.to_thread(self._catalogue.known)).get(name)
            if known is None:
                raise no_model(name)
            mount = self._mounts.setdefault(name, Mount(name, known))
        mount.users += 1
        try:
            return mount, mount.calls or await self._loaded(mount)
        except BaseException:
            mount.leave()
            raise

    async def let_go(self, name: str) -> None:
        """Unload a model that was deleted, once it has answered who asked before."""
        mount = self._mounts.pop(name, None)
        if mount is not None:
            self._leaving.append(mount)
            await self._see_off()

    async def _see_off(self) -> None:
        for mount in [each for each in self._leaving if not each.users]:
            self._leaving.remove(mount)
            await self._unload(mount)

    async def _loaded(self, mount: Mount) -> Calls:
        async with mount.turn:
            if mount.calls is None:
                await self._make_room(mount)
                try:
                    mount.context = self._open_model(mount.name)
                    mount.calls = await mount.context.__aenter__()
                except BaseException:
                    mount.takes_room = False
                    raise
                logger.info("model %s is loaded", mount.name)
            return mount.calls

    async def _make_room(self, mount: Mount) -> None:
        """Unload what was not asked for the longest time, where there are too many; raises Busy if all are in use."""
        idle = [each for each in self._holding() if not each.users and not each.turn.locked()]
        if len(self._holding()) >= self._limit and not idle:
            raise Busy(f"{self._limit} models are loaded and in use, which is the limit; try again shortly")
        full = len(self._holding()) >= self._limit
        mount.takes_room = True
        if full:
            await self._unload(min(idle, key=lambda each: (each.known.is_awake, each.used)))

    def _holding(self) -> list[Mount]:
        return [each for each in self._mounts.values() if each.takes_room]

    async def _unload(self, mount: Mount) -> None:
        async with mount.turn:
            context, mount.calls, mount.context = mount.context, None, None
            if context is None:
                return
            try:
                await context.__aexit__(None, None, None)
            except Exception:
                logger.exception("model %s could not be unloaded in order", mount.name)
            mount.takes_room = False
            logger.info("model %s is unloaded", mount.name)

    async def _run(self) -> None:
        while True:
            turn = self._watch.turn()
            try:
                await self._look(await asyncio.to_thread(self._catalogue.known))
            except (StoreError, Busy) as error:
                logger.debug("what is loaded can't be looked after: %s", error)
            except Exception:
                logger.exception("looking after what is loaded failed")
            await asyncio.sleep(PAUSE_SECONDS)
            await self._watch.wait(turn, LOOK_SECONDS)

    async def _look(self, known: dict[str, Known]) -> None:
        """Unload what is gone, or idle; load what somebody has to look after, as long as there is room."""
        for mount in list(self._mounts.values()):
            found = known.get(mount.name)
            if found is None or found.id != mount.known.id:
                await self.let_go(mount.name)
                continue
            mount.known = found
            is_idle = monotonic() - mount.used > self._idle_seconds and not found.is_awake
            if is_idle and not mount.users:
                await self._unload(mount)
            if mount.context is None and not mount.users and not mount.turn.locked():
                self._mounts.pop(mount.name, None)
        await self._see_off()
        for name, each in known.items() if self._wakes else ():
            if each.is_awake and name not in self._mounts and len(self._holding()) < self._limit:
                await self._loaded(self._mounts.setdefault(name, Mount(name, each)))
