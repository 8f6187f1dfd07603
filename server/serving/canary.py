"""A version that some requests are given to, in one worker: by chance, each with the current version behind it.

Whatever it does not answer as a version must (an error, no probabilities, no answer in time) the current version
answers instead, and nobody notices but those who wait a little longer. What it did is counted from the records, once a
tick.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic, perf_counter

import numpy as np

from server.models.model import Model
from server.pictures.preprocessing import Input
from server.serving.batcher import Answer, Batcher, QueueFull, QueueTimeout, Receiver, Row
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.serving.predictor import Held, Predictor
from server.serving.tally import ROUTES, Tally
from server.settings import Settings
from server.web.access import Record
from server.web.threads import Threads

LATE_SECONDS = 1.0  # after which the current version is asked instead
SUM_TOLERANCE = 0.01  # of probabilities, whose sum is 1


class Canary(Predictor):
    """Predicts with a version that does not serve, as long as it answers; one in a worker at most."""

    def __init__(
        self,
        settings: Settings,
        model: Model,
        threads: Threads,
        keeping: Keeping | None,
        current: Predictor,
        against: str,
        on_problem: Callable[[], None],
    ) -> None:
        """`on_problem` is called once, when it did what no version may do."""
        super().__init__(settings, Held(model), threads, keeping, partial(Attempts, current.batcher, self._fault))
        self._against = against
        self._on_problem = on_problem
        self._began = perf_counter()
        self.tally = Tally()

    def take(self, records: Sequence[Record]) -> None:
        """Count what was predicted since the last tick, by either version."""
        since = [
            record
            for record in records
            if record.answers and record.status == 200 and record.route in ROUTES and record.started >= self._began
        ]
        version = self.model.version
        self.tally.canary.count(record for record in since if record.version == version)
        self.tally.current.count(record for record in since if record.version == self._against)

    def hurry(self) -> int:
        """Give to the current version what waits too long; how many wait still."""
        assert isinstance(self.batcher, Attempts)
        self.tally.late += self.batcher.hurry()
        return len(self.batcher.waiting_for)

    def _fault(self, problem: str) -> None:
        if self.tally.problem is None:
            self.tally.problem = problem
            self._on_problem()


class Attempts(Batcher[Prediction]):
    """A queue that has another behind it for what does not go well."""

    def __init__(
        self,
        behind: Batcher[Prediction],
        fault: Callable[[str], None],
        run: Callable[[np.ndarray], Sequence[Prediction]],
        in_thread: Callable[[], bool],
        batch_limit: int,
        queue_limit: int,
        timeout_seconds: float,
    ) -> None:
        """`fault` is told what the version did wrong."""
        super().__init__(run, in_thread, batch_limit, queue_limit, timeout_seconds)
        self.behind = behind
        self.fault = fault
        self.waiting_for: set[Attempt] = set()

    def submit_for(self, receiver: Receiver[Prediction], rows: Sequence[Row], is_admitted: bool = False) -> None:
        attempt = Attempt(self, receiver, rows)
        self.waiting_for.add(attempt)
        try:
            super().submit_for(attempt, rows, is_admitted)
        except QueueFull:
            attempt.fall_back()

    def hurry(self) -> int:
        """Give up those that wait too long; how many there were."""
        now = monotonic()
        late = [each for each in tuple(self.waiting_for) if not each.done() and now - each.started > LATE_SECONDS]
        for each in late:
            each.fall_back()
        return len(late)


class Attempt:
    """Rows that the canary was given, for a receiver that is to hear of an answer only."""

    __slots__ = ("_attempts", "_receiver", "_rows", "started")

    def __init__(self, attempts: Attempts, receiver: Receiver[Prediction], rows: Sequence[Input]) -> None:
        self._attempts = attempts
        self._receiver = receiver
        self._rows = rows
        self.started = monotonic()

    def done(self) -> bool:
        if self._receiver.done():
            self._attempts.waiting_for.discard(self)
        return self not in self._attempts.waiting_for

    def set_result(self, result: Answer[Prediction]) -> None:
        self._attempts.waiting_for.discard(self)
        problem = next(filter(None, map(problem_of, result.results)), None)
        if problem is None:
            self._receiver.set_result(result)
        else:
            self._attempts.fault(problem)
            self.fall_back()

    def set_exception(self, exception: BaseException) -> None:
        if not isinstance(exception, QueueTimeout):
            self._attempts.fault(f"it failed: {str(exception)[:200] or repr(exception)}")
        self.fall_back()

    def fall_back(self) -> None:
        """Ask the current version, which has admitted the rows by having given them away."""
        self._attempts.waiting_for.discard(self)
        if not self._receiver.done():
            self._attempts.behind.submit_for(self._receiver, self._rows, is_admitted=True)


def problem_of(prediction: Prediction) -> str | None:
    """What is wrong with an answer that no version may give."""
    if not abs(float(prediction.probabilities.sum()) - 1) < SUM_TOLERANCE:  # as it is for NaN
        return "its answers are not probabilities"
    if prediction.score is not None and not math.isfinite(prediction.score):
        return "its score is not a number"
    return None
