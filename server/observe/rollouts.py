"""The shadows, canaries and watches as metrics: who answered how fast, what went wrong, how they ended.

Told by serving/rollout.py once a second, from what it counts anyway, and kept in a ledger. A killed worker's part stays
but for its last second; in its place another counts on.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from server.machine.first import First
from server.observe.board import Table
from server.observe.ledger import Ledger, now_ms
from server.serving.attempts import Fault
from server.serving.comparison import Comparison
from server.serving.tally import BOUNDS, Arm
from server.store.canary import ENDS, Canary, Role

FILE = "rollouts_{}"
ROWS, TOLD = 48, 32  # versions that are or were beside another, by role
ALIVE_MS = 10_000  # after which a worker that tells nothing is gone
NANO = 1e9

KINDS = (*Fault, "late")
STEPS = tuple(range(2, len(BOUNDS), 3))  # every third bound is told, about twice the one before
# Columns of a row: when it was told of last, 0 once it is over; failures by kind; a shadow's; then each arm's times.
SEEN, FAILURES = 0, 1
CHANGED = FAILURES + len(KINDS)
DROPPED = CHANGED + 1
ARMS = DROPPED + 1
TIMES = 1 + len(BOUNDS) + 1  # nanoseconds in all, and how many within each bound
COLUMNS = ARMS + 2 * TIMES


class Rollouts(Collector):
    """What one worker counts of them, for every model, and the sums of all workers."""

    def __init__(self, registry: CollectorRegistry, folder: Path | None = None, place: int = 0) -> None:
        self._ledger = Ledger(COLUMNS, ROWS, TOLD, folder, place, FILE)
        self._ledger.own[:, SEEN] = 0  # who was in this place before follows nothing any more
        self._counted = WeakKeyDictionary[Comparison, Table]()
        self._first = First(folder, "rollout")
        self._ended = Counter(
            "relearn_rollouts_ended",
            "Shadows, canaries and watches that ended, of all models.",
            ["role", "outcome"],
            registry=registry,
        )
        for role, outcomes in ENDS.items():
            for outcome in outcomes:
                self._ended.labels(role, outcome)

    def count(self, name: str, found: Canary, comparison: Comparison) -> None:
        """Count what came since the last time in one that goes on, of the model `name`."""
        row = self._ledger.row(_key(name, found))
        so_far = _so_far(comparison)
        row += so_far - self._counted.get(comparison, np.zeros(COLUMNS, np.int64))
        row[SEEN] = now_ms()
        self._counted[comparison] = so_far

    def end(self, name: str, over: Canary) -> None:
        """Count one that is over, unless another worker did."""
        self._ledger.row(_key(name, over))[SEEN] = 0
        if over.outcome is not None and self._first.is_mine(str(over.id)):
            self._ended.labels(over.role, over.outcome).inc()

    def collect(self) -> Iterable[Metric]:
        labels = ["name", "role", "version", "against"]
        info = GaugeMetricFamily(
            "relearn_rollout_info", "Workers in which a version is beside another now.", labels=labels
        )
        seconds = HistogramMetricFamily(
            "relearn_rollout_seconds",
            "Requests that are compared, by their time in queue and model; pictures of a shadow, in the model.",
            labels=[*labels, "arm"],
        )
        failures = CounterMetricFamily(
            "relearn_rollout_failures", "Requests that the other version answered instead.", labels=[*labels, "kind"]
        )
        changed = CounterMetricFamily(
            "relearn_rollout_changed", "Pictures that a shadow would answer otherwise.", labels=labels
        )
        dropped = CounterMetricFamily(
            "relearn_rollout_dropped", "Pictures that a shadow had no time for.", labels=labels
        )
        since = now_ms() - ALIVE_MS
        for key, rows in self._ledger.all().items():
            *numbers, name = key.split("/", 3)
            whose = [name, *numbers]
            if alive := int((rows[:, SEEN] > since).sum()):
                info.add_metric(whose, alive)
            row = rows.sum(axis=0)
            for arm, start in zip(("version", "against"), (ARMS, ARMS + TIMES), strict=True):
                times = row[start : start + TIMES].tolist()
                seconds.add_metric([*whose, arm], [*_buckets(times[1:])], times[0] / NANO)
            for place, kind in enumerate(KINDS, FAILURES):
                failures.add_metric([*whose, kind], int(row[place]))
            if numbers[0] == Role.SHADOW:
                changed.add_metric(whose, int(row[CHANGED]))
                dropped.add_metric(whose, int(row[DROPPED]))
        return info, seconds, failures, changed, dropped


def _key(name: str, found: Canary) -> str:
    """The name at last, which may be long and have anything in it."""
    return f"{found.role}/{found.version}/{found.against}/{name}"


def _so_far(comparison: Comparison) -> Table:
    """The columns of one comparison since it began in this worker."""
    tally = comparison.tally
    failures = [*(comparison.faults[fault] for fault in Fault), tally.late]
    return np.array([0, *failures, tally.changed.total(), tally.dropped, *_times(tally.canary), *_times(tally.current)])


def _times(arm: Arm) -> Sequence[int]:
    return [round(arm.seconds * NANO), *arm.times]


def _buckets(times: Sequence[int]) -> Iterator[tuple[str, float]]:
    """Cumulative, up to each bound that is told, and all."""
    so_far = list(accumulate(times))
    for step in STEPS:
        yield str(BOUNDS[step]), so_far[step]
    yield "+Inf", so_far[-1]
