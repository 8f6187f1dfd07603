"""The watch sees the answers of all workers, raises one alarm and begins anew, however often a worker does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from server.models.reference import Reference, Steps
from server.observe.answers import answers_in
from server.observe.drift import NAME, RING, Drift
from server.process.counts import DRIFT_BYTES
from server.serving.prediction import Prediction
from server.store.errors import Unavailable
from server.store.memory import Memory
from server.web.access import Record
from tests.tiny import memory_in

REFERENCE = Reference(10_000, (5000, 5000), {"ink": Steps((0.25, 0.75), (2500, 7500))}, {1000: 30.0})
EXECUTOR = ThreadPoolExecutor(1)


@dataclass(eq=False)
class Version:
    version: str = "3"
    labels: tuple[str, ...] = ("cat", "dog")
    reference: Reference | None = REFERENCE


@dataclass
class Serves:
    model: Version | None


def record(answers: int, seed: int, model: Version, share: float = 0.5) -> Record:
    """Of which so many are `dog`."""
    random = np.random.default_rng(seed)
    rows = np.where(random.random((answers, 1)) < share, [[0.125, 0.875]], [[0.875, 0.125]]).astype(np.float32)
    told: Any = [Prediction(model, int(row.argmax()), row, None, random.random()) for row in rows]  # type: ignore[arg-type]
    return Record("POST", b"/predict", "/predict", "1", 0.0, 200, batch_size=1, answers=told)


def crew_of(memory: Memory, serves: Serves, folder: Path, workers: int = 2, requests: int = 1000) -> list[Drift]:
    for place in range(workers):
        (folder / NAME.format(place)).write_bytes(bytes(DRIFT_BYTES))
    served: Any = serves
    return [Drift(memory.drift, served, requests, EXECUTOR, folder, place) for place in range(workers)]


def look(crew: list[Drift]) -> None:
    for drift in crew:
        drift.look()


def test_the_answers_of_all_workers_make_one_alarm_that_all_of_them_tell(tmp_path: Path) -> None:
    memory, serves = memory_in(tmp_path), Serves(Version())
    crew = crew_of(memory, serves, tmp_path)
    look(crew)
    for place, drift in enumerate(crew):
        drift.take(answers_in([record(1000, place, Version())]))
    look(crew)
    assert [drift.told["answers"] for drift in crew] == [2000, 2000]
    assert memory.drift.about("3") is None
    for place, drift in enumerate(crew):
        drift.take(answers_in([record(150, place + 5, Version(), 0.9)]))
    look(crew)
    raised = memory.drift.about("3")
    assert raised is not None
    assert raised.statistic == "label"
    assert raised.content["moved"][0]["now"] != raised.content["moved"][0]["reference"] == 0.5
    assert [drift.told["alarm"]["id"] for drift in crew] == [str(raised.id)] * 2
    assert crew[1].share > 1


def test_it_begins_anew_when_the_alarm_is_closed_and_with_another_version(tmp_path: Path) -> None:
    memory, serves = memory_in(tmp_path), Serves(Version())
    drift = crew_of(memory, serves, tmp_path, 1)[0]
    drift.look()
    drift.take(answers_in([record(500, 1, Version(), 0.9)]))
    drift.look()
    first = memory.drift.about("3")
    assert first is not None
    drift.take(answers_in([record(500, 2, Version(), 0.9)]))
    drift.look()
    assert drift.told["alarm"]["id"] == str(first.id)
    memory.drift.close(first.id, "somebody")
    drift.look()
    assert (drift.told["alarm"], drift.told["answers"]) == (None, 0)
    drift.take(answers_in([record(500, 3, Version(), 0.9)]))
    drift.look()
    second = memory.drift.about("3")
    assert second is not None and second.id != first.id  # noqa: PT018 - one thing
    serves.model = Version("4")
    drift.take(answers_in([record(500, 4, Version("3"), 0.9), record(100, 5, Version("4"))]))
    drift.look()
    assert (drift.told["model_version"], drift.told["answers"], drift.told["alarm"]) == ("4", 100, None)
    serves.model = Version("3")
    drift.look()
    assert drift.told["alarm"]["id"] == str(second.id)


def test_what_can_not_be_watched_says_why_and_no_alarm_is_raised(tmp_path: Path) -> None:
    memory, serves = memory_in(tmp_path), Serves(None)
    drift = crew_of(memory, serves, tmp_path, 1)[0]
    drift.look()
    assert drift.told["reason"] == "no model serves"
    serves.model = Version(reference=None)
    drift.look()
    assert (drift.told["watching"], drift.told["reason"]) == (False, "the version has no reference")
    off = crew_of(memory, Serves(Version()), tmp_path, 1, requests=0)[0]
    off.look()
    assert off.told["reason"] == "--drift-false-alarm-requests is 0"
    assert off.share == 0


def test_answers_that_no_look_came_for_are_lost_and_a_worker_that_comes_back_counts_on(tmp_path: Path) -> None:
    memory, serves = memory_in(tmp_path), Serves(Version())
    crew = crew_of(memory, serves, tmp_path)
    look(crew)
    for number in range(5):
        crew[1].take(answers_in([record(RING // 4 + 50, number, Version())]))
    look(crew)
    assert crew[0].told["answers"] == RING // 50 * 50
    again: Any = serves
    crew[1] = Drift(memory.drift, again, 1000, EXECUTOR, tmp_path, 1)
    crew[1].take(answers_in([record(100, 9, Version())]))
    look(crew)
    assert crew[1].told["answers"] == (RING + 100) // 50 * 50


def test_an_alarm_waits_for_a_database_that_can_not_be_used(tmp_path: Path) -> None:
    memory, serves = memory_in(tmp_path), Serves(Version())
    drift = crew_of(memory, serves, tmp_path, 1)[0]
    drift.look()
    raise_, memory.drift.raise_ = memory.drift.raise_, _unavailable  # type: ignore[method-assign,assignment]
    drift.take(answers_in([record(500, 1, Version(), 0.9)]))
    drift.look()
    assert drift.told["alarm"] is None
    memory.drift.raise_ = raise_  # type: ignore[method-assign]
    drift.take(answers_in([record(50, 2, Version(), 0.9)]))
    drift.look()
    assert memory.drift.about("3") is not None


def _unavailable(*_: object) -> Any:
    raise Unavailable("the disk is gone")
