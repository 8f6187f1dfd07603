"""What each version answered since the server's start, as Triton's statistics tell it.

Fed with records once a tick, and added up over all workers' boards (board.py), each a table with a row for a version.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from server.observe.board import Board, Table
from server.web.access import Record

NAME = "usage_{}"
ROWS = 64  # versions; of more the oldest make room
MICRO, NANO = 10**6, 10**9

# Columns of a version. Of batches that pictures of several requests shared, each request has its part, in millionths.
COLUMNS = ("version", "last_ms", "images", "batches", "requests", "seconds", "queue", "input", "infer")
VERSION, LAST_MS, IMAGES, BATCHES, REQUESTS, SECONDS, QUEUE, INPUT, INFER = range(len(COLUMNS))


class Usage:
    """Counts of one worker, and the sums of all."""

    def __init__(self, folder: Path | None = None, place: int = 0) -> None:
        self._board = Board(ROWS, len(COLUMNS), folder, place, NAME)

    def count(self, records: Sequence[Record]) -> None:
        """Count what was answered since the last tick."""
        groups: dict[str, list[Record]] = {}
        for record in records:
            if record.batch_size and record.status == 200:
                groups.setdefault(record.version, []).append(record)
        for version, group in groups.items():
            row = self._board.own[self._place(int(version))]
            row[LAST_MS] = int(time.time() * 1e3)
            row[IMAGES] += sum([len(record.answers) for record in group])
            row[BATCHES] += sum([max(1, len(record.answers) * MICRO // record.batch_size) for record in group])
            row[REQUESTS] += len(group)
            row[SECONDS] += int(NANO * sum([record.seconds for record in group]))
            row[QUEUE] += int(NANO * sum([record.queue_seconds for record in group]))
            row[INPUT] += int(NANO * sum([record.decode_seconds for record in group]))
            row[INFER] += int(NANO * sum([record.infer_seconds for record in group]))

    def to_json(self, name: str, versions: Sequence[str]) -> list[dict[str, object]]:
        """An entry for each of the versions, in nanoseconds."""
        tables = self._board.all()
        return [_entry(name, version, _sums(tables, int(version))) for version in versions]

    def _place(self, version: int) -> int:
        """The row of a version, which has its number and 1, since 0 is no version's."""
        numbers = self._board.own[:, VERSION]
        known = (numbers == version + 1).nonzero()[0]
        if len(known):
            return int(known[0])
        place = int(numbers.argmin())
        self._board.own[place] = 0
        self._board.own[place, VERSION] = version + 1
        return place


def _sums(tables: Sequence[Table], version: int) -> list[int]:
    rows = [row for table in tables for row in table[table[:, VERSION] == version + 1].tolist()]
    sums = [sum(column) for column in zip(*rows, strict=True)] or [0] * len(COLUMNS)
    sums[LAST_MS] = max((row[LAST_MS] for row in rows), default=0)
    return sums


def _entry(name: str, version: str, sums: Sequence[int]) -> dict[str, object]:
    requests, nothing = sums[REQUESTS], {"count": 0, "ns": 0}
    stages = (("success", SECONDS), ("queue", QUEUE), ("compute_input", INPUT), ("compute_infer", INFER))
    durations = {stage: {"count": requests, "ns": sums[column]} for stage, column in stages}
    missing = dict.fromkeys(("fail", "compute_output", "cache_hit", "cache_miss"), nothing)
    return {
        "name": name,
        "version": version,
        "last_inference": sums[LAST_MS],
        "inference_count": sums[IMAGES],
        "execution_count": round(sums[BATCHES] / MICRO),
        "inference_stats": durations | missing,
        "response_stats": {},
        "batch_stats": [],
        "memory_usage": [],
    }
