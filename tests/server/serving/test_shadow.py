"""A version in shadow is asked of what was answered, as far as it has time, and nobody waits for it."""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from server.models.model import Outputs
from server.serving import shadow
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.serving.shadow import Shadow
from server.web.access import Record

LABELS = ("a", "b")


class Candidate:
    """Says "b" of everything, once it may."""

    def __init__(self, probabilities: tuple[float, float] = (0.1, 0.9), labels: tuple[str, str] = LABELS) -> None:
        self.labels = labels
        self.may = threading.Event()
        self.probabilities = probabilities

    def predict(self, images: np.ndarray) -> Outputs:
        assert self.may.wait(60)
        return Outputs(np.tile(np.array(self.probabilities, np.float32), (len(images), 1)), None)


class Current:
    """Whose answers are compared."""

    labels = LABELS


def answered(label: int, version: str = "1", route: str = "/predict") -> Record:
    model: Any = Current()
    said = np.array([0.5, 0.5], np.float32)
    kept = Prediction(model, label, said, None, model_input=np.zeros((2, 2, 1), np.uint8))
    record = Record("POST", b"/predict", route, "id", 0.0, status=200, version=version, batch_size=1)
    record.answers = [kept]
    return record


class Place:
    """A shadow of everything, and what it said."""

    def __init__(
        self, executor: ThreadPoolExecutor, candidate: Candidate, called: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.keeping = Keeping(is_on=False)
        self.changed: list[Prediction] = []
        self.problems = 0
        model: Any = candidate
        current: Any = None
        given = "1", 1.0, executor, lambda _record, _position, kept: self.changed.append(kept), self._problem
        self.shadow = Shadow(model, self.keeping, current, *given, called)

    def _problem(self) -> None:
        self.problems += 1

    async def until_asked(self, pictures: int) -> None:
        async with asyncio.timeout(60):
            while self.shadow.tally.canary.requests < pictures:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)


def test_what_it_has_no_time_for_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "WAITING_LIMIT", 3)
    candidate = Candidate()

    async def run() -> Place:
        with ThreadPoolExecutor(1) as executor:
            place = Place(executor, candidate)
            place.shadow.take([answered(0)])  # which is asked, and takes its time
            place.shadow.take([answered(0), answered(1), answered(1), answered(1), answered(1)])
            assert place.shadow.tally.canary.requests == 0
            candidate.may.set()
            await place.until_asked(4)
            return place

    place = asyncio.run(run())
    tally = place.shadow.tally
    assert (tally.dropped, tally.canary.requests, dict(tally.changed)) == (2, 4, {"a → b": 2})
    assert len(place.changed) == 2


def test_answers_are_compared_by_what_the_classes_are_called_now() -> None:
    candidate = Candidate(labels=("a", "bee"))
    candidate.may.set()

    async def run() -> Place:
        with ThreadPoolExecutor(1) as executor:
            place = Place(executor, candidate, {"b": "bee"})
            place.shadow.take([answered(0), answered(1)])
            await place.until_asked(2)
            return place

    tally = asyncio.run(run()).shadow.tally
    assert (dict(tally.changed), dict(tally.current.labels)) == ({"a → bee": 1}, {"a": 1, "bee": 1})


def test_only_what_the_version_that_serves_answered_is_asked() -> None:
    candidate = Candidate()
    candidate.may.set()

    async def run() -> Place:
        with ThreadPoolExecutor(1) as executor:
            place = Place(executor, candidate)
            others = [answered(0, version="3"), answered(0, route="/upload")]
            place.shadow.take([*others, answered(0)])
            await place.until_asked(1)
            return place

    assert asyncio.run(run()).shadow.tally.current.requests == 1


def test_pictures_are_kept_as_long_as_it_is_asked() -> None:
    with ThreadPoolExecutor(1) as executor:
        place = Place(executor, Candidate())
        assert place.keeping.is_on
        place.shadow.stop()
        assert not place.keeping.is_on


def test_what_are_no_probabilities_is_its_end() -> None:
    candidate = Candidate((float("nan"), 0.5))
    candidate.may.set()

    async def run() -> Place:
        with ThreadPoolExecutor(1) as executor:
            place = Place(executor, candidate)
            place.shadow.take([answered(0)])
            async with asyncio.timeout(60):
                while not place.problems:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.01)
            place.shadow.take([answered(0)])
            return place

    place = asyncio.run(run())
    assert place.shadow.tally.problem == "its answers are not probabilities"
    assert (place.problems, place.shadow.tally.canary.requests) == (1, 0)


def test_each_answer_of_a_batch_is_drawn_with_the_same_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "WAITING_LIMIT", 0)  # so that all that is drawn is counted at once

    class Noted(Shadow):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.places = Counter[int]()

        def _offer(self, record: Record, position: int) -> None:
            self.places[position] += 1
            super()._offer(record, position)

    def batch() -> Record:
        records = [answered(0) for _ in range(4)]
        records[0].answers = [answer for each in records for answer in each.answers]
        return records[0]

    with ThreadPoolExecutor(1) as executor:
        model: Any = Candidate()
        current: Any = None
        noted = Noted(model, Keeping(), current, "1", 0.25, executor, lambda *_: None, lambda: None, {})
        for _ in range(40):
            noted.take([each for _ in range(50) for each in (answered(0), Record("GET", b"/", "/", "", 0.0), batch())])
    assert noted.tally.dropped == sum(noted.places.values())
    assert 800 <= noted.places[0] <= 1200  # of 4000, by 0.25 with a deviation of 27; as many again in a batch
    for position in (1, 2, 3):
        assert 390 <= noted.places[position] <= 610  # of 2000, with a deviation of 19
