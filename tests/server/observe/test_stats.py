"""The last minutes are counted by the clock, in memory that does not grow, and percentiles are right to a tenth."""

import json
from typing import Any

import numpy as np
import pytest

from server.observe.stats import BUCKETS, Stats
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


def test_extreme_latencies_are_counted_too(stats: Stats, clock: Clock) -> None:
    stats.count([record(seconds=0.0), record(seconds=1e6)])
    clock.now += 2
    assert told(stats)["last_minute"]["predictions"] == 2


def test_reloads_are_counted_by_outcome(stats: Stats) -> None:
    for success in (True, True, False):
        stats.count_reload(success)
    assert told(stats)["reloads"] == {"success": 2, "failure": 1}
