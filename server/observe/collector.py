"""Picks samples out of what was predicted: once a tick, after the answers are sent, from the records alone.

Of each reason no more wait for the thread that stores them than an hour may have, those with the lowest ranks; what
finds no room, or can't be stored, is dropped and counted. How low a rank must be, the store says after each time.
"""

import asyncio
import logging
import time
from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from server.machine.background import Background
from server.models.reference import margins as margins_of
from server.pictures.preprocessing import Input
from server.serving.keeping import Keeping, Kept
from server.store.errors import StoreError
from server.store.sample import HOUR_SECONDS, Caps, Seen, Why
from server.store.samples import Samples
from server.web.access import Record

STORE_SECONDS = 1.0  # between two looks for what waits
PRUNE_SECONDS = 600.0
UNSURE = 0.5  # margin between the two most probable labels under which an answer may be kept for it

logger = logging.getLogger("relearn")

Told = tuple[Record, int, Kept]  # an answer, and its place among those of its request


@dataclass(frozen=True, order=True)
class Waiting:
    """A sample on its way to the store."""

    rank: float
    seen: Seen = field(compare=False)
    model_input: Input = field(compare=False)


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

    def take(self, records: Iterable[Record]) -> None:
        """Look at what was predicted since the last tick."""
        if self._keeping is None:
            return
        if missed := self._keeping.let_go():
            self._count_dropped(missed)
        told = [
            (record, position, each)
            for record in records
            for position, each in enumerate(record.answers)
            if isinstance(each, Kept)
        ]
        for model in {each.model for _, _, each in told}:
            self._pick([each for each in told if each[2].model is model])

    def changed(self, record: Record, position: int, kept: Kept) -> None:
        """Offer an answer that a version in shadow would give otherwise."""
        if self._keeping is not None:
            margin = float(margins_of(kept.probabilities[np.newaxis])[0])
            self._offer(Why.SHADOW, int(time.time()) // HOUR_SECONDS, margin, margin, (record, position, kept))

    def _pick(self, told: Sequence[Told]) -> None:
        """Offer those answers of one model for which there is a reason."""
        model = told[0][2].model
        margins = margins_of(np.stack([each.probabilities for _, _, each in told]))
        drawn = self._random.random(len(told))
        is_random = drawn < self._share
        is_unfamiliar, scores = np.zeros(len(told), bool), margins
        if model.score_threshold is not None and told[0][2].score is not None:
            scores = np.array([each.score for _, _, each in told])
            is_unfamiliar = scores < model.score_threshold
        hour = int(time.time()) // HOUR_SECONDS
        for place in np.flatnonzero(is_random | is_unfamiliar | (margins < UNSURE)).tolist():
            why, ranks = (
                (Why.RANDOM, drawn)
                if is_random[place]
                else (Why.UNFAMILIAR, scores)
                if is_unfamiliar[place]
                else (Why.UNSURE, margins)
            )
            self._offer(why, hour, float(ranks[place]), float(margins[place]), told[place])

    def _offer(self, why: Why, hour: int, rank: float, margin: float, told: Told) -> None:
        if rank >= self._gates.get((why, hour), np.inf):
            return
        waiting = self._waiting.setdefault((why, hour), [])
        is_full = len(waiting) > self._caps.an_hour  # one more, whose rank says how probable the others were
        if is_full and rank >= waiting[-1].rank:
            self._count_dropped(1)
            return
        record, position, kept = told
        if why is not Why.RANDOM and any(np.array_equal(kept.model_input, each.model_input) for each in waiting):
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
            version=kept.model.version,
            predicted=kept.model.labels[kept.best],
            confidence=float(kept.probabilities[kept.best]),
            margin=margin,
            score=None if kept.score is None else float(kept.score),
            score_threshold=kept.model.score_threshold,
        )
        insort(waiting, Waiting(rank, seen, kept.model_input.copy()))  # of a batch that need not stay for it

    async def _run(self) -> None:
        pruned = -PRUNE_SECONDS
        while True:
            await self._store()
            if time.monotonic() - pruned >= PRUNE_SECONDS:
                pruned = time.monotonic()
                await self._in_thread(self._prune)
            await asyncio.sleep(STORE_SECONDS)

    async def _store(self) -> None:
        if self._waiting:
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
        self._gates = self._samples.add([(each.seen, each.model_input) for each in some], self._caps)

    def _prune(self) -> None:
        self._samples.prune(self._caps, int(time.time()) // HOUR_SECONDS)
