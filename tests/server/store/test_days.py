"""What was answered adds up by day and label, whoever answered and whatever the clock said, and stays within bounds."""

import numpy as np
import pytest

from server.store import days
from server.store.days import OTHERS, Answered, Day
from server.store.memory import Memory
from tests.opener import Opener
from tests.server.store.memories import at_once

LONG = "".join(map(chr, np.random.default_rng(1).integers(0x4E00, 0x9FFF, 3000)))  # more than an index takes


def told(memory: Memory, number: int = 1000) -> dict[int, dict[str, int]]:
    return {
        day.number: {label: each.answers for label, each in day.labels.items()} for day in memory.days.newest(number)
    }


def test_answers_add_up_by_day_and_label(memory: Memory) -> None:
    assert memory.days.newest(9) == []
    memory.days.add({(7, "cat"): Answered(2, 1.5, 2, 1), (7, "dog"): Answered(1, 0.5), (8, "cat"): Answered(1, 1.0)})
    memory.days.add({(7, "cat"): Answered(3, 2.25, 3, 0)})
    newest, before = memory.days.newest(9)
    assert newest == Day(8, {"cat": Answered(1, 1.0, 0, 0)})
    assert before == Day(7, {"cat": Answered(5, 3.75, 5, 1), "dog": Answered(1, 0.5, 0, 0)})
    assert before.whole == Answered(6, 4.25, 5, 1)
    assert list(told(memory, 1)) == [8]


def test_workers_that_add_at_one_moment_lose_nothing(opener: Opener) -> None:
    workers = [opener.ready() for _ in range(4)]
    some = {(7, "cat"): Answered(1, 0.5, 1, 1), (7, "dog"): Answered(2, 1.0)}
    assert at_once(*[lambda worker=worker: worker.days.add(some) for worker in workers]) == [None] * 4
    assert workers[0].days.newest(9) == [Day(7, {"cat": Answered(4, 2.0, 4, 4), "dog": Answered(8, 4.0)})]


def test_the_oldest_days_make_room(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "DAYS_LIMIT", 3)
    for number in (10, 11, 12, 13):
        memory.days.add({(number, "cat"): Answered(1)})
    assert list(told(memory)) == [13, 12, 11]
    memory.days.add({(number, "cat"): Answered(1) for number in (13, 14, 15)})
    assert told(memory) == {15: {"cat": 1}, 14: {"cat": 1}, 13: {"cat": 2}}


def test_a_clock_that_was_wrong_takes_no_other_days_along(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "DAYS_LIMIT", 3)
    for number in (20_000, 40_000, 20_001, 0, 20_001):
        memory.days.add({(number, "cat"): Answered(1)})
    assert told(memory) == {40_000: {"cat": 1}, 20_001: {"cat": 2}, 20_000: {"cat": 1}}


def test_labels_beyond_the_bound_are_counted_together(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "LABELS_LIMIT", 2)
    memory.days.add({(7, label): Answered(1) for label in "abcd"})
    memory.days.add({(7, label): Answered(1) for label in "dae"} | {(8, "e"): Answered(1)})
    assert told(memory) == {8: {"e": 1}, 7: {OTHERS: 4, "a": 2, "b": 1}}


@pytest.mark.parametrize("label", ["a\0b", "\ud800", LONG, "%s", "'"])
def test_any_label_can_be_counted(memory: Memory, label: str) -> None:
    memory.days.add({(7, label): Answered(1)})
    memory.days.add({(7, label): Answered(1), (7, "cat"): Answered(1)})
    assert sorted(told(memory)[7].values()) == [1, 2]


def test_models_of_one_database_have_days_of_their_own(opener: Opener) -> None:
    one, other = opener("one"), opener("other")
    one.days.add({(7, "cat"): Answered(1)})
    other.days.add({(7, "cat"): Answered(2)})
    assert (told(one), told(other)) == ({7: {"cat": 1}}, {7: {"cat": 2}})
