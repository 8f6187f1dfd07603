"""A canary as one worker has it: seen in the database, loaded, tried, told about once a second, and let go of.

Any worker that finds it over ends it for all. What it has counted is in the database but for the last second, so that
one that is killed, or all of them, lose no more: whoever starts finds the canary and goes on with it.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TypeVar

from server.machine import memory, priority
from server.machine.background import Background
from server.models.model import Model
from server.models.trial import Trials
from server.serving.canary import Canary
from server.serving.judge import SLOWER, verdict
from server.serving.keeping import Keeping
from server.serving.predictor import Predictor
from server.serving.tally import Tally
from server.settings import Settings
from server.store import canaries
from server.store.canaries import Canaries, Outcome, Verdict
from server.store.errors import BrokenArtifact, NotFound, StoreError
from server.store.living import own
from server.store.versions import Versions
from server.store.watch import Watch
from server.web.access import Record
from server.web.threads import Threads

REPORT_SECONDS = 1.0
BLIND_SECONDS = 5.0  # after which nobody is given to a canary that nobody could judge
RETRY_SECONDS = 2.0
SLOWER_SECONDS = 0.001  # of a largest batch: a smaller difference says nothing

Done = TypeVar("Done")

logger = logging.getLogger("relearn")


class Rollout:
    """Follows the canaries of one model; one in each worker."""

    def __init__(
        self,
        settings: Settings,
        store: Canaries,
        versions: Versions,
        trials: Trials,
        predictor: Predictor,
        threads: Threads,
        keeping: Keeping | None,
        watch: Watch,
    ) -> None:
        self._settings = settings
        self._store = store
        self._versions = versions
        self._trials = trials
        self._predictor = predictor
        self._threads = threads
        self._keeping = keeping
        self._watch = watch
        self._worker = f"{own()} {uuid.uuid4().hex[:8]}"
        self._loader = priority.threads(1, "canary", priority.NICE_UNAWAITED)
        self._teller = priority.threads(1, "verdict")
        self._following = Background(self._follow)
        self._canary: Canary | None = None
        self._is_stopping = False

    def start(self) -> None:
        self._following.start()

    async def stop(self) -> None:
        self._is_stopping = True
        self._predictor.canary = None
        await self._following.stop()
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._teller.shutdown(wait=False)

    def take(self, records: Sequence[Record]) -> None:
        """Look at what was predicted since the last tick."""
        if self._canary is not None:
            self._canary.take(records)

    async def _follow(self) -> None:
        while True:
            turn = self._watch.turn()
            try:
                found = await self._do(self._store.open)
                if found is not None:
                    await self._try(found)
                    continue
            except Exception as error:
                if not isinstance(error, StoreError | OSError):
                    logger.exception("a canary could not be followed")
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await self._watch.wait(turn)

    async def _try(self, found: canaries.Canary) -> None:
        """Give it its share of the requests until it is over."""
        try:
            await self._do(self._check, found.version)
            model = await asyncio.get_running_loop().run_in_executor(self._loader, self._load, found.version)
        except (BrokenArtifact, NotFound) as error:
            await self._end(found, Verdict(Outcome.RETURNED, f"it could not be loaded: {error}"))
            return
        canary = Canary(
            self._settings,
            model,
            self._threads,
            self._keeping,
            self._predictor,
            found.against,
            self._problem_found,
        )
        self._canary = canary
        canary.tally.problem = await asyncio.get_running_loop().run_in_executor(self._loader, self._cost, model)
        began = monotonic() - Tally.of(found.parts).seconds
        try:
            await self._follow_one(found, canary, began)
        finally:
            self._predictor.canary = None
            self._canary = None
            with contextlib.suppress(asyncio.CancelledError):
                await _emptied(canary)
            self._loader.submit(_let_go, canary)

    async def _follow_one(self, found: canaries.Canary, canary: Canary, began: float) -> None:
        known_at = monotonic()
        while True:
            turn = self._watch.turn()
            canary.tally.seconds = monotonic() - began
            try:
                known = await self._do(self._store.add, found.id, self._worker, canary.tally.to_json())
                if known is None:
                    return
                known_at = monotonic()
                if await self._is_over(found, known):
                    return
            except StoreError as error:
                logger.debug("a canary could not be judged: %s", error)
            is_known = monotonic() - known_at < BLIND_SECONDS
            if canary.tally.problem is None and is_known:
                self._predictor.canary, self._predictor.canary_share = canary, found.percent / 100
            else:
                self._predictor.canary = None
            until = monotonic() + REPORT_SECONDS
            while (left := until - monotonic()) > 0 and not turn.is_set():
                await self._watch.wait(turn, left)
                if turn.is_set() and canary.tally.problem is None and await self._goes_on(found):
                    turn = self._watch.turn()  # others write what they have counted
            canary.hurry()

    async def _goes_on(self, found: canaries.Canary) -> bool:
        try:
            now = await self._do(self._store.open)
        except StoreError:
            return True
        return now is not None and now.id == found.id

    async def _is_over(self, found: canaries.Canary, known: canaries.Known) -> bool:
        if known.moved_to is not None:
            over: Verdict | None = canaries.moved(known.moved_to)
        else:
            over = verdict(found, Tally.of(known.parts), known.told)
        if over is not None:
            await self._end(found, over)
        return over is not None

    async def _end(self, found: canaries.Canary, over: Verdict) -> None:
        self._predictor.canary = None
        try:
            was_ours = await self._do(self._store.end, found.id, over)
        except NotFound as error:
            over = Verdict(Outcome.ENDED, str(error))
            was_ours = await self._do(self._store.end, found.id, over)
        if was_ours:
            logger.info("the canary %s of version %s has ended: %s: %s", found.id, found.version, *_words(over))
            self._watch.tell()

    def _problem_found(self) -> None:
        """The request that showed it is the last one."""
        self._predictor.canary = None
        self._watch.tell()

    def _check(self, version: str) -> None:
        self._versions.find(version)
        self._trials.check(self._versions.folder(version), self._versions.manifest(version), self._is_wanted)

    def _load(self, version: str) -> Model:
        return self._trials.load(self._versions.folder(version), self._versions.manifest(version), self._is_wanted)

    def _is_wanted(self) -> bool:
        return not self._is_stopping

    def _cost(self, model: Model) -> str | None:
        """Whether it takes much more of the processor than the current version, measured once more if it seems so."""
        current = self._predictor.model
        if not _is_costly(model, current):
            return None
        first = model.batch_seconds
        model.warm_up(self._settings.batch_limit)
        model.batch_seconds = min(first, model.batch_seconds)
        if not _is_costly(model, current):
            return None
        return (
            f"{self._settings.batch_limit} pictures take it {model.batch_seconds * 1e3:.3g} ms of processor time, "
            f"version {current.version} {current.batch_seconds * 1e3:.3g}"
        )

    async def _do(self, work: Callable[..., Done], *arguments: object) -> Done:
        return await asyncio.get_running_loop().run_in_executor(self._teller, work, *arguments)


def _is_costly(model: Model, current: Model) -> bool:
    more = model.batch_seconds - current.batch_seconds
    return more > SLOWER_SECONDS and model.batch_seconds > SLOWER * current.batch_seconds


def _words(over: Verdict) -> tuple[str, str]:
    return over.outcome.value, over.why


async def _emptied(canary: Canary) -> None:
    """Wait for the answers that it still owes, or until the current version was asked instead."""
    while canary.hurry():  # noqa: ASYNC110 - each look is work as well
        await asyncio.sleep(0.05)


def _let_go(canary: Canary) -> None:
    canary.batcher.close()
    memory.give_back()
