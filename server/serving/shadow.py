"""A version that answers nobody, in one worker: asked once more, in a thread of the lowest priority, what was answered.

Pictures are taken from the records of what was sent; so no request waits for it. As many as it has time for: a few
wait, all others are dropped, and counted. The thread is given all that wait at once, and what it found is added up
there: the event loop has little to do with it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from time import perf_counter, sleep
from typing import NamedTuple

import numpy as np

from server.models.model import Model
from server.pictures.preprocessing import Input
from server.serving.attempts import Fault, problem_in
from server.serving.comparison import Comparison
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor
from server.serving.tally import ROUTES, Arm
from server.web.access import Record

WAITING_LIMIT = 256  # pictures
DRAWN = 256  # numbers at once: one by one they take most of the tick's part
BATCH_LIMIT = 16  # a small one holds the processor for a short time
PAUSE_SECONDS = 0.001  # after each: however low its priority, a thread that has begun a turn is left to end it


class Asked(NamedTuple):
    """An answer that was sent, which place it has in its request, and what it is about."""

    record: Record
    position: int
    answer: Prediction
    model_input: Input


@dataclass
class Found:
    """What the version said of some of them."""

    judged: Arm = field(default_factory=Arm)
    current: Arm = field(default_factory=Arm)
    changed: list[tuple[Asked, str]] = field(default_factory=list)  # those that would be others, "3 → 8"
    fault: tuple[Fault, str] | None = None  # which ended it


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
        on_changed: Callable[[Record, int, Prediction], None],
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
        self._names = [called.get(label, label) for label in model.labels]
        self._waiting: list[Asked] = []
        self._is_busy = False
        self._is_over = False
        self._random = np.random.default_rng()
        self._passed: Iterator[int] = iter(())
        self._next = self._drawn()  # of the answers to come, the next that is drawn, from 1
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
            answers = len(record.answers)
            while self._next <= answers:
                self._offer(record, self._next - 1)
                self._next += self._drawn()
            self._next -= answers
        self._go_on()

    def stop(self) -> None:
        """Ask nothing more."""
        self._is_over = True
        self._keeping.is_on = self._is_kept_for_others
        self._waiting.clear()

    def _drawn(self) -> int:
        # To draw each answer with the same probability is to pass over so many as this distribution says.
        for number in self._passed:
            return number
        self._passed = iter(self._random.geometric(self._share, DRAWN).tolist())
        return next(self._passed)

    def _offer(self, record: Record, position: int) -> None:
        answer = record.answers[position]
        if record.status != 200 or record.route not in ROUTES or record.version != self._against:
            return
        if not isinstance(answer, Prediction) or answer.model_input is None:
            return
        if len(self._waiting) < WAITING_LIMIT:
            self._waiting.append(Asked(record, position, answer, answer.model_input))
        else:
            self.tally.dropped += 1

    def _go_on(self) -> None:
        if self._is_busy or not self._waiting or self.tally.problem is not None:
            return
        self._is_busy = True
        some, self._waiting = self._waiting, []
        asking = asyncio.get_running_loop().run_in_executor(self._executor, self._ask, some)
        asking.add_done_callback(self._note)

    def _ask(self, some: Sequence[Asked]) -> Found:
        found = Found()
        for first in range(0, len(some), BATCH_LIMIT):
            if found.fault is None and not self._is_over:
                self._ask_of(some[first : first + BATCH_LIMIT], found)
                sleep(PAUSE_SECONDS)
        return found

    def _ask_of(self, some: Sequence[Asked], found: Found) -> None:
        images = np.stack([each.model_input for each in some])
        begun = perf_counter()
        try:
            outputs = self._model.predict(images)
        except Exception as error:  # noqa: BLE001 - whatever it fails with, it may not
            found.fault = Fault.FAILED, f"it failed: {str(error)[:200] or repr(error)}"
            return
        seconds = (perf_counter() - begun) / len(some)
        problem, proper = problem_in(outputs)
        if problem is not None:
            found.fault = Fault.IMPROPER, problem
        said = [self._names[best] for best in outputs.probabilities[:proper].argmax(axis=1).tolist()]
        found.judged.note_all(seconds, said)
        for asked, would_be in zip(some[:proper], said, strict=True):
            record, before = asked.record, asked.answer
            label = before.model.labels[before.best]
            was = self._called.get(label, label)
            found.current.note(record.infer_seconds / max(record.batch_size, 1), was)
            if was != would_be:
                found.changed.append((asked, f"{was} → {would_be}"))

    def _note(self, done: "asyncio.Future[Found]") -> None:
        self._is_busy = False
        if done.cancelled():
            return
        found = done.result()
        self.tally.canary.add(found.judged)
        self.tally.current.add(found.current)
        for asked, change in found.changed:
            self.tally.changed[change] += 1
            self._on_changed(asked.record, asked.position, asked.answer)
        if found.fault is not None:
            self._fault(*found.fault)
        self._go_on()
