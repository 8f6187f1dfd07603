"""The last five minutes of one worker, for the page: what /metrics would need a Prometheus server to show.

It is fed with the records that access.py collects, once a tick and so outside the hot path, and with a sample a second
of what can't be counted. Every number belongs to the worker that answers, which is named; all workers together are in
/metrics. Memory is fixed: a ring of rows, each with a histogram of latencies on a logarithmic scale, which makes a
percentile exact to a tenth of its value.
"""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from server.web.access import Record

BUCKET_SECONDS = 2
BUCKETS = 150
SUMMARY_BUCKETS = 30  # the last minute
PERCENTILES = (50, 95, 99)
PROBES = frozenset({"/health", "/livez", "/readyz", "/metrics", "/stats"})  # they watch; they are no traffic

_LEAST_SECONDS = 2e-5
_RATIO = 1.16  # between two bounds; 96 of them reach half a minute
_BOUNDS = _LEAST_SECONDS * _RATIO ** np.arange(96)

COUNTS = ("requests", "client_errors", "server_errors", "predictions", "batch_sum", "batch_max", "queue_max", "memory")


class Stats:
    """Counts by two-second buckets, the newest `BUCKETS` of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives monotonic seconds."""
        self._clock = clock
        self._counts = {name: np.zeros(BUCKETS, np.int64) for name in COUNTS}
        self._latencies = np.zeros((BUCKETS, len(_BOUNDS) + 1), np.int64)
        self._slot = self._first = int(clock()) // BUCKET_SECONDS
        self._reloads = {True: 0, False: 0}

    def count(self, records: Sequence[Record]) -> None:
        """Count what was answered since the last tick."""
        row = self._row()
        traffic = [record for record in records if record.route not in PROBES]
        statuses = np.array([record.status for record in traffic], np.int64)
        self._counts["requests"][row] += len(traffic)
        self._counts["client_errors"][row] += int(((statuses >= 400) & (statuses < 500)).sum())
        self._counts["server_errors"][row] += int((statuses >= 500).sum())
        sizes = np.array([record.batch_size for record in traffic], np.int64)
        if not sizes.any():
            return
        seconds = np.array([record.seconds for record in traffic if record.batch_size])
        self._counts["predictions"][row] += len(seconds)
        self._counts["batch_sum"][row] += int(sizes.sum())
        self._counts["batch_max"][row] = max(int(self._counts["batch_max"][row]), int(sizes.max()))
        places = np.searchsorted(_BOUNDS, seconds)
        self._latencies[row] += np.bincount(places, minlength=self._latencies.shape[1])

    def count_reload(self, success: bool) -> None:
        self._reloads[success] += 1

    def sample(self, waiting: int, resident_bytes: int) -> None:
        """Note how many images wait for the model and how much memory the worker has."""
        row = self._row()
        self._counts["queue_max"][row] = max(int(self._counts["queue_max"][row]), waiting)
        self._counts["memory"][row] = resident_bytes

    def to_json(self) -> dict[str, object]:
        """Columns with one entry for each whole bucket since the start, oldest first; milliseconds and bytes."""
        self._row()
        slots = np.arange(max(self._first, self._slot - BUCKETS + 1), self._slot)  # the running one is not whole
        rows = slots % BUCKETS
        counts = {name: column[rows] for name, column in self._counts.items()}
        latencies = self._latencies[rows]
        return {
            "bucket_seconds": BUCKET_SECONDS,
            "reloads": {"success": self._reloads[True], "failure": self._reloads[False]},
            "last_minute": _summary(
                {name: column[-SUMMARY_BUCKETS:] for name, column in counts.items()}, latencies[-SUMMARY_BUCKETS:]
            ),
            "requests_per_second": (counts["requests"] / BUCKET_SECONDS).tolist(),
            "client_errors": counts["client_errors"].tolist(),
            "server_errors": counts["server_errors"].tolist(),
            "batch_mean": [_mean(*pair) for pair in zip(counts["batch_sum"], counts["predictions"], strict=True)],
            "batch_max": counts["batch_max"].tolist(),
            "queue_max": counts["queue_max"].tolist(),
            "resident_bytes": counts["memory"].tolist(),
            **{f"p{percent}_ms": [percentile_ms(row, percent) for row in latencies] for percent in PERCENTILES},
        }

    def _row(self) -> int:
        """The row of the bucket that runs now; those that passed since the last look are emptied."""
        slot = int(self._clock()) // BUCKET_SECONDS
        if slot != self._slot:
            passed = np.arange(max(self._slot + 1, slot - BUCKETS + 1), slot + 1) % BUCKETS
            for column in self._counts.values():
                column[passed] = 0
            self._latencies[passed] = 0
            self._slot = slot
        return slot % BUCKETS


def percentile_ms(histogram: NDArray[np.int64], percent: int) -> float | None:
    """A percentile of the latencies in one histogram, in milliseconds; None of no latencies."""
    total = int(histogram.sum())
    if not total:
        return None
    place = int(np.searchsorted(histogram.cumsum(), math.ceil(total * percent / 100)))
    # The geometric middle of the histogram's bucket: at most half a ratio off, either way.
    return round(_LEAST_SECONDS * float(_RATIO ** (place - 0.5)) * 1e3, 3)


def _summary(counts: dict[str, NDArray[np.int64]], latencies: NDArray[np.int64]) -> dict[str, object]:
    together = latencies.sum(axis=0)
    seconds = len(latencies) * BUCKET_SECONDS
    return {
        "seconds": seconds,
        "requests_per_second": round(int(counts["requests"].sum()) / seconds, 2) if seconds else 0.0,
        "predictions": int(counts["predictions"].sum()),
        "client_errors": int(counts["client_errors"].sum()),
        "server_errors": int(counts["server_errors"].sum()),
        "batch_mean": _mean(counts["batch_sum"].sum(), counts["predictions"].sum()),
        **{f"p{percent}_ms": percentile_ms(together, percent) for percent in PERCENTILES},
    }


def _mean(total: np.int64, number: np.int64) -> float | None:
    return round(float(total / number), 2) if number else None
