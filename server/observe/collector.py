"""Picks samples out of what was predicted: once a tick, after the answers are sent, from the records alone.

Of each reason no more wait for the thread that stores them than an hour may have, those with the lowest ranks; what
finds no room, or can't be stored, is dropped and counted. How low a rank must be, the store says each time.
"""

import asyncio
import logging
import time
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from server.machine.background import Background
from server.models.reference import margins as margins_of
from server.observe.answers import Answers
from server.pictures.preprocessing import Input
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.store.errors import StoreError
from server.store.sample import HOUR_SECONDS, Caps, Seen, Why
from server.store.samples import Samples
from server.web.access import Record

STORE_SECONDS = 1.0  # between two looks for what waits
PRUNE_SECONDS = 600.0
PAUSE_SECONDS = 0.0002  # after each picture
UNSURE = 0.5  # margin between the two most probable labels under which an answer may be kept for it

logger = logging.getLogger("relearn")


@dataclass(frozen=True, order=True)
class Waiting:
    """A sample on its way to the store."""

    rank: float
    seen: Seen = field(compare=False)
    model_input: Input = field(compare=False)
    pixels: bytes = field(compare=False)  # of the same picture, which compare sooner


class Collector:
    """The samples of one worker; without `keeping` none are collected, and those there are only grow old."""

    def __init__(
        self,
        samples: Samples,
        caps: Caps,
        share: float,
        keeping: Keeping | None,
        executor: Executor,
        count_dropped: Callable[[int], None],
    ) -> None:
        self._samples = samples
        self._caps = caps
        self._share = share
        self._keeping = keeping
        self._executor = executor
        self._count_dropped = count_dropped
        self._random = np.random.default_rng()
        self._waiting: dict[tuple[Why, int], list[Waiting]] = {}  # by reason and hour, lowest ranks first
        self._gates: dict[tuple[Why, int], float] = {}  # ranks from here on are too high
        self._storing = Background(self._run)

    def start(self) -> None:
        self._storing.start()

    async def stop(self) -> None:
        """Store what waits."""
        await self._storing.stop()
        await self._store()

    def take(self, answers: Iterable[Answers]) -> None:
        """Look at what was predicted since the last tick."""
        if self._keeping is None:
            return
        if missed := self._keeping.let_go():
            self._count_dropped(missed)
        for each in answers:
            self._pick(each)

    def changed(self, record: Record, position: int, answer: Prediction) -> None:
        """Offer an answer that a version in shadow would give otherwise."""
        if self._keeping is not None:
            margin = float(margins_of(answer.probabilities[np.newaxis])[0])
            self._offer(Why.SHADOW, int(time.time()) // HOUR_SECONDS, margin, margin, answer, record, position)

    def _pick(self, answers: Answers) -> None:
        """Offer those answers of one model for which there is a reason."""
        margins, is_unfamiliar = answers.margins, answers.is_unfamiliar
        drawn = self._random.random(len(margins))
        is_random = drawn < self._share
        if is_unfamiliar is None:
            is_unfamiliar = np.zeros(len(margins), bool)
        hour = int(time.time()) // HOUR_SECONDS
        for place in np.flatnonzero(is_random | is_unfamiliar | (margins < UNSURE)).tolist():
            margin, answer = float(margins[place]), answers.told[place]
            why, rank = Why.UNSURE, margin
            if is_random[place]:
                why, rank = Why.RANDOM, float(drawn[place])
            elif is_unfamiliar[place] and answers.scores is not None:
                why, rank = Why.UNFAMILIAR, float(answers.scores[place])
            if isinstance(answer, Prediction):
                self._offer(why, hour, rank, margin, answer, *answers.origin(place))

    def _offer(
        self, why: Why, hour: int, rank: float, margin: float, answer: Prediction, record: Record, position: int
    ) -> None:
        model_input = answer.model_input
        if model_input is None or rank >= self._gates.get((why, hour), np.inf):
            return
        waiting = self._waiting.setdefault((why, hour), [])
        is_full = len(waiting) > self._caps.an_hour  # one more, whose rank says how probable the others were
        if is_full and rank >= waiting[-1].rank:
            self._count_dropped(1)
            return
        pixels = model_input.tobytes()
        if why is not Why.RANDOM and any(pixels == each.pixels for each in waiting):
            return
        if is_full:
            waiting.pop()
            self._count_dropped(1)
        seen = Seen(
            why=why,
            hour=hour,
            rank=rank,
            probability=self._share if why is Why.RANDOM else None,
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            request_id=record.request_id,
            position=position,
            version=answer.model.version,
            predicted=answer.model.labels[answer.best],
            confidence=float(answer.probabilities[answer.best]),
            margin=margin,
            score=None if answer.score is None else float(answer.score),
            score_threshold=answer.model.score_threshold,
        )
        its_own = np.frombuffer(pixels, model_input.dtype).reshape(model_input.shape)  # a batch need not stay for it
        insort(waiting, Waiting(rank, seen, its_own, pixels))

    async def _run(self) -> None:
        pruned = -PRUNE_SECONDS
        while True:
            await self._store()
            if time.monotonic() - pruned >= PRUNE_SECONDS:
                pruned = time.monotonic()
                await self._in_thread(self._prune)
            await asyncio.sleep(STORE_SECONDS)

    async def _store(self) -> None:
        if self._waiting or self._gates:  # which are others once somebody removed samples
            waiting, self._waiting = self._waiting, {}
            some = [each for those in waiting.values() for each in those]
            if not await self._in_thread(lambda: self._add(some)):
                self._count_dropped(len(some))

    async def _in_thread(self, work: Callable[[], None]) -> bool:
        """Whether it could be done."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except (StoreError, OSError) as error:  # of a database or a disk that can't be used others tell
            logger.debug("samples could not be stored: %s", error)
            return False
        return True

    def _add(self, some: Sequence[Waiting]) -> None:
        if some:
            self._samples.add(_at_leisure(some), self._caps)
        with suppress(StoreError):  # those of before will do
            self._gates = self._samples.gates(int(time.time()) // HOUR_SECONDS, self._caps.an_hour)

    def _prune(self) -> None:
        self._samples.prune(self._caps, int(time.time()) // HOUR_SECONDS)


def _at_leisure(some: Sequence[Waiting]) -> Iterator[tuple[Seen, Input]]:
    """One by one, with a rest after each: the event loop waits for who looks at pictures in Python."""
    for each in some:
        yield each.seen, each.model_input
        time.sleep(PAUSE_SECONDS)
