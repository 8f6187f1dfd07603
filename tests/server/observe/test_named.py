"""The models beside the default, as Prometheus is told them."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from server.observe import ledger, named
from server.observe.named import Named
from server.web.access import Record


def record(status: int = 200, seconds: float = 0.002, answers: int = 1) -> Record:
    made = Record("POST", b"/m/pets/predict", "/predict", "id", 0.0, status, seconds, "3", batch_size=answers)
    told: Any = None  # which answer it was is counted elsewhere
    made.answers = [told] * answers
    return made


def told(kept: Named) -> set[str]:
    registry = CollectorRegistry()
    registry.register(kept)
    return set(generate_latest(registry).decode().splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in range(2):
        (tmp_path / named.FILE.format(place)).write_bytes(bytes(named.ROWS * (ledger.HEAD + named.COLUMNS) * 8))
    return tmp_path


def test_each_model_has_its_requests_answers_and_times() -> None:
    kept = Named()
    kept.count("pets", [record(), record(seconds=0.003, answers=4), record(503, answers=0), record(0, answers=0)])
    kept.count("shapes", [record(404, answers=0)])
    assert told(kept) >= {
        'relearn_named_requests_total{name="pets",status="2xx"} 2.0',
        'relearn_named_requests_total{name="pets",status="5xx"} 1.0',
        'relearn_named_requests_total{name="pets",status="none"} 1.0',
        'relearn_named_requests_total{name="shapes",status="4xx"} 1.0',
        'relearn_named_answers_total{name="pets"} 5.0',
        'relearn_named_seconds_count{name="pets"} 2.0',
        'relearn_named_seconds_sum{name="pets"} 0.005',
        'relearn_named_seconds_bucket{le="0.0025",name="pets"} 1.0',
        'relearn_named_seconds_bucket{le="0.005",name="pets"} 2.0',
        'relearn_named_seconds_count{name="shapes"} 0.0',
    }


def test_workers_add_up_and_a_dead_ones_counts_stay_but_it_serves_no_more(folder: Path) -> None:
    one, other = (Named(folder, place) for place in range(2))
    for kept, version in ((one, "7"), (other, "8")):
        kept.count("pets", [record()])
        kept.gauge("pets", version)
    both = {f'relearn_named_model_info{{name="pets",version="{version}"}} 1.0' for version in "78"}
    assert told(one) >= both | {'relearn_named_answers_total{name="pets"} 2.0'}
    one = Named(folder, 0)  # in the place of the first, which was killed
    assert {line for line in told(other) if line.startswith("relearn_named_model_info")} == {
        'relearn_named_model_info{name="pets",version="8"} 1.0'
    }
    one.count("pets", [record()])
    assert 'relearn_named_answers_total{name="pets"} 3.0' in told(other)
    one.gauge("pets", "8")
    assert 'relearn_named_model_info{name="pets",version="8"} 2.0' in told(one)
    for kept in (one, other):
        kept.unloaded("pets")
    assert not [line for line in told(one) if line.startswith("relearn_named_model_info")]


def test_one_that_is_loaded_and_has_no_version_serves_nothing() -> None:
    kept = Named()
    kept.gauge("pets", None)
    assert not [line for line in told(kept) if line.startswith("relearn_named_model_info")]


def test_however_many_models_are_asked_the_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(ledger.now_ms())
    monkeypatch.setattr(ledger, "now_ms", lambda: next(clock))
    kept = Named()
    for number in range(2 * named.ROWS):
        kept.count(f"model{number}", [record()])
    names = {line for line in told(kept) if line.startswith("relearn_named_answers_total{")}
    assert len(names) == named.TOLD
    assert f'relearn_named_answers_total{{name="model{2 * named.ROWS - 1}"}} 1.0' in names
