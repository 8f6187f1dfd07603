"""The model that serves now, and how another takes its place: the pointer moved -> load, verify, swap one reference.

The newest look at the pointer wins, always. One task looks and says what is wanted; another loads what is wanted, drops
what no longer is, and tries again what failed. A model is swapped in only by the leave of a transaction that sees the
pointer at it, so that a call which moved the pointer, and found every worker where it wants them, has found the truth.
A batch in flight finishes on the model it started with.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial

from server.machine import memory, priority
from server.models.model import Dropped, Model, load
from server.store import living
from server.store.errors import BrokenArtifact, NotFound, StoreError
from server.store.versions import Versions
from server.store.watch import Watch
from server.store.workers import Workers

RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # between attempts at a version that could not be loaded
SETTLE_SECONDS = 0.2  # after a swap, until no batch can be running on the model before
LOOK_SECONDS = 0.02  # between looks at where the workers are, while a promotion waits for them

logger = logging.getLogger("relearn")


class Serving:
    """Owns the reference to the model in use, for one worker process."""

    def __init__(
        self,
        versions: Versions,
        workers: Workers,
        watch: Watch,
        batch_limit: int,
        on_reload: Callable[[bool], None],
    ) -> None:
        self._versions = versions
        self._workers = workers
        self._watch = watch
        self._batch_limit = batch_limit
        self._on_reload = on_reload  # told of each take-over tried: whether it succeeded
        self._loader = priority.threads(1, "load", priority.NICE_UNAWAITED)
        self._looker = priority.threads(2, "look")
        self._tasks: list[asyncio.Task[None]] = []
        self._wanted: str | None = None
        self._aim = asyncio.Event()  # set when something else is wanted
        self._row: int | None = None  # this worker's in the database
        self._noting = asyncio.Lock()  # held from a look at what serves until the row says it, and the other way round
        self._problems: dict[str, str] = {}
        self.model: Model | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong with what serves, in a sentence; None if nothing is."""
        return "; ".join(self._problems.values()) or None

    async def start(self) -> None:
        """Load the current version, or the best one there is behind it, and begin to follow the pointer."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._boot)
        await self._join()
        self._tasks = [asyncio.create_task(each) for each in (self._follow(), self._load_wanted(), self._beat())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._loader.shutdown(wait=False, cancel_futures=True)
        if self._row is not None:
            with contextlib.suppress(StoreError):
                await asyncio.get_running_loop().run_in_executor(self._looker, self._workers.leave, self._row)
        self._looker.shutdown(wait=False)

    async def look(self) -> None:
        """Look where the pointer is, and want that."""
        loop = asyncio.get_running_loop()
        try:
            wanted = await loop.run_in_executor(self._looker, self._versions.current)
        except StoreError as error:
            self._say("store", f"the pointer can't be read: {error}; what serves goes on serving")
            return
        except Exception as error:
            logger.exception("a look at the pointer failed")
            self._say("store", f"the pointer can't be read: {error!r}; what serves goes on serving")
            return
        self._say("store", None)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._aim.set()
        if wanted is None:
            self._say("load", None if self.model is not None else self._nothing())
        elif self._serves(wanted):
            self._say("load", None)

    async def _follow(self) -> None:
        while True:
            turn = self._watch.turn()
            await self.look()
            await self._watch.wait(turn)

    async def _load_wanted(self) -> None:
        """Load what is wanted, again and again until it serves or something else is wanted."""
        failures = 0
        while True:
            self._aim.clear()
            wanted = self._wanted
            if wanted is None or self._serves(wanted):
                failures = 0
                await self._aim.wait()
            elif await self._try(wanted):
                failures = 0
                await asyncio.sleep(SETTLE_SECONDS)
                await asyncio.get_running_loop().run_in_executor(self._loader, memory.give_back)
            elif self._wanted != wanted:
                failures = 0
            else:
                pause = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                failures += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._aim.wait(), pause)

    async def _try(self, wanted: str) -> bool:
        """Load a version and swap it in, if the pointer is still there; whether it serves now."""
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(self._loader, self._load, wanted)
            async with self._noting:
                taken = await self._may_serve(wanted)
                if taken:
                    self.model = model
            if not taken:
                await self.look()  # the pointer moved just now
                return False
        except Dropped:
            return False
        except Exception as error:
            if self._wanted != wanted:
                return False
            if not isinstance(error, BrokenArtifact | StoreError | OSError):
                logger.exception("loading version %s failed in a way that nobody foresaw", wanted)
            serving = self.model.version if self.model is not None else "none"
            self._on_reload(False)
            self._say(
                "load", f"could not take over version {wanted}, still serving {serving}: {str(error) or repr(error)}"
            )
            return False
        self._say("load", None)
        self._on_reload(True)
        logger.info("serving version %s", model.version)
        return True

    async def _may_serve(self, version: str) -> bool:
        loop = asyncio.get_running_loop()
        if self._row is None:
            await self._join()
            if self._row is None:
                raise StoreError(self._problems.get("worker", "the database can't be written"))
        try:
            return await loop.run_in_executor(self._looker, self._workers.may_serve, self._row, version)
        except NotFound:  # the others took this worker for dead
            await self._join()
            return False

    async def _join(self) -> None:
        """Take a row among the workers, which says what this one serves."""
        version = self.model.version if self.model is not None else None
        try:
            self._row = await asyncio.get_running_loop().run_in_executor(self._looker, self._workers.join, version)
        except Exception as error:  # noqa: BLE001 - predictions need no row
            self._row = None
            self._say("worker", f"this worker could not note what it serves: {error}")
        else:
            self._say("worker", None)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(living.BEAT_SECONDS)
            lives = False
            with contextlib.suppress(Exception):  # joining then says what is wrong
                lives = self._row is not None and await loop.run_in_executor(
                    self._looker, self._workers.beat, self._row
                )
            if not lives:
                async with self._noting:
                    await self._join()

    def _boot(self) -> None:
        candidates = self._candidates()
        for version in candidates:
            try:
                self.model = self._load_any(version)
            except Exception as error:
                self._problems.setdefault("load", f"version {version} can't be served: {str(error) or repr(error)}")
                logger.error(
                    "version %s can't be served: %s", version, error, exc_info=not isinstance(error, BrokenArtifact)
                )
            else:
                self._wanted = candidates[0] if "store" not in self._problems else None
                logger.info("serving version %s of %s", version, self._versions.name)
                return
        self._problems.setdefault("load", self._nothing())

    def _candidates(self) -> list[str]:
        """The versions to try: along the pointer's moves; by what lies on the disk if those can't be read."""
        try:
            return list(self._versions.fallbacks())
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the store, predictions go on
            problem = f"the store can't be read, so it is not known which version is current: {error}; predictions only"
            self._problems["store"] = problem
            logger.error("%s", problem)
            return self._versions.on_disk()

    def _load_any(self, version: str) -> Model:
        manifest = self._versions.manifest(version)
        return load(self._versions.folder(version), manifest, self._batch_limit)

    def _load(self, version: str) -> Model:
        manifest = self._versions.manifest(version)
        if not self.fits(manifest.labels, manifest.preprocessing):
            raise BrokenArtifact(
                f"version {version} has other labels or preprocessing than the one that serves; restart to serve it"
            )
        is_wanted = partial(self._is_wanted, version)
        return load(self._versions.folder(version), manifest, self._batch_limit, is_wanted)

    def fits(self, labels: tuple[str, ...], preprocessing: object) -> bool:
        """Whether a version of that contract can take over from the one that serves, without a restart."""
        now = self.model
        return now is None or (labels, preprocessing) == (now.labels, now.preprocessing)

    def _is_wanted(self, version: str) -> bool:
        return self._wanted == version

    def _serves(self, version: str) -> bool:
        return self.model is not None and self.model.version == version

    def _say(self, kind: str, problem: str | None) -> None:
        """Keep what is wrong for /health; log it once."""
        if problem is None:
            if self._problems.pop(kind, None) is not None:
                logger.info("over: the problem with the %s", kind)
        elif self._problems.get(kind) != problem:
            self._problems[kind] = problem
            logger.error("%s", problem)

    def _nothing(self) -> str:
        return f"there is no version of {self._versions.name!r}; train one with `make train`"


async def all_serve(workers: Workers, version: str, wait_seconds: float) -> bool:
    """Wait until every live worker serves `version`; False if that took longer than allowed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_seconds
    while True:
        try:
            served = await loop.run_in_executor(None, workers.versions)
        except StoreError:
            return False
        if all(each == version for each in served):
            return True
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(LOOK_SECONDS)
