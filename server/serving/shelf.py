"""Versions that do not serve, loaded because a call names them: a few at a time, and let go of once nobody asks.

They are loaded by the rules of a take-over (models/trial.py), by a thread of the lowest priority, and have batchers and
queues of their own, so that they take no turn from what serves but the processor's.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from server.machine import memory, priority
from server.models.model import Model
from server.models.trial import Trials
from server.serving.predictor import Held, Predictor
from server.settings import Settings
from server.store.versions import Versions
from server.web.errors import Busy
from server.web.threads import Threads

KEPT = 2
UNUSED_SECONDS = 60.0  # after which a version is let go of
FAILED_SECONDS = 5.0  # that one which could not be loaded is not tried again

Done = TypeVar("Done")


@dataclass
class Place:
    """One version, or the way to it."""

    loading: "asyncio.Task[Predictor]"
    used: float  # loop seconds of the last use
    users: int = 0


class Shelf:
    """The versions that are loaded beside the one that serves; one in each worker."""

    def __init__(self, settings: Settings, versions: Versions, trials: Trials, threads: Threads) -> None:
        self._settings = settings
        self._versions = versions
        self._trials = trials
        self._threads = threads
        self._loader = priority.threads(1, "shelf", priority.NICE_UNAWAITED)
        self._places: dict[str, Place] = {}
        self._is_closed = False

    @property
    def loaded(self) -> set[str]:
        """The versions that are ready to answer."""
        return {
            version
            for version, place in self._places.items()
            if place.loading.done() and not place.loading.cancelled() and place.loading.exception() is None
        }

    @asynccontextmanager
    async def lend(self, version: str) -> AsyncIterator[Predictor]:
        """A version's predictor, which stays as long as it is lent.

        Raises NotFound, BrokenArtifact, or Busy where too many others are lent or it takes long to load; it goes on
        being loaded then.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.queue_timeout_seconds
        if version not in self._places:
            await _until(deadline, version, loop.run_in_executor(self._loader, self._versions.find, version))
        place = self._places.get(version) or self._take(version)
        place.users += 1
        try:
            yield await _until(deadline, version, asyncio.shield(place.loading))
        finally:
            place.users -= 1
            place.used = loop.time()

    def close(self) -> None:
        """Let go of everything; nothing is lent any more."""
        self._is_closed = True
        for version in list(self._places):
            self._drop(version)
        self._loader.shutdown(wait=False)

    def _take(self, version: str) -> Place:
        """A place for a version, in which it begins to be loaded; another one's, if there is none free."""
        if len(self._places) >= KEPT:
            unused = [each for each, place in self._places.items() if not place.users and place.loading.done()]
            if not unused:
                raise Busy(f"{KEPT} other versions are asked beside the one that serves; try again shortly")
            self._drop(min(unused, key=lambda each: self._places[each].used))
        loop = asyncio.get_running_loop()
        place = self._places[version] = Place(loop.create_task(self._load(version)), loop.time())
        place.loading.add_done_callback(lambda loading: self._look_later(version, place, loading))
        return place

    async def _load(self, version: str) -> Predictor:
        model = await asyncio.get_running_loop().run_in_executor(self._loader, self._loaded, version)
        return Predictor(self._settings, Held(model), self._threads)

    def _loaded(self, version: str) -> Model:
        manifest = self._versions.manifest(version)
        return self._trials.load(self._versions.folder(version), manifest, lambda: not self._is_closed)

    def _look_later(self, version: str, place: Place, loading: "asyncio.Task[Predictor]") -> None:
        """Let go of a version in time: soon, if it could not be loaded."""
        if loading.cancelled() or self._is_closed:
            return
        seconds = FAILED_SECONDS if loading.exception() is not None else UNUSED_SECONDS
        asyncio.get_running_loop().call_later(seconds, self._look, version, place, seconds)

    def _look(self, version: str, place: Place, seconds: float) -> None:
        if self._places.get(version) is not place or self._is_closed:
            return
        loop = asyncio.get_running_loop()
        left = place.used + seconds - loop.time()
        if place.users or left > 0:
            loop.call_later(max(left, 1.0), self._look, version, place, seconds)
        else:
            self._drop(version)

    def _drop(self, version: str) -> None:
        loading = self._places.pop(version).loading
        if not loading.done():
            loading.cancel()
        elif not loading.cancelled() and loading.exception() is None:
            self._loader.submit(_let_go, loading.result())


async def _until(deadline: float, version: str, done: "asyncio.Future[Done]") -> Done:
    try:
        async with asyncio.timeout_at(deadline):
            return await done
    except TimeoutError:
        raise Busy(f"version {version[:40]} is being loaded; try again shortly") from None


def _let_go(predictor: Predictor) -> None:
    predictor.batcher.close()
    memory.give_back()
