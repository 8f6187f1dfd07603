"""How long predictions spent in each stage, by the version that answered.

Kept in a ledger, since versions have no limit in number: those that answered last have series of their own, and what
all others took is one series more.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from server.observe.histogram import SECONDS
from server.observe.ledger import Ledger
from server.web.access import Record

FILE = "stages_{}"
ROWS, TOLD = 24, 16  # versions
OLDER = "older"  # what others than these are called
NANO = 1e9

STAGES = ("total", "decode", "queue", "infer")
TIMES = 1 + len(SECONDS) + 1  # nanoseconds in all, and how many took how long, by step of SECONDS
COLUMNS = len(STAGES) * TIMES


class Stages(Collector):
    """What one worker counts, and the sums of all workers."""

    def __init__(self, folder: Path | None = None, place: int = 0) -> None:
        self._ledger = Ledger(COLUMNS, ROWS, TOLD, folder, place, FILE, rest=OLDER)

    def count(self, version: str, records: Sequence[Record]) -> None:
        """Count the requests since the last tick that one version answered, or none, which is ""."""
        row = self._ledger.row(version).reshape(len(STAGES), TIMES)
        _add(row[0], [record.seconds for record in records])
        predictions = [record for record in records if record.batch_size]
        if predictions:
            _add(row[1], [record.decode_seconds for record in predictions])
            _add(row[2], [record.queue_seconds for record in predictions])
            _add(row[3], [record.infer_seconds for record in predictions])

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(
            "relearn_stage_seconds",
            "Time a prediction spent in each stage, and any request in all; with the version that answered it.",
            labels=["stage", "version"],
        )
        for version, rows in self._ledger.all().items():
            for stage, times in zip(STAGES, rows.sum(axis=0).reshape(len(STAGES), TIMES).tolist(), strict=True):
                if any(times[1:]):
                    family.add_metric([stage, version], [*_buckets(times[1:])], times[0] / NANO)
        return (family,)


def _add(row: np.ndarray[tuple[int], np.dtype[np.int64]], seconds: Sequence[float]) -> None:
    row[0] += round(sum(seconds) * NANO)
    row[1:] += np.bincount(np.searchsorted(SECONDS, seconds), minlength=TIMES - 1)


def _buckets(times: Sequence[int]) -> Iterator[tuple[str, float]]:
    """Cumulative, up to each bound, and all."""
    return zip([*map(str, SECONDS), "+Inf"], accumulate(times), strict=True)
