"""How long predictions took, by the version that answered: as many versions are told as there is room for."""

import itertools
import re
from pathlib import Path

import pytest

from server.observe import ledger, stages
from server.observe.crew import Crew
from server.observe.metrics import Metrics
from server.observe.stages import OLDER, ROWS, TOLD, Stages
from server.web.access import Record

MANY = 3 * ROWS
COUNTED = re.compile(r'relearn_stage_seconds_count\{stage="infer",version="(\w+)"\} (\S+)')


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which goes on by one at each use: what answers within a millisecond is put in any order."""
    ticks = itertools.count(1)
    monkeypatch.setattr(ledger, "now_ms", lambda: next(ticks))


def record(version: int) -> Record:
    return Record("POST", b"/predict", "/predict", "id", 0.0, 200, 0.002, str(version), 0.001, 0.0001, 0.0005, 1)


def told(metrics: Metrics) -> dict[str, float]:
    """How many predictions each version is told to have answered."""
    return {version: float(number) for version, number in COUNTED.findall(metrics.exposition().decode())}


def by_version(kept: Stages) -> dict[str, float]:
    (family,) = kept.collect()
    return {
        each.labels["version"]: each.value
        for each in family.samples
        if each.name.endswith("_count") and each.labels["stage"] == "infer"
    }


def test_the_versions_that_answered_last_are_told_and_all_others_as_one() -> None:
    metrics = Metrics(Crew())
    for version in range(1, MANY + 1):
        metrics.count_stages([record(version)] * 2)
    newest = [str(version) for version in range(MANY - TOLD + 1, MANY + 1)]
    assert told(metrics) == dict.fromkeys(newest, 2) | {OLDER: 2 * (MANY - TOLD)}


def test_one_that_goes_on_answering_keeps_its_series_whatever_was_tried() -> None:
    metrics = Metrics(Crew())
    for version in range(1, MANY + 1):
        metrics.count_stages([record(0), record(version)])
        assert told(metrics)["0"] == version
    assert sum(told(metrics).values()) == 2 * MANY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in range(2):
        (tmp_path / stages.FILE.format(place)).write_bytes(bytes(ROWS * (ledger.HEAD + stages.COLUMNS) * 8))
    return tmp_path


def test_workers_add_up_and_who_comes_after_a_dead_one_counts_on(folder: Path) -> None:
    one, other = (Stages(folder, place) for place in range(2))
    for version in range(1, MANY + 1):
        one.count(str(version), [record(version)])
    other.count(str(MANY), [record(MANY)])
    other.count("1", [record(1)])
    before = by_version(other)
    assert (before[str(MANY)], before["1"]) == (2, 1)  # what the first has of it stands under the others by now
    assert sum(before.values()) == MANY + 2
    again = Stages(folder, 0)
    again.count(str(MANY), [record(MANY)])
    assert by_version(other) == by_version(again) == before | {str(MANY): 3}


def test_only_what_became_less_recent_is_moved(folder: Path) -> None:
    """A sum that loses a part looks like a counter that began anew."""
    kept = Stages(folder, 0)
    before: dict[str, float] = {}
    for version in range(1, MANY + 1):
        kept.count(str(version), [record(version)])
        after = by_version(kept)
        assert all(after[name] >= number for name, number in before.items() if name in after)
        before = after
