"""The version that serves, in one worker, with the one before behind it: watched for a while after its promotion.

The one before answers a share of the requests, and as large a share is set apart for the new one in a queue of its own:
those two are compared, since queues of other lengths have other times. All others go to the new version as ever, but
what it fails the one before answers.
"""

from collections.abc import Callable
from copy import copy
from random import random

from server.models.model import Model
from server.serving.attempts import Fault, OnFault, Tried
from server.serving.comparison import Comparison
from server.serving.keeping import Keeping
from server.serving.predictor import Held, Predictor
from server.settings import Settings
from server.web.threads import Threads


class Watched(Comparison):
    """What serves, beside the version that did before; it may stand ready before the new one serves."""

    def __init__(
        self,
        settings: Settings,
        before: Model,
        threads: Threads,
        keeping: Keeping | None,
        current: Predictor,
        share: float,
        on_problem: Callable[[], None],
    ) -> None:
        super().__init__(on_problem)
        self._share = share
        self._current = current
        self._before = before
        self._given = settings, threads, keeping
        self._control = self._tried(before, current, lambda *_: None)
        self._rest = Tried(settings, current.source, threads, keeping, self._control, self._fault_of_rest, True)
        self.judged = None
        self.arms = (self._control, self._rest)
        self.other = before

    def begin(self, model: Model) -> None:
        """Compare from now on: the new version serves."""
        # A copy, so that the answers of its share can be told from all others.
        self.judged = self._tried(copy(model), self._control, self._fault)
        self.arms = (*self.arms, self.judged)

    def draw(self) -> Predictor:
        drawn = random()  # noqa: S311
        if self.tally.problem is not None:
            return self._control
        if self.judged is None or drawn >= 2 * self._share:
            return self._rest
        return self._control if drawn < self._share else self.judged

    def _tried(self, model: Model, behind: Predictor, fault: OnFault) -> Tried:
        settings, threads, keeping = self._given
        return Tried(settings, Held(model), threads, keeping, behind, fault, is_patient=True)

    def _fault_of_rest(self, fault: Fault, problem: str) -> None:
        if self._current.model is not self._before:  # which it still may be
            self._fault(fault, problem)
