"""What is kept of what was predicted: by its margin, by its score, and by chance; and what is too much is counted."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from server.observe.answers import answers_in
from server.observe.collector import Collector
from server.serving import keeping
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.store.errors import Unavailable
from server.store.memory import Memory
from server.store.sample import Caps
from server.store.samples import Samples
from server.web.access import Record
from tests.opener import Opener


@pytest.fixture
def memory(opener: Opener) -> Memory:
    return opener()


class Answered:
    """What a prediction says of its model."""

    version = "3"
    labels = ("a", "b")
    score_threshold = 0.5


ANSWERED = Answered()


def record(number: int, margin: float, score: float = 0.9, pictured: int | None = None) -> Record:
    likely = (1 + margin) / 2
    pixels = np.random.default_rng(number if pictured is None else pictured).integers(0, 256, (28, 28, 1), np.uint8)
    said = np.array([likely, 1 - likely], np.float32)
    kept = Prediction(ANSWERED, 0, said, np.float32(score), model_input=pixels)  # type: ignore[arg-type]
    return Record("POST", b"/predict", "/predict", f"id-{number}", 0.0, 200, answers=[kept])


class Collected:
    """A collector that is told some ticks and stopped."""

    def __init__(self, memory: Memory, an_hour: int = 5, share: float = 1e-9) -> None:
        self.dropped = 0
        self.samples: Samples = memory.samples
        self.pool = ThreadPoolExecutor(1)
        caps = Caps(an_hour, 1000, 2**20, 30)
        self.collector = Collector(memory.samples, caps, share, Keeping(), self.pool, self.count)

    def count(self, number: int) -> None:
        self.dropped += number

    def store(self) -> None:
        asyncio.run(self.collector.stop())

    def found(self) -> dict[str, set[str]]:
        self.store()
        self.pool.shutdown()
        found: dict[str, set[str]] = {}
        for each in self.samples.every():
            found.setdefault(each.why, set()).add(each.request_id)
        return found


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hour ends within a test."""
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000.0)


def test_the_least_sure_and_the_least_familiar_are_kept(memory: Memory) -> None:
    collected = Collected(memory)
    told = [record(number, margin=number / 50, score=0.9 if number % 10 else number / 100) for number in range(50)]
    for first in (40, 20, 0):
        collected.collector.take(answers_in(told[first : first + 20]))
    found = collected.found()
    assert found == {
        "unsure": {f"id-{number}" for number in (1, 2, 3, 4, 5)},
        "unfamiliar": {f"id-{number}" for number in (0, 10, 20, 30, 40)},
    }
    (sample,) = [each for each in memory.samples.every() if each.request_id == "id-20"]
    assert (sample.version, sample.predicted, sample.probability, sample.score_threshold) == ("3", "a", None, 0.5)
    assert sample.score == pytest.approx(0.2)


def test_each_answer_is_drawn_with_the_stated_probability_whatever_else_it_is(memory: Memory) -> None:
    collected = Collected(memory, an_hour=4000, share=0.3)
    kinds = {"sure": (0.9, 0.9), "unsure": (0.1, 0.9), "unfamiliar": (0.9, 0.1)}
    number = 0
    for margin, score in kinds.values():
        collected.collector.take(answers_in([record(number + each, margin, score, pictured=1) for each in range(1000)]))
        number += 1000
    waiting = [each for those in collected.collector._waiting.values() for each in those if each.seen.why == "random"]
    for first in range(0, 3000, 1000):
        drawn = sum(first <= int(each.seen.request_id[3:]) < first + 1000 for each in waiting)
        assert 215 <= drawn <= 385  # 300, with a deviation of 14.5
    assert {each.seen.probability for each in waiting} == {0.3}
    collected.pool.shutdown()


def test_a_sure_and_familiar_answer_is_kept_by_chance_alone(memory: Memory) -> None:
    collected = Collected(memory, share=1.0)
    collected.collector.take(answers_in([record(number, margin=0.9) for number in range(20)]))
    found = collected.found()
    assert {why: len(ids) for why, ids in found.items()} == {"random": 5}
    assert all(each.probability is not None and each.probability < 1 for each in memory.samples.every())


