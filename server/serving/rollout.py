"""The shadow, canary or watch of one model as one worker has it: seen in the database, compared, told of each second.

Any worker that finds it over ends it for all. What it has counted is in the database but for the last second, so that
one that is killed, or all of them, lose no more: whoever starts finds what goes on and goes on with it.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from server.machine import priority
from server.machine.background import Background
from server.models.trial import Trials
from server.serving.comparison import Comparison
from server.serving.judge import verdict
from server.serving.keeping import Keeping
from server.serving.pairing import Called, Pairing
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor
from server.serving.tally import Tally
from server.settings import Settings
from server.store.canaries import Canaries
from server.store.canary import Canary, Known, Outcome, Role, Verdict, moved
from server.store.errors import BrokenArtifact, NotFound, StoreError
from server.store.living import own
from server.store.versions import Versions
from server.store.watch import Watch
from server.web.access import Record
from server.web.threads import Threads

REPORT_SECONDS = 1.0
BLIND_SECONDS = 5.0  # after which nobody is given to a canary that nobody could judge
RETRY_SECONDS = 2.0

Done = TypeVar("Done")

logger = logging.getLogger("relearn")


class Rollout:
    """Follows the shadows, canaries and watches of one model; one in each worker."""

    def __init__(
        self,
        settings: Settings,
        store: Canaries,
        versions: Versions,
        trials: Trials,
        predictor: Predictor,
        threads: Threads,
        keeping: Keeping,
        watch: Watch,
        on_changed: Callable[[Record, int, Prediction], None],
        count: Callable[[Canary, Comparison], None],
        count_end: Callable[[Canary], None],
        called: Called,
    ) -> None:
        """`on_changed` is told of each answer that a version in shadow would give otherwise, `count` each second of
        what goes on, and `count_end` of what is over; `called` says what labels are read as now."""
        self._store = store
        self._watch = watch
        self._count = count
        self._count_end = count_end
        self._worker = f"{own()} {uuid.uuid4().hex[:8]}"
        self._found: int | None = None  # the number of the one that went on at the last look
        self._teller = priority.threads(1, "verdict")
        self._following = Background(self._follow)
        told = watch.tell, on_changed, called
        self._pairing = Pairing(settings, versions, trials, predictor, threads, keeping, *told)
        self.take: Callable[[Sequence[Record]], None] = self._pairing.take

    def start(self) -> None:
        self._following.start()

    async def stop(self) -> None:
        await self._following.stop()
        self._pairing.stop()
        self._teller.shutdown(wait=False)

    @property
    def waiting(self) -> int:
        """Rows that wait for those that are compared."""
        return self._pairing.waiting

    async def prepare(self, version: str) -> None:
        """Have the version before stand behind one that is about to serve here, if it is to be watched."""
        with suppress(StoreError, OSError):
            found = await asyncio.get_running_loop().run_in_executor(None, self._store.open)
            if found is not None and found.role is Role.WATCH and found.version == version:
                self._pairing.stand_behind(found)

    async def _follow(self) -> None:
        while True:
            turn = self._watch.turn()
            try:
                found = await self._do(self._store.open)
                if self._found is not None and (found is None or found.id != self._found):
                    await self._tell_end(self._found)
                if found is not None:
                    self._found = found.id
                    await self._try(found)
                    continue
                self._pairing.forget()
            except Exception as error:
                if not isinstance(error, StoreError | OSError):
                    logger.exception("a canary could not be followed")
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await self._watch.wait(turn)

    async def _tell_end(self, number: int) -> None:
        over = await self._do(self._store.over, number)
        self._found = None
        if over is not None:
            self._count_end(over)

    async def _try(self, found: Canary) -> None:
        """Compare two versions until that is over."""
        is_watch = found.role is Role.WATCH
        try:
            comparison: Comparison | None
            if found.role is Role.SHADOW:
                comparison = await self._pairing.shadow(found)
            elif found.role is Role.CANARY:
                comparison = await self._pairing.canary(found)
            else:
                comparison = await self._pairing.watched(found, lambda: self._goes_on(found))
        except (BrokenArtifact, NotFound) as error:
            outcome = Outcome.ENDED if is_watch else Outcome.RETURNED
            await self._end(found, Verdict(outcome, f"version {found.beside} could not be loaded: {error}"))
            return
        if comparison is None:
            return
        is_sent_back = False
        try:
            await self._follow_one(found, comparison)
            if is_watch:
                over = await self._do(self._store.over, found.id)
                is_sent_back = over is not None and over.outcome is Outcome.RETURNED
        finally:
            self._pairing.release(comparison, found.version if is_sent_back else None)

    async def _follow_one(self, found: Canary, comparison: Comparison) -> None:
        tally = comparison.tally
        began = monotonic() - Tally.of(found.parts).seconds
        known_at = monotonic()
        while True:
            turn = self._watch.turn()
            tally.seconds = monotonic() - began
            self._count(found, comparison)
            try:
                known = await self._do(self._store.add, found.id, self._worker, tally.to_json())
                if known is None:
                    return
                known_at = monotonic()
                if await self._is_over(found, comparison, known):
                    return
            except StoreError as error:
                logger.debug("a canary could not be judged: %s", error)
            is_known = monotonic() - known_at < BLIND_SECONDS
            if found.role is Role.WATCH or (tally.problem is None and is_known):
                self._pairing.put(comparison)
            else:
                self._pairing.take_off(comparison)
            until = monotonic() + REPORT_SECONDS
            while (left := until - monotonic()) > 0 and not turn.is_set():
                await self._watch.wait(turn, left)
                if turn.is_set() and tally.problem is None and await self._goes_on(found):
                    turn = self._watch.turn()  # others write what they have counted
            comparison.hurry()

    async def _goes_on(self, found: Canary) -> bool:
        try:
            now = await self._do(self._store.open)
        except StoreError:
            return True
        return now is not None and now.id == found.id

    async def _is_over(self, found: Canary, comparison: Comparison, known: Known) -> bool:
        if known.moved_to is not None:
            over: Verdict | None = moved(known.moved_to)
        else:
            over = verdict(found, Tally.of(known.parts), known.told)
        if over is not None:
            if found.role is Role.CANARY:
                self._pairing.take_off(comparison)
            await self._end(found, over)
        return over is not None

    async def _end(self, found: Canary, over: Verdict) -> None:
        try:
            was_ours = await self._do(self._store.end, found.id, over)
        except NotFound as error:
            over = Verdict(Outcome.ENDED, str(error))
            was_ours = await self._do(self._store.end, found.id, over)
        if was_ours:
            words = found.role.value, found.id, found.version, over.outcome.value, over.why
            logger.info("the %s %s of version %s has ended: %s: %s", *words)
            self._watch.tell()

    async def _do(self, work: Callable[..., Done], *arguments: object) -> Done:
        return await asyncio.get_running_loop().run_in_executor(self._teller, work, *arguments)
