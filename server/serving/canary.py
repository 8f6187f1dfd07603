"""A version that some requests are given to, in one worker: by chance, each with the current version behind it."""

from collections.abc import Callable
from random import random

from server.models.model import Model
from server.serving.attempts import Tried
from server.serving.comparison import Comparison
from server.serving.keeping import Keeping
from server.serving.predictor import Held, Predictor
from server.settings import Settings
from server.web.threads import Threads


class Canary(Comparison):
    """A version that does not serve, beside the one that does."""

    def __init__(
        self,
        settings: Settings,
        model: Model,
        threads: Threads,
        keeping: Keeping | None,
        current: Predictor,
        against: str,
        share: float,
        on_problem: Callable[[], None],
    ) -> None:
        super().__init__(on_problem)
        self._current = current
        self._share = share
        self.judged = self._judged = Tried(settings, Held(model), threads, keeping, current, self._fault)
        self.arms = (self._judged,)
        self.other = current.model if current.model.version == against else None

    def draw(self) -> Predictor:
        if self.tally.problem is not None or random() >= self._share:  # noqa: S311
            return self._current
        return self._judged
