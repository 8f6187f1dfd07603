"""The models beside the default as metrics: how often each was asked, how fast it answered, which version serves.

They have series of their own, so that sums over the default's stay what they are. Kept in a ledger, since the number of
models has no limit and that of the series must.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from server.observe.board import Table
from server.observe.histogram import SECONDS
from server.observe.ledger import Ledger, now_ms
from server.web.access import Record

FILE = "named_{}"
ROWS, TOLD = 128, 96  # models that were asked
ALIVE_MS = 10_000  # after which a worker that tells nothing is gone
NANO = 1e9

CLASSES = ("none", "2xx", "3xx", "4xx", "5xx")  # of statuses; none where a stop came before the answer
# Columns of a model: when it was told of last, 0 once it is unloaded; its version and 1, 0 for none.
SEEN, VERSION, STATUSES = range(3)
ANSWERS = STATUSES + len(CLASSES)
SUM = ANSWERS + 1  # nanoseconds of all predictions
TIMES = SUM + 1  # how many took how long, by step of SECONDS
COLUMNS = TIMES + len(SECONDS) + 1


class Named(Collector):
    """What one worker counts of them, and the sums of all workers."""

    def __init__(self, folder: Path | None = None, place: int = 0) -> None:
        self._ledger = Ledger(COLUMNS, ROWS, TOLD, folder, place, FILE)
        self._ledger.own[:, SEEN] = 0  # who was in this place before serves none any more

    def count(self, name: str, records: Sequence[Record]) -> None:
        """Count what was asked of one since the last tick, and how many pictures it answered."""
        row = self._ledger.row(name)
        statuses = np.array([record.status for record in records]) // 100 - 1
        row[STATUSES:ANSWERS] += np.bincount(statuses.clip(0, len(CLASSES) - 1), minlength=len(CLASSES))
        row[ANSWERS] += sum(len(record.answers) for record in records)
        seconds = np.array([record.seconds for record in records if record.batch_size])
        row[SUM] += round(float(seconds.sum()) * NANO)
        row[TIMES:] += np.bincount(np.searchsorted(SECONDS, seconds), minlength=len(SECONDS) + 1)

    def gauge(self, name: str, version: str | None) -> None:
        """Say that one is loaded, and which version serves."""
        row = self._ledger.row(name)
        row[VERSION] = 0 if version is None else int(version) + 1
        row[SEEN] = now_ms()

    def unloaded(self, name: str) -> None:
        self._ledger.row(name)[SEEN] = 0

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily(
            "relearn_named_model_info",
            "Workers that a version of a model beside the default serves in.",
            labels=["name", "version"],
        )
        requests = CounterMetricFamily(
            "relearn_named_requests", "Requests to models beside the default.", labels=["name", "status"]
        )
        answers = CounterMetricFamily("relearn_named_answers", "Answers to their predictions.", labels=["name"])
        seconds = HistogramMetricFamily("relearn_named_seconds", "Time of their predictions in all.", labels=["name"])
        since = now_ms() - ALIVE_MS
        bounds = [*map(str, SECONDS), "+Inf"]
        for name, rows in self._ledger.all().items():
            for version, workers in _serving(rows, since):
                info.add_metric([name, version], workers)
            row = rows.sum(axis=0)
            for place, status in enumerate(CLASSES, STATUSES):
                if row[place]:
                    requests.add_metric([name, status], int(row[place]))
            answers.add_metric([name], int(row[ANSWERS]))
            buckets = [*zip(bounds, accumulate(row[TIMES:].tolist()), strict=True)]
            seconds.add_metric([name], buckets, int(row[SUM]) / NANO)
        return info, requests, answers, seconds


def _serving(rows: Table, since: int) -> Iterable[tuple[str, int]]:
    """Each version that serves, and in how many workers."""
    alive = rows[(rows[:, SEEN] > since) & (rows[:, VERSION] > 0), VERSION]
    versions, workers = np.unique(alive, return_counts=True)
    return [(str(version - 1), int(number)) for version, number in zip(versions.tolist(), workers, strict=True)]
