"""Two versions that answer requests side by side in one worker, by chance; what they did is counted once a tick."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from time import perf_counter

from server.machine import memory
from server.models.model import Model
from server.serving.attempts import Fault, Tried
from server.serving.predictor import Predictor
from server.serving.tally import ROUTES, Tally
from server.web.access import Record


class Comparison(ABC):
    """A version that is judged, and the one that it is compared with; one comparison in a worker at most."""

    arms: tuple[Tried, ...]  # all that answer for it
    judged: Tried | None
    other: Model | None  # whose answers those of the judged one are compared with

    def __init__(self, on_problem: Callable[[], None]) -> None:
        """`on_problem` is called once, when the judged version did what no version may do."""
        self._on_problem = on_problem
        self._began = perf_counter()
        self.tally = Tally()
        self.faults = Counter[Fault]()  # of the judged version, in this worker

    @abstractmethod
    def draw(self) -> Predictor:
        """Who is to answer the next request."""

    def take(self, records: Sequence[Record]) -> None:
        """Count what was predicted since the last tick, by either version."""
        if self.judged is None or self.other is None:
            return
        since = [
            record
            for record in records
            if record.answers and record.status == 200 and record.route in ROUTES and record.started >= self._began
        ]
        judged = self.judged.model
        self.tally.canary.count(record for record in since if record.answers[0].model is judged)
        self.tally.current.count(record for record in since if record.answers[0].model is self.other)

    @property
    def waiting(self) -> int:
        """Rows in its queues."""
        return sum(arm.batcher.waiting for arm in self.arms)

    def hurry(self) -> int:
        """Give away what waits too long, if it may be; how many wait still."""
        self.tally.late += sum(arm.attempts.hurry() for arm in self.arms)
        return sum(len(arm.attempts.waiting_for) for arm in self.arms)

    def close(self) -> None:
        for arm in self.arms:
            arm.batcher.close()
        memory.give_back()

    def _fault(self, fault: Fault, problem: str) -> None:
        self.faults[fault] += 1
        if self.tally.problem is None:
            self.tally.problem = problem
            self._on_problem()
