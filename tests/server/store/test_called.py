"""What is stored of answers and doubts is read by what the classes are called now; undone, as before."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from server.store.canary import Outcome, Verdict, Wish
from server.store.days import OTHERS, Answered
from server.store.memory import Memory
from server.store.sample import Caps
from server.store.selection import Selection, State
from server.store.vocabulary import Change, Kind
from tests.server.store.filled import a_sample
from tests.server.store.memories import doubted, labelled, publish, sha_of

CLASSES = tuple("012345678")
RENAMED = Change(Kind.RENAME, "7", "seven")
MERGED = Change(Kind.MERGE, "7", "8")
REMOVED = Change(Kind.REMOVE, "7")

Read = Callable[[Memory], object]


def of_days(memory: Memory) -> object:
    (day,) = memory.days.newest(9)
    return {label: each.answers for label, each in day.labels.items()}


def of_suspects(memory: Memory) -> object:
    (found,) = memory.browser.page(9, None, Selection(state=State.SUSPECT)).pictures
    return found.predicted


def of_comparison(memory: Memory) -> object:
    found = memory.canaries.open()
    assert found is not None
    return found.parts[0]["canary"]["labels"], found.parts[0]["current"]["labels"]


def of_words(memory: Memory) -> object:
    """How many of the labels that were told of version 1's answers say that it was wrong."""
    found = memory.canaries.open()
    assert found is not None
    known = memory.canaries.add(found.id, "other", PART)
    assert known is not None
    assert known.parts[0]["canary"]["labels"] == found.parts[0]["canary"]["labels"]
    return known.told["1"]


PART: dict[str, Any] = {"canary": {"labels": {"7": 2, "8": 1}}, "current": {"labels": {"8": 4}}}
PLAIN: dict[Read, object] = {
    of_days: {OTHERS: 5, "7": 2, "8": 1},
    of_suspects: "7",
    of_comparison: ({"7": 2, "8": 1}, {"8": 4}),
    of_words: (1, 1),
}


@pytest.fixture
def answered(memory: Memory) -> Memory:
    """A store with a day, a suspect that was taken for a 7, and a comparison that saw a 7 and was told of an 8."""
    memory.days.add({(7, "7"): Answered(2, 1.5, 2, 1), (7, "8"): Answered(1, 0.5, 1, 0), (7, OTHERS): Answered(5)})
    memory.dataset.add([labelled(0), doubted(1, "3")], "upload")  # which every model takes for a 7
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    canary = memory.canaries.begin(second, Wish(5, 600, 100), "ana", "")
    memory.canaries.add(canary.id, "one", PART)
    seen, model_input = a_sample(40)
    memory.samples.add([(replace(seen, predicted="7"), model_input)], Caps(9, 9, 2**20, 9))
    memory.samples.note([(sha_of(40), {"feedback": "8"})])
    return memory


@pytest.mark.parametrize(
    ("read", "renamed", "merged"),
    [
        (of_days, {OTHERS: 5, "8": 1, "seven": 2}, {OTHERS: 5, "8": 3}),
        (of_suspects, "seven", "8"),
        (of_comparison, ({"seven": 2, "8": 1}, {"8": 4}), ({"8": 3}, {"8": 4})),
        (of_words, (1, 1), (1, 0)),
    ],
)
def test_what_was_stored_before_a_change_counts_for_what_it_became(
    answered: Memory, read: Read, renamed: object, merged: object
) -> None:
    for change, expected in ((RENAMED, renamed), (MERGED, merged), (REMOVED, PLAIN[read])):
        batch, _ = answered.classes.change(change, CLASSES, "test")
        assert read(answered) == expected
        answered.dataset.remove_batch(batch)
        assert read(answered) == PLAIN[read]


def test_sums_of_merged_classes_are_added_up(answered: Memory) -> None:
    answered.classes.change(MERGED, CLASSES, "test")
    (day,) = answered.days.newest(1)
    assert day.labels["8"] == Answered(3, 2.0, 3, 1)
    answered.days.add({(7, "7"): Answered(1, 1.0, 1, 0)})  # of the version that knows them apart still
    (day,) = answered.days.newest(1)
    assert day.labels["8"] == Answered(4, 3.0, 4, 1)


def test_an_end_is_read_by_the_classes_of_now_too(answered: Memory) -> None:
    canary = answered.canaries.open()
    assert canary is not None
    batch, _ = answered.classes.change(RENAMED, CLASSES, "test")
    answered.canaries.end(canary.id, Verdict(Outcome.RETURNED, "worse"))
    assert answered.canaries.newest(canary.version).parts[0]["canary"]["labels"] == {"seven": 2, "8": 1}
    answered.dataset.remove_batch(batch)
    assert answered.canaries.newest(canary.version).parts[0]["canary"]["labels"] == {"7": 2, "8": 1}
