"""A version that answers nobody, in one worker: asked once more, in a thread of the lowest priority, what was answered.

Pictures are taken from the records of what was sent; so no request waits for it. As many as it has time for: a few
wait, all others are dropped, and counted.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from random import random
from time import perf_counter
from typing import NamedTuple

import numpy as np

from server.models.model import Model
from server.serving.attempts import Fault, problem_of
from server.serving.comparison import Comparison
from server.serving.keeping import Keeping, Kept
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor
from server.serving.tally import ROUTES
from server.web.access import Record

WAITING_LIMIT = 256  # pictures
BATCH_LIMIT = 16  # a small one holds the processor for a short time


class Asked(NamedTuple):
    """An answer that was sent, and whose place it has in its request."""

    record: Record
    position: int
    answer: Kept


class Shadow(Comparison):
    """The version, and what waits for it."""

    def __init__(
        self,
        model: Model,
        keeping: Keeping,
        current: Predictor,
        against: str,
        share: float,
        executor: Executor,
        on_changed: Callable[[Record, int, Kept], None],
        on_problem: Callable[[], None],
        called: Mapping[str, str],
    ) -> None:
        """`on_changed` is told of each answer that would be another; `called` is what labels are called by now."""
        super().__init__(on_problem)
        self._model = model
        self._keeping = keeping
        self._is_kept_for_others = keeping.is_on
        self._current = current
        self._against = against
        self._share = share
        self._executor = executor
        self._on_changed = on_changed
        self._called = called
        self._waiting: deque[Asked] = deque()
        self._is_busy = False
        self.arms = ()
        self.judged, self.other = None, None
        keeping.is_on = True

    def draw(self) -> Predictor:
        return self._current

    def take(self, records: Sequence[Record]) -> None:
        """Draw from what was answered since the last tick."""
        if not self._is_kept_for_others:
            self._keeping.let_go()
        for record in records:
            if record.status != 200 or record.route not in ROUTES or record.version != self._against:
                continue
            for position, answer in enumerate(record.answers):
                if isinstance(answer, Kept) and random() < self._share:  # noqa: S311
                    self._wait(Asked(record, position, answer))
        self._go_on()

    def stop(self) -> None:
        """Ask nothing more."""
        self._keeping.is_on = self._is_kept_for_others
        self._waiting.clear()

    def _wait(self, asked: Asked) -> None:
        if len(self._waiting) < WAITING_LIMIT:
            self._waiting.append(asked)
        else:
            self.tally.dropped += 1

    def _go_on(self) -> None:
        if self._is_busy or not self._waiting or self.tally.problem is not None:
            return
        self._is_busy = True
        some = [self._waiting.popleft() for _ in range(min(BATCH_LIMIT, len(self._waiting)))]
        asking = asyncio.get_running_loop().run_in_executor(self._executor, self._ask, some)
        asking.add_done_callback(lambda done: self._note(some, done))

    def _ask(self, some: Sequence[Asked]) -> tuple[list[Prediction], float]:
        images = np.stack([each.answer.model_input for each in some])
        begun = perf_counter()
        outputs = self._model.predict(images)
        seconds = (perf_counter() - begun) / len(some)
        scores = outputs.scores if outputs.scores is not None else [None] * len(some)
        best = outputs.probabilities.argmax(axis=1).tolist()
        answers = zip(best, outputs.probabilities, scores, strict=True)
        return [Prediction(self._model, *each) for each in answers], seconds

    def _note(self, some: Sequence[Asked], done: "asyncio.Future[tuple[list[Prediction], float]]") -> None:
        self._is_busy = False
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            self._fault(Fault.FAILED, f"it failed: {str(error)[:200] or repr(error)}")
            return
        answers, seconds = done.result()
        for asked, answer in zip(some, answers, strict=True):
            self._compare(asked, answer, seconds)
        self._go_on()

    def _compare(self, asked: Asked, answer: Prediction, seconds: float) -> None:
        problem = problem_of(answer)
        if problem is not None:
            self._fault(Fault.IMPROPER, problem)
            return
        record, position, before = asked
        was, would_be = self._name(before), self._name(answer)
        self.tally.canary.note(seconds, would_be)
        self.tally.current.note(record.infer_seconds / max(record.batch_size, 1), was)
        if was != would_be:
            self.tally.changed[f"{was} → {would_be}"] += 1
            self._on_changed(record, position, before)

    def _name(self, answer: Prediction) -> str:
        label = answer.model.labels[answer.best]
        return self._called.get(label, label)