def test_what_a_shadow_answers_differently_is_kept(memory: Memory) -> None:
    collected = Collected(memory)
    told = [record(number, margin=0.9 - number / 100) for number in range(8)]
    for each in told:
        kept = each.answers[0]
        assert isinstance(kept, Prediction)
        collected.collector.changed(each, 0, kept)
    assert collected.found() == {"shadow": {f"id-{number}" for number in range(3, 8)}}  # the least sure


def test_one_picture_again_and_again_does_not_fill_the_hour(memory: Memory) -> None:
    collected = Collected(memory)
    collected.collector.take(
        answers_in([record(number, margin=0.01, pictured=1) for number in range(100)] + [record(200, 0.2)])
    )
    assert collected.found() == {"unsure": {"id-0", "id-200"}}


def test_a_flood_is_bounded_on_its_way_and_counted(memory: Memory) -> None:
    collected = Collected(memory)
    collected.collector.take(answers_in([record(number, margin=number / 1000) for number in reversed(range(60))]))
    assert collected.dropped == 60 - 6
    collected.store()
    collected.collector.take(answers_in([record(number, margin=number / 1000) for number in range(60, 120)]))
    assert collected.dropped == 60 - 6  # the hour is full of lower margins: no more are offered
    assert collected.found() == {"unsure": {f"id-{number}" for number in range(5)}}


def test_an_hour_that_is_full_stays_so_until_somebody_removes_samples(memory: Memory) -> None:
    collected = Collected(memory)
    flood = [record(number, margin=number / 1000) for number in range(100)]
    collected.collector.take(answers_in(flood[:20]))
    collected.store()
    collected.collector.take(answers_in([record(200, margin=0.9, score=0.1)]))  # of another reason
    collected.store()
    collected.collector.take(answers_in(flood[20:60]))
    assert not collected.collector._waiting
    memory.samples.clear()
    collected.store()
    collected.collector.take(answers_in(flood[60:63]))
    assert collected.found() == {"unsure": {"id-60", "id-61", "id-62"}}


def test_pictures_beyond_what_is_held_are_counted(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LIMIT_BYTES", 10)
    collected, holding = Collected(memory), Keeping()
    two = np.zeros((2, 2, 2, 1), np.uint8)
    assert holding.keep(two) is not None
    assert holding.keep(two) is None
    assert holding.let_go() == 2
    assert holding.keep(two) is not None
    collected.pool.shutdown()


def test_what_was_seen_is_kept_and_not_what_comes_after_it_in_the_same_rows() -> None:
    rows = np.arange(8, dtype=np.uint8).reshape(2, 2, 2, 1)
    kept = Keeping().keep(rows)
    rows[:] = 0
    assert kept is not None
    assert kept.ravel().tolist() == list(range(8))


def test_answers_whose_pictures_were_not_kept_are_passed_over(memory: Memory) -> None:
    collected = Collected(memory)
    collected.collector.take(answers_in([Record("GET", b"/health", "/health", "x", 0.0, 200)]))
    assert collected.found() == {}


def test_what_cannot_be_stored_is_counted_and_hurts_nobody(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("no database")

    collected = Collected(memory, share=1.0)
    collected.collector.take(answers_in([record(number, margin=0.9) for number in range(4)]))
    monkeypatch.setattr(memory.samples, "add", fail)
    assert collected.found() == {}
    assert collected.dropped == 4


def test_the_next_hour_begins_anew(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    collected, now = Collected(memory, share=1.0), time.time()
    for hours in range(3):
        monkeypatch.setattr(time, "time", lambda later=hours * 3600: now + later)
        collected.collector.take(answers_in([record(100 * hours + number, margin=0.9) for number in range(20)]))
    assert len(collected.found()["random"]) == 15


def test_workers_share_one_store(opener: Opener) -> None:
    workers = [Collected(opener(), share=0.5) for _ in range(2)]
    for number, worker in enumerate(workers):
        worker.collector.take(answers_in([record(100 * number + each, margin=each / 100) for each in range(40)]))
        worker.store()
    found = workers[1].found()
    workers[0].pool.shutdown()
    assert {why: len(ids) for why, ids in found.items()} == {"random": 5, "unsure": 5}
