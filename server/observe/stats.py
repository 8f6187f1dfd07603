"""The last five minutes of a server, for the page: what /metrics would need a Prometheus server to show.

Each worker is fed with the records that access.py collects, once a tick and so outside the hot path, and with a sample
a second of what can't be counted; whichever is asked adds up what all of them have on their boards (board.py). Memory
is fixed: a ring of rows, each with a histogram of latencies on a logarithmic scale, which makes a percentile exact to a
tenth of its value.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.observe.answers import Said
from server.observe.board import Board, Table
from server.web.access import Record

BUCKET_SECONDS = 2
BUCKETS = 150
SUMMARY_BUCKETS = 30  # the last minute
PERCENTILES = (50, 95, 99)
PROBES = frozenset({"/health", "/livez", "/readyz", "/metrics", "/stats", "/stats/days"})  # they watch: no traffic
MILLIONTHS = 1e6  # of a confidence, since a board has whole numbers

_LEAST_SECONDS = 2e-5
_RATIO = 1.16  # between two bounds; 96 of them reach half a minute
_BOUNDS = _LEAST_SECONDS * _RATIO ** np.arange(96)

# Columns of a bucket; from LATENCIES on, one for each step of the histogram.
COUNTS = ("slot", "requests", "client_errors", "server_errors", "predictions", "batch_sum", "batch_max", "queue_max",
          "memory", "answers", "confidence", "judged", "unfamiliar")  # fmt: skip
SLOT, REQUESTS, CLIENT_ERRORS, SERVER_ERRORS, PREDICTIONS, BATCH_SUM, BATCH_MAX, QUEUE_MAX, MEMORY = range(9)
ANSWERS, CONFIDENCE, JUDGED, UNFAMILIAR = range(9, 13)
LATENCIES = len(COUNTS)
# And of the last row, which has what belongs to no bucket.
SAMPLED, STARTED_MS, QUEUE_NOW, MEMORY_NOW, RELOADED, RELOAD_FAILED = range(6)

ROWS, COLUMNS = BUCKETS + 1, LATENCIES + len(_BOUNDS) + 1


class Stats:
    """Counts by two-second buckets, the newest `BUCKETS` of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, folder: Path | None = None, place: int = 0) -> None:
        """`clock` gives monotonic seconds, the same to all workers; `folder` is where they have their boards."""
        self._clock = clock
        self._board = Board(ROWS, COLUMNS, folder, place)
        self._buckets, self._now = self._board.own[:BUCKETS], self._board.own[BUCKETS]
        self._now[STARTED_MS] = self._now[STARTED_MS] or int(clock() * 1e3)

    def count(self, records: Sequence[Record]) -> None:
        """Count what was answered since the last tick."""
        row = self._row()
        traffic = [record for record in records if record.route not in PROBES]
        statuses = np.array([record.status for record in traffic], np.int64)
        row[REQUESTS] += len(traffic)
        row[CLIENT_ERRORS] += int(((statuses >= 400) & (statuses < 500)).sum())
        row[SERVER_ERRORS] += int((statuses >= 500).sum())
        sizes = np.array([record.batch_size for record in traffic], np.int64)
        if not sizes.any():
            return
        seconds = np.array([record.seconds for record in traffic if record.batch_size])
        row[PREDICTIONS] += len(seconds)
        row[BATCH_SUM] += int(sizes.sum())
        row[BATCH_MAX] = max(int(row[BATCH_MAX]), int(sizes.max()))
        places = np.searchsorted(_BOUNDS, seconds)
        row[LATENCIES:] += np.bincount(places, minlength=len(_BOUNDS) + 1)

    def count_answers(self, said: Said) -> None:
        """Count how sure the model was, and of how many pictures it found that it knows none like them."""
        row = self._row()
        row[ANSWERS] += said.answers
        row[CONFIDENCE] += round(said.confidence * MILLIONTHS)
        row[JUDGED] += said.judged
        row[UNFAMILIAR] += said.unfamiliar

    def count_reload(self, success: bool) -> None:
        self._now[RELOADED if success else RELOAD_FAILED] += 1

    def sample(self, waiting: int, resident_bytes: int) -> None:
        """Note how many images wait for the model and how much memory the worker has."""
        row = self._row()
        row[QUEUE_MAX] = max(int(row[QUEUE_MAX]), waiting)
        row[MEMORY] = resident_bytes
        self._now[[SAMPLED, QUEUE_NOW, MEMORY_NOW]] = row[SLOT], waiting, resident_bytes

    def to_json(self) -> dict[str, object]:
        """Columns with one entry for each whole bucket since the start, oldest first; milliseconds and bytes."""
        tables = self._board.all()
        buckets, now = _together(tables, self._slot())
        minute = buckets[-SUMMARY_BUCKETS:]
        started = min(int(table[BUCKETS, STARTED_MS]) for table in tables if table[BUCKETS, STARTED_MS])
        return {
            "uptime_seconds": round(self._clock() - started / 1e3, 3),
            "workers_counted": len(tables),
            "queue": int(now[QUEUE_NOW]),
            "resident_bytes_now": int(now[MEMORY_NOW]),
            "bucket_seconds": BUCKET_SECONDS,
            "reloads": {"success": int(now[RELOADED]), "failure": int(now[RELOAD_FAILED])},
            "last_minute": _summary(minute),
            "requests_per_second": (buckets[:, REQUESTS] / BUCKET_SECONDS).tolist(),
            "client_errors": buckets[:, CLIENT_ERRORS].tolist(),
            "server_errors": buckets[:, SERVER_ERRORS].tolist(),
            "batch_mean": _shares(buckets, BATCH_SUM, PREDICTIONS),
            "batch_max": buckets[:, BATCH_MAX].tolist(),
            "queue_max": buckets[:, QUEUE_MAX].tolist(),
            "resident_bytes": buckets[:, MEMORY].tolist(),
            "confidence": _shares(buckets, CONFIDENCE, ANSWERS, MILLIONTHS),
            "unfamiliar": _shares(buckets, UNFAMILIAR, JUDGED),
            **{
                f"p{percent}_ms": [percentile_ms(row[LATENCIES:], percent) for row in buckets]
                for percent in PERCENTILES
            },
        }

    def _slot(self) -> int:
        return int(self._clock()) // BUCKET_SECONDS

    def _row(self) -> Table:
        """The row of the bucket that runs now."""
        slot = self._slot()
        row: Table = self._buckets[slot % BUCKETS]
        if row[SLOT] != slot:
            row[:] = 0
            row[SLOT] = slot
        return row


