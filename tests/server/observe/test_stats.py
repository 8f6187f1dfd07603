"""The last minutes are counted by the clock, in memory that does not grow, and percentiles are right to a tenth."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.observe.answers import Said
from server.observe.board import NAME
from server.observe.stats import BUCKETS, COLUMNS, ROWS, Stats
from server.web.access import Record


class Clock:
    """Monotonic seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stats(clock: Clock) -> Stats:
    return Stats(clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What two workers have in common."""
    for place in range(2):
        (tmp_path / NAME.format(place)).write_bytes(bytes(ROWS * COLUMNS * 8))
    return tmp_path


def record(route: str = "/predict", status: int = 200, seconds: float = 0.001, batch_size: int = 1) -> Record:
    made = Record("POST", route.encode(), route, "1", 0.0, status, seconds)
    made.batch_size = batch_size
    return made


def told(stats: Stats) -> dict[str, Any]:
    """What /stats tells, after its way through JSON."""
    content: dict[str, Any] = json.loads(json.dumps(stats.to_json()))
    return content


def test_requests_stand_in_the_bucket_of_their_time(stats: Stats, clock: Clock) -> None:
    stats.count([record() for _ in range(6)])
    clock.now += 2
    stats.count([record(status=422, batch_size=0), record(status=503, batch_size=0)])
    clock.now += 4
    content = told(stats)
    assert content["requests_per_second"] == [3.0, 1.0, 0.0]
    assert content["client_errors"] == [0, 1, 0]
    assert content["server_errors"] == [0, 1, 0]


def test_the_bucket_that_runs_is_not_told_yet(stats: Stats, clock: Clock) -> None:
    stats.count([record()])
    assert told(stats)["requests_per_second"] == []
    clock.now += 2
    assert told(stats)["requests_per_second"] == [0.5]


def test_what_watches_is_no_traffic(stats: Stats, clock: Clock) -> None:
    stats.count([record(route, batch_size=0) for route in ("/health", "/stats", "/metrics", "/livez", "/readyz")])
    clock.now += 2
    assert told(stats)["requests_per_second"] == [0.0]


def test_percentiles_are_right_to_a_tenth(stats: Stats, clock: Clock, random: np.random.Generator) -> None:
    seconds = random.lognormal(-6, 1, 5000)
    stats.count([record(seconds=each) for each in seconds])
    clock.now += 2
    content = told(stats)
    for percent in (50, 95, 99):
        (found,) = content[f"p{percent}_ms"]
        assert found == pytest.approx(np.percentile(seconds, percent) * 1e3, rel=0.1)
        assert content["last_minute"][f"p{percent}_ms"] == found


def test_only_predictions_have_latencies_and_batches(stats: Stats, clock: Clock) -> None:
    stats.count([record("/upload", seconds=9.0, batch_size=0), record(batch_size=4), record(batch_size=2)])
    clock.now += 2
    content = told(stats)
    assert content["batch_mean"] == [3.0]
    assert content["batch_max"] == [4]
    assert content["p99_ms"][0] < 2


def test_old_buckets_make_room_for_new_ones(stats: Stats, clock: Clock) -> None:
    stats.count([record()])
    for _ in range(3 * BUCKETS):
        clock.now += 2
        stats.sample(5, 1000)
    content = told(stats)
    assert content["requests_per_second"] == [0.0] * (BUCKETS - 1)
    assert content["queue_max"] == [5] * (BUCKETS - 1)
    clock.now += 10_000
    content = told(stats)
    assert content["queue_max"] == [0] * (BUCKETS - 1)
    assert content["p50_ms"] == [None] * (BUCKETS - 1)


def test_whoever_is_asked_tells_for_all_workers(folder: Path, clock: Clock) -> None:
    one, other = (Stats(clock, folder, place) for place in range(2))
    one.count([record(batch_size=4) for _ in range(6)])
    other.count([record(batch_size=2), record(status=503, batch_size=0)])
    one.sample(3, 1000)
    other.sample(2, 500)
    one.count_reload(success=True)
    other.count_reload(success=True)
    clock.now += 2
    assert told(one) == told(other)
    content = told(one)
    assert content["requests_per_second"] == [4.0]
    assert content["server_errors"] == [1]
    assert content["batch_max"] == [4]
    assert content["batch_mean"] == [pytest.approx(26 / 7, abs=1e-4)]
    assert (content["queue"], content["resident_bytes_now"]) == (5, 1500)
    assert content["reloads"] == {"success": 2, "failure": 0}
    assert content["workers_counted"] == 2
    assert content["uptime_seconds"] == 2.0


def test_a_worker_that_is_gone_counts_for_what_it_did(folder: Path, clock: Clock) -> None:
    one, gone = (Stats(clock, folder, place) for place in range(2))
    gone.count([record()])
    gone.sample(7, 500)
    clock.now += 6
    one.sample(0, 1000)
    content = told(one)
    assert content["requests_per_second"] == [0.5, 0.0, 0.0]
    assert (content["queue"], content["resident_bytes_now"]) == (0, 1000)
    again = Stats(clock, folder, 1)
    again.count([record()])
    clock.now += 2
    assert told(one)["requests_per_second"] == [0.5, 0.0, 0.0, 0.5]
    assert told(one)["uptime_seconds"] == 8.0


def test_answers_have_their_confidence_and_familiarity(stats: Stats, clock: Clock) -> None:
    stats.count_answers(Said(answers=2, confidence=1.5, judged=2, unfamiliar=1))
    clock.now += 4
    content = told(stats)
    assert content["confidence"] == [0.75, None]
    assert content["unfamiliar"] == [0.5, None]


def test_extreme_latencies_are_counted_too(stats: Stats, clock: Clock) -> None:
    stats.count([record(seconds=0.0), record(seconds=1e6)])
    clock.now += 2
    assert told(stats)["last_minute"]["predictions"] == 2


def test_reloads_are_counted_by_outcome(stats: Stats) -> None:
    for success in (True, True, False):
        stats.count_reload(success)
    assert told(stats)["reloads"] == {"success": 2, "failure": 1}
