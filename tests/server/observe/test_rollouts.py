"""What stands beside the version that serves, as Prometheus is told it."""

import itertools
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from server.observe import ledger, rollouts
from server.observe.rollouts import Rollouts
from server.serving.attempts import Fault
from server.serving.comparison import Comparison
from server.serving.predictor import Predictor
from server.serving.tally import BOUNDS
from server.store.canary import ENDS, Canary, Outcome, Role
from tests.programs import needed

FOUND = Canary(
    id=1,
    role=Role.CANARY,
    version="7",
    against="6",
    percent=5,
    seconds=600,
    requests=100,
    next_seconds=0,
    started_at="",
    by="",
    reason="",
    ended_at=None,
    ended_by=None,
    outcome=None,
    why=None,
    move=1,
    parts=[],
)
WHOSE = 'against="6",name="digits",role="{}",version="7"'


class Beside(Comparison):
    """Which answers nobody: the tests say what it has counted."""

    arms = ()
    judged = other = None

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def draw(self) -> Predictor:
        raise AssertionError


class Worker:
    """What one worker counts of a model's."""

    def __init__(self, folder: Path | None = None, place: int = 0) -> None:
        self.registry = CollectorRegistry()
        self.rollouts = Rollouts(self.registry, folder, place)
        self.registry.register(self.rollouts)

    def told(self) -> str:
        return generate_latest(self.registry).decode()

    def value(self, series: str) -> float | None:
        found = [line for line in self.told().splitlines() if line.startswith(series + " ")]
        return float(found[0].rpartition(" ")[2]) if found else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in range(2):
        size = rollouts.ROWS * (ledger.HEAD + rollouts.COLUMNS) * 8
        (tmp_path / rollouts.FILE.format(place)).write_bytes(bytes(size))
    return tmp_path


def series(name: str, role: Role = Role.CANARY, more: str = "") -> str:
    labels = sorted([*WHOSE.format(role).split(","), *more.split(",")] if more else WHOSE.format(role).split(","))
    return f"relearn_rollout_{name}{{{','.join(labels)}}}"


def test_what_was_counted_is_told_once_however_often_it_is_looked_at() -> None:
    worker, beside = Worker(), Beside()
    beside.tally.canary.note(0.002, "3")
    beside.tally.current.note(0.001, "3")
    beside.faults[Fault.IMPROPER] += 1
    beside.tally.late = 2
    for _ in range(3):
        worker.rollouts.count("digits", FOUND, beside)
    beside.tally.canary.note(0.004, "3")
    worker.rollouts.count("digits", FOUND, beside)
    assert worker.value(series("seconds_count", more='arm="version"')) == 2
    assert worker.value(series("seconds_count", more='arm="against"')) == 1
    assert worker.value(series("seconds_sum", more='arm="version"')) == pytest.approx(0.006)
    assert [worker.value(series("failures_total", more=f'kind="{kind}"')) for kind in rollouts.KINDS] == [0, 1, 2]
    assert worker.value(series("changed_total")) is None, "of a shadow only"
    assert worker.value(series("info")) == 1


def test_the_histogram_has_every_answer_at_or_below_its_bound() -> None:
    worker, beside = Worker(), Beside()
    seconds = [BOUNDS[step] * 0.99 for step in range(64)] + [100.0]
    for each in seconds:
        beside.tally.canary.note(each, "3")
    worker.rollouts.count("digits", FOUND, beside)
    for step in rollouts.STEPS:
        bound = BOUNDS[step]
        line = series("seconds_bucket", more=f'arm="version",le="{bound}"')
        assert worker.value(line) == sum(each <= bound for each in seconds)
    assert worker.value(series("seconds_bucket", more='arm="version",le="+Inf"')) == len(seconds)


def test_a_shadows_changes_are_told_so_that_agreement_can_be_asked() -> None:
    worker, beside = Worker(), Beside()
    shadow = replace(FOUND, role=Role.SHADOW)
    beside.tally.changed["3 → 8"] += 4
    beside.tally.changed["5 → 6"] += 1
    beside.tally.dropped = 9
    worker.rollouts.count("digits", shadow, beside)
    assert worker.value(series("changed_total", Role.SHADOW)) == 5
    assert worker.value(series("dropped_total", Role.SHADOW)) == 9


def test_workers_add_up_and_a_dead_ones_part_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers, besides = [Worker(folder, place) for place in range(2)], [Beside(), Beside()]
    for worker, beside in zip(workers, besides, strict=True):
        beside.tally.canary.note(0.002, "3")
        worker.rollouts.count("digits", FOUND, beside)
    counted = series("seconds_count", more='arm="version"')
    assert {(each.value(counted), each.value(series("info"))) for each in workers} == {(2, 2)}
    successor, beside = Worker(folder, 0), Beside()  # which has not seen yet what goes on
    assert (successor.value(counted), successor.value(series("info"))) == (2, 1)
    beside.tally.canary.note(0.002, "3")
    successor.rollouts.count("digits", FOUND, beside)
    assert (successor.value(counted), successor.value(series("info"))) == (3, 2)
    monkeypatch.setattr(rollouts, "ALIVE_MS", -1000)
    assert workers[1].value(series("info")) is None, "nobody has told of it for long"
    assert workers[1].value(counted) == 3


def test_a_models_name_may_have_anything_in_it_and_is_cut_where_it_is_long() -> None:
    worker = Worker()
    worker.rollouts.count("a/b", FOUND, Beside())
    worker.rollouts.count("ü" * 100, FOUND, Beside())
    assert worker.value('relearn_rollout_info{against="6",name="a/b",role="canary",version="7"}') == 1
    cut = "ü" * ((ledger.NAME_BYTES - len("canary/7/6/")) // 2)
    assert worker.value(f'relearn_rollout_info{{against="6",name="{cut}",role="canary",version="7"}}') == 1


def test_an_end_is_counted_by_one_worker_and_every_end_there_can_be_is_there_before(folder: Path) -> None:
    workers = [Worker(folder, place) for place in range(2)]
    ends = {(role, outcome) for role, outcomes in ENDS.items() for outcome in outcomes}
    line = 'relearn_rollouts_ended_total{{outcome="{}",role="{}"}}'
    assert {workers[0].value(line.format(outcome, role)) for role, outcome in ends} == {0}
    for worker in workers:
        worker.rollouts.count("digits", FOUND, Beside())
    for worker in workers:
        worker.rollouts.end("digits", replace(FOUND, outcome=Outcome.RETURNED))
    assert sum(worker.value(line.format("returned", "canary")) or 0 for worker in workers) == 1
    assert workers[0].value(series("info")) is None
    assert workers[0].value(series("seconds_count", more='arm="version"')) == 0, "what was counted stays"


def test_however_many_there_were_the_newest_only_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(ledger.now_ms())
    monkeypatch.setattr(ledger, "now_ms", lambda: next(clock))
    worker = Worker()
    for version in range(100, 100 + 2 * rollouts.ROWS):
        worker.rollouts.count("digits", replace(FOUND, version=str(version)), Beside())
    lines = [line for line in worker.told().splitlines() if line.startswith("relearn_rollout_info{")]
    assert len(lines) == rollouts.TOLD
    assert any(f'version="{99 + 2 * rollouts.ROWS}"' in line for line in lines)


def test_promtool_accepts_them() -> None:
    worker, beside = Worker(), Beside()
    for role in Role:
        worker.rollouts.count("digits", replace(FOUND, role=role), beside)
    checked = subprocess.run(
        [needed("promtool"), "check", "metrics"], input=worker.told(), capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