def _together(tables: Sequence[Table], slot: int) -> tuple[Table, Table]:
    """The whole buckets before `slot` of all tables as one, oldest first, and what they say of now."""
    first = min(
        int(table[BUCKETS, STARTED_MS]) // 1000 // BUCKET_SECONDS for table in tables if table[BUCKETS, STARTED_MS]
    )
    slots = np.arange(max(first, slot - BUCKETS + 1), slot)  # the running one is not whole
    found = [table[slots % BUCKETS] for table in tables]
    found = [rows * (rows[:, SLOT] == slots)[:, None] for rows in found]
    whole = np.sum(found, axis=0)
    whole[:, BATCH_MAX] = np.max([rows[:, BATCH_MAX] for rows in found], axis=0)
    nows = np.array([table[BUCKETS] for table in tables])
    nows[nows[:, SAMPLED] < slot - 1, QUEUE_NOW : MEMORY_NOW + 1] = 0  # nobody is in that place
    return whole, nows.sum(axis=0)


def percentile_ms(histogram: NDArray[np.int64], percent: int) -> float | None:
    """A percentile of the latencies in one histogram, in milliseconds; None of no latencies."""
    total = int(histogram.sum())
    if not total:
        return None
    place = int(np.searchsorted(histogram.cumsum(), math.ceil(total * percent / 100)))
    # The geometric middle of the histogram's bucket: at most half a ratio off, either way.
    return round(_LEAST_SECONDS * float(_RATIO ** (place - 0.5)) * 1e3, 3)


def _summary(buckets: Table) -> dict[str, object]:
    whole, seconds = buckets.sum(axis=0), len(buckets) * BUCKET_SECONDS
    return {
        "seconds": seconds,
        "requests_per_second": round(int(whole[REQUESTS]) / seconds, 2) if seconds else 0.0,
        "predictions": int(whole[PREDICTIONS]),
        "client_errors": int(whole[CLIENT_ERRORS]),
        "server_errors": int(whole[SERVER_ERRORS]),
        "batch_mean": _share(whole[BATCH_SUM], whole[PREDICTIONS], 2),
        **{f"p{percent}_ms": percentile_ms(whole[LATENCIES:], percent) for percent in PERCENTILES},
    }


def _shares(buckets: Table, part: int, whole: int, unit: float = 1.0) -> list[float | None]:
    return [_share(row[part] / unit, row[whole], 4) for row in buckets]


def _share(total: np.float64 | np.int64, number: np.int64, digits: int) -> float | None:
    return round(float(total / number), digits) if number else None
