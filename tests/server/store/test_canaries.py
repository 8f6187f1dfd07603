"""A canary begins at one place of the pointer, ends once, and is promoted from that place only."""

import pytest

from server.store.canaries import Canary, Outcome, Verdict, Wish
from server.store.errors import Conflict, NotFound
from server.store.memory import Memory
from tests.server.store.memories import at_once, publish

WISH = Wish(percent=5, seconds=600, requests=100)
PASSED = Verdict(Outcome.PROMOTED, "no worse")
WORSE = Verdict(Outcome.RETURNED, "worse")


def begun(memory: Memory) -> Canary:
    """Version 2 beside version 1."""
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    return memory.canaries.begin(second, WISH, "ana", "a better pen")


def test_one_that_passed_is_current_with_its_end(memory: Memory) -> None:
    canary = begun(memory)
    assert memory.canaries.end(canary.id, PASSED)
    move = memory.pointer.moves(1)[0]
    assert (move.from_version, move.to_version, move.kind) == (canary.against, canary.version, "promoted")
    assert (move.by, move.reason) == ("canary", "a better pen: no worse")
    assert memory.canaries.newest(canary.version).outcome == Outcome.PROMOTED
    assert memory.canaries.over_without_a_move() == []


def test_one_that_is_worse_moves_nothing_and_stands_among_the_ends(memory: Memory) -> None:
    canary = begun(memory)
    assert memory.canaries.end(canary.id, WORSE)
    assert memory.pointer.current() == canary.against
    (over,) = memory.canaries.over_without_a_move()
    assert (over.outcome, over.why, over.ended_by) == (Outcome.RETURNED, "worse", "canary")
    assert memory.canaries.open() is None


def test_of_many_that_end_it_one_does(memory: Memory) -> None:
    canary = begun(memory)
    moves = len(memory.pointer.moves(100))
    ends = [lambda: memory.canaries.end(canary.id, PASSED)] * 8
    assert at_once(*ends).count(True) == 1
    assert len(memory.pointer.moves(100)) == moves + 1


@pytest.mark.parametrize("back", [False, True])
def test_it_is_promoted_from_nowhere_else(memory: Memory, back: bool) -> None:
    """Not even from the same version, once the pointer was elsewhere: what it was compared with is past."""
    canary = begun(memory)
    other = publish(memory)
    if back:
        memory.versions.promote(canary.against, "ana", "", other)
    current = memory.pointer.current()
    known = memory.canaries.add(canary.id, "w", {})
    assert known is not None
    assert known.moved_to == current
    assert memory.canaries.end(canary.id, PASSED)
    assert memory.pointer.current() == current
    over = memory.canaries.newest(canary.version)
    assert (over.outcome, over.move) == (
        Outcome.ENDED,
        memory.pointer.moves(1)[0].number,
    )  # after it, whatever clocks say


def test_what_workers_count_stands_until_they_count_more(memory: Memory) -> None:
    canary = begun(memory)
    memory.canaries.add(canary.id, "one", {"n": 1})
    memory.canaries.add(canary.id, "other", {"n": 2})
    known = memory.canaries.add(canary.id, "one", {"n": 3})
    assert known is not None
    assert known.parts == [{"n": 3}, {"n": 2}]
    assert known.moved_to is None
    memory.canaries.end(canary.id, WORSE)
    assert memory.canaries.newest(canary.version).parts == [{"n": 3}, {"n": 2}]
    assert memory.canaries.add(canary.id, "one", {"n": 4}) is None


def test_there_is_one_at_a_time_and_never_the_current(memory: Memory) -> None:
    canary = begun(memory)
    with pytest.raises(Conflict, match="is a canary already"):
        memory.canaries.begin(canary.version, WISH, "ana", "")
    with pytest.raises(Conflict, match="it is the current version"):
        memory.canaries.begin(canary.against, WISH, "ana", "")
    with pytest.raises(NotFound):
        memory.canaries.newest("9")


def test_the_oldest_that_are_over_go(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.store.canaries.KEPT", 3)
    canary = begun(memory)
    for _ in range(6):
        memory.canaries.end(canary.id, WORSE)
        canary = memory.canaries.begin(canary.version, WISH, "ana", "")
    assert len(memory.canaries.over_without_a_move()) == 3
