"""The model that serves now, and how another takes its place: the pointer moved -> load, verify, swap one reference.

The newest look at the pointer wins, always. One task looks and says what is wanted; another loads what is wanted, drops
what no longer is, and tries again what failed. A model is swapped in only by the leave of a transaction that sees the
pointer at it, so that a call which moved the pointer, and found every worker where it wants them, has found the truth.
A batch in flight finishes on the model it started with.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from server.machine import memory, priority
from server.machine.background import Background
from server.models.model import Dropped, Model
from server.models.trial import Trials
from server.pictures.preprocessing import Preprocessing
from server.serving.presence import Presence
from server.store.errors import BrokenArtifact, StoreError
from server.store.pointer import Pointer
from server.store.versions import Versions
from server.store.watch import Watch
from server.store.workers import Workers

RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # between attempts at a version that could not be loaded
SETTLE_SECONDS = 0.2  # after a swap, until no batch can be running on the model before

logger = logging.getLogger("relearn")


class Serving:
    """Owns the reference to the model in use, for one worker process."""

    def __init__(
        self,
        pointer: Pointer,
        versions: Versions,
        workers: Workers,
        watch: Watch,
        trials: Trials,
        on_reload: Callable[[bool], None],
        before: Callable[[str], Awaitable[None]],
    ) -> None:
        self._pointer = pointer
        self._versions = versions
        self._watch = watch
        self._trials = trials
        self._on_reload = on_reload  # told of each take-over tried: whether it succeeded
        self._before = before  # awaited with each version that is about to serve
        self._loader = priority.threads(1, "load", priority.NICE_UNAWAITED)
        self._trier = priority.threads(1, "try")  # its children have its priority: at the loader's they take for ever
        self._looker = priority.threads(2, "look")
        self._work = [Background(self._follow), Background(self._load_wanted)]
        self._wanted: str | None = None
        self._aim = asyncio.Event()  # set when something else is wanted
        self._problems: dict[str, str] = {}
        self._stopping = False
        self._is_guess = False  # that what serves is current: the pointer could not be read
        self._presence = Presence(workers, self._looker, self._served, self._say)
        self.model: Model | None = None

    @property
    def problems(self) -> list[str]:
        """What is wrong with what serves, a sentence each."""
        return list(self._problems.values())

    @property
    def problem(self) -> str | None:
        """All of it in one; None if nothing is wrong."""
        return "; ".join(self._problems.values()) or None

    async def start(self) -> None:
        """Load the current version, or the best one there is behind it, and begin to follow the pointer."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._boot)
        await self._presence.begin()
        for work in self._work:
            work.start()

    async def stop(self) -> None:
        self._stopping = True
        for work in self._work:
            await work.stop()
        for pool in (self._trier, self._loader):
            pool.shutdown(wait=False, cancel_futures=True)
        await self._presence.end()
        self._looker.shutdown(wait=False)

    async def look(self) -> None:
        """Look where the pointer is, and want that."""
        loop = asyncio.get_running_loop()
        try:
            wanted = await loop.run_in_executor(self._looker, self._pointer.current)
        except StoreError as error:
            self._say("store", self._without_pointer(str(error)))
            return
        except Exception as error:
            logger.exception("a look at the pointer failed")
            self._say("store", self._without_pointer(repr(error)))
            return
        self._say("store", None)
        self._is_guess = False
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
            await loop.run_in_executor(self._trier, self._check, wanted)
            model = await loop.run_in_executor(self._loader, self._load, wanted, partial(self._is_wanted, wanted))
            await self._before(wanted)
            if not await self._presence.take_over(wanted, partial(self._swap, model)):
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
        logger.info("serving version %s", wanted)
        return True

    def _swap(self, model: Model) -> None:
        self.model = model

    def _boot(self) -> None:
        candidates = self._candidates()
        for version in candidates:
            try:
                self.model = self._load(version, lambda: not self._stopping)
            except Exception as error:
                self._problems.setdefault("load", f"version {version} can't be served: {str(error) or repr(error)}")
                foreseen = isinstance(error, BrokenArtifact)
                logger.error("version %s can't be served: %s", version, error, exc_info=not foreseen)
            else:
                self._wanted = candidates[0] if "store" not in self._problems else None
                logger.info("serving version %s of %s", version, self._versions.name)
                return
        self._problems.setdefault("load", self._nothing())

    def _candidates(self) -> list[str]:
        """The versions to try: along the pointer's moves; by what lies on the disk if those can't be read at all."""
        try:
            return self._pointer.fallbacks()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the store, predictions go on
            words = str(error) or repr(error)
        try:
            found = self._pointer.rescued()
        except Exception as error:  # noqa: BLE001 - as above
            logger.error("%s", error)
            self._is_guess = True
            found = self._versions.on_disk()
        self._problems["store"] = self._without_pointer(words)
        logger.error("%s", self._problems["store"])
        return found

    def _without_pointer(self, words: str) -> str:
        serves = "what serves may not be the current version" if self._is_guess else "what serves goes on serving"
        return f"the pointer can't be read: {words}; {serves}; predictions only"

    def _check(self, version: str) -> None:
        """Have a version tried, if it can take over; raises BrokenArtifact, or Dropped."""
        manifest = self._versions.manifest(version)
        if not self.fits(manifest.preprocessing):
            raise BrokenArtifact(
                f"version {version} reads pictures another way than the one that serves; restart to serve it"
            )
        self._trials.check(self._versions.folder(version), manifest, partial(self._is_wanted, version))

    def _load(self, version: str, is_wanted: Callable[[], bool]) -> Model:
        return self._trials.load(self._versions.folder(version), self._versions.manifest(version), is_wanted)

    def fits(self, preprocessing: Preprocessing) -> bool:
        """Whether a version can take over from the one that serves, without a restart.

        Labels may differ: every answer names those of the model that gave it. Each picture is read by the version that
        serves then; the few that wait in the queue meanwhile are of a form that the new one takes, whatever its
        preprocessing's number.
        """
        return self.model is None or preprocessing.is_like(self.model.preprocessing)

    def _is_wanted(self, version: str) -> bool:
        return self._wanted == version and not self._stopping

    def _serves(self, version: str) -> bool:
        return self._served() == version

    def _served(self) -> str | None:
        return self.model.version if self.model is not None else None

    def _say(self, kind: str, problem: str | None) -> None:
        """Keep what is wrong for /health; log it once."""
        if problem is None:
            if self._problems.pop(kind, None) is not None:
                logger.info("over: the problem with the %s", kind)
        elif self._problems.get(kind) != problem:
            self._problems[kind] = problem
            logger.error("%s", problem)

    def _nothing(self) -> str:
        return f"there is no version of {self._versions.name!r} yet: upload pictures of each class, then POST /retrain"
