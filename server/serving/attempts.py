"""A version that is tried on requests, with another behind it for what it does not answer as a version must.

An error or what are no probabilities: the other is asked, and nobody notices but those who wait a little longer. One
that is impatient gives away what it does not answer in time and what finds its queue full, too; of one that is not
those are told so, as of any version.
"""

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from time import monotonic

import numpy as np

from server.models.model import Outputs
from server.serving.batcher import Batcher, QueueFull, QueueTimeout
from server.serving.blocks import Blocks
from server.serving.caller import Answer, Receiver, Rows
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor, Source
from server.settings import Settings
from server.web.threads import Threads

LATE_SECONDS = 1.0  # after which the one behind is asked instead
SUM_TOLERANCE = 0.01  # of probabilities, whose sum is 1
NO_PROBABILITIES, NO_SCORE = "its answers are not probabilities", "its score is not a number"


class Fault(StrEnum):
    """What a version did wrong instead of answering."""

    FAILED = "failed"
    IMPROPER = "improper"  # its answers are no probabilities


OnFault = Callable[[Fault, str], None]


class Tried(Predictor):
    """Predicts with one version as long as it answers, and with the predictor behind it else."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        threads: Threads,
        keeping: Keeping | None,
        behind: Predictor,
        fault: OnFault,
        is_patient: bool = False,
    ) -> None:
        """`fault` is told what the version did wrong."""
        queue = partial(Attempts, behind.batcher, fault, is_patient=is_patient)
        super().__init__(settings, source, threads, keeping, queue)
        self.behind = behind
        if not is_patient:
            self.room = behind.batcher

    @property
    def attempts(self) -> "Attempts":
        assert isinstance(self.batcher, Attempts)
        return self.batcher


class Attempts(Batcher[Prediction]):
    """A queue that has another behind it for what does not go well."""

    def __init__(
        self,
        behind: Batcher[Prediction],
        fault: OnFault,
        run: Callable[[np.ndarray], Sequence[Prediction]],
        in_thread: Callable[[], bool],
        batch_limit: int,
        queue_limit: int,
        timeout_seconds: float,
        is_patient: bool = False,
        blocks: Blocks[Prediction] | None = None,
    ) -> None:
        super().__init__(run, in_thread, batch_limit, queue_limit, timeout_seconds, blocks)
        self.behind = behind
        self.fault = fault
        self.is_patient = is_patient
        self.waiting_for: set[Attempt] = set()

    def submit_for(self, receiver: Receiver[Prediction], rows: Rows, is_admitted: bool = False) -> None:
        attempt = Attempt(self, receiver, rows)
        self.waiting_for.add(attempt)
        try:
            super().submit_for(attempt, rows, is_admitted)
        except QueueFull:
            if self.is_patient:
                self.waiting_for.discard(attempt)
                raise
            attempt.fall_back()

    def hurry(self) -> int:
        """Give up those that wait too long, if it is impatient; how many there were."""
        now = monotonic()
        waiting = [each for each in tuple(self.waiting_for) if not each.done()]
        late = [] if self.is_patient else [each for each in waiting if now - each.started > LATE_SECONDS]
        for each in late:
            each.fall_back()
        return len(late)


class Attempt:
    """Rows that the version was given, for a receiver that is to hear of an answer only."""

    __slots__ = ("_attempts", "_receiver", "_rows", "started")

    def __init__(self, attempts: Attempts, receiver: Receiver[Prediction], rows: Rows) -> None:
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
            self._attempts.fault(Fault.IMPROPER, problem)
            self.fall_back()

    def set_exception(self, exception: BaseException) -> None:
        if not isinstance(exception, QueueTimeout):
            self._attempts.fault(Fault.FAILED, f"it failed: {str(exception)[:200] or repr(exception)}")
        elif self._attempts.is_patient:
            self._attempts.waiting_for.discard(self)
            if not self._receiver.done():
                self._receiver.set_exception(exception)
            return
        self.fall_back()

    def fall_back(self) -> None:
        """Ask the one behind, which has admitted the rows by having given them away."""
        self._attempts.waiting_for.discard(self)
        if not self._receiver.done():
            self._attempts.behind.submit_for(self._receiver, self._rows, is_admitted=True)


def problem_of(prediction: Prediction) -> str | None:
    """What is wrong with an answer that no version may give."""
    if not abs(float(prediction.probabilities.sum()) - 1) < SUM_TOLERANCE:  # as it is for NaN
        return NO_PROBABILITIES
    if prediction.score is not None and not math.isfinite(prediction.score):
        return NO_SCORE
    return None


def problem_in(outputs: Outputs) -> tuple[str | None, int]:
    """The problem of the first answer of a batch that has one, and how many come before it; all at once."""
    are_probabilities = np.abs(outputs.probabilities.sum(axis=1) - 1) < SUM_TOLERANCE
    are_proper = are_probabilities if outputs.scores is None else are_probabilities & np.isfinite(outputs.scores)
    if are_proper.all():
        return None, len(are_proper)
    first = int(are_proper.argmin())
    return NO_SCORE if are_probabilities[first] else NO_PROBABILITIES, first
