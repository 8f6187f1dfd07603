"""A canary begins at one place of the pointer, ends once, and is promoted from that place only."""

import pytest

from server.store.canary import Canary, Outcome, Role, Verdict, Wish
from server.store.errors import Conflict, CurrentMoved, NotFound
from server.store.memory import Memory
from server.store.policy import Policy
from tests.server.store.memories import at_once, publish

WISH = Wish(percent=5, seconds=600, requests=100)
PASSED = Verdict(Outcome.PROMOTED, "no worse")
WATCH = Wish(percent=5, seconds=60, requests=10)
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
    moves = memory.pointer.moves(100)
    assert memory.canaries.end(canary.id, WORSE)
    assert memory.pointer.moves(100) == moves
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


def watched(memory: Memory) -> Canary:
    """Version 2, promoted from version 1."""
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    memory.canaries.promote(second, WATCH, "ana", "a better pen", first)
    found = memory.canaries.open()
    assert found is not None
    return found


def test_a_promotion_is_watched_from_its_own_transaction_on(memory: Memory) -> None:
    watch = watched(memory)
    assert (watch.role, watch.version, watch.against, watch.beside) == (Role.WATCH, "2", "1", "1")
    assert memory.pointer.current() == "2"
    with pytest.raises(CurrentMoved):
        memory.canaries.promote("1", WATCH, "ana", "", "1")
    assert memory.canaries.open() == watch


def test_one_that_was_watched_goes_back_with_the_reason(memory: Memory) -> None:
    watch = watched(memory)
    assert at_once(*[lambda: memory.canaries.end(watch.id, WORSE)] * 8).count(True) == 1
    move = memory.pointer.moves(1)[0]
    assert (move.from_version, move.to_version, move.kind) == ("2", "1", "rolled back")
    assert (move.by, move.reason) == ("watch", "worse")
    assert "2" not in memory.pointer.fallbacks()
    assert memory.canaries.newest("2", Role.WATCH).outcome is Outcome.RETURNED
    assert memory.canaries.open() is None
    assert memory.canaries.over_without_a_move() == []


def test_back_to_a_later_version_is_back_as_well(memory: Memory) -> None:
    first, second = publish(memory), publish(memory)
    memory.canaries.promote(first, WATCH, "ana", "", second)
    watch = memory.canaries.newest(first, Role.WATCH)
    memory.canaries.end(watch.id, WORSE)
    move = memory.pointer.moves(1)[0]
    assert (move.to_version, move.kind) == (second, "rolled back")


@pytest.mark.parametrize("outcome", [Outcome.KEPT, Outcome.STOPPED, Outcome.ENDED])
def test_no_other_end_of_a_watch_moves_anything(memory: Memory, outcome: Outcome) -> None:
    watch = watched(memory)
    moves = memory.pointer.moves(100)
    assert memory.canaries.end(watch.id, Verdict(outcome, "so"))
    assert memory.pointer.moves(100) == moves
    assert memory.canaries.newest("2", Role.WATCH).outcome is outcome


def test_nothing_goes_back_from_where_the_pointer_no_longer_is(memory: Memory) -> None:
    watch = watched(memory)
    other = publish(memory)
    assert memory.canaries.end(watch.id, WORSE)
    assert memory.pointer.current() == other
    assert memory.canaries.newest("2", Role.WATCH).outcome is Outcome.ENDED


def test_a_canary_that_passed_is_watched_as_it_was_asked(memory: Memory) -> None:
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    canary = memory.canaries.begin(second, Wish(5, 600, 100, next_seconds=60), "ana", "a better pen")
    memory.canaries.end(canary.id, PASSED)
    found = memory.canaries.open()
    assert found is not None
    assert (found.role, found.version, found.seconds, found.by) == (Role.WATCH, second, 60, "ana")
    assert memory.canaries.newest(second).outcome is Outcome.PROMOTED
    with pytest.raises(Conflict, match="is watched already"):
        memory.canaries.begin(first, WISH, "ana", "")


def test_a_watch_takes_the_place_of_what_went_on(memory: Memory) -> None:
    canary = begun(memory)
    memory.canaries.promote(canary.version, WATCH, "ana", "", canary.against)
    assert memory.canaries.newest(canary.version).outcome is Outcome.ENDED
    found = memory.canaries.open()
    assert found is not None
    assert found.role is Role.WATCH


def test_the_same_version_again_is_nothing_to_watch(memory: Memory) -> None:
    watch = watched(memory)
    memory.canaries.end(watch.id, Verdict(Outcome.KEPT, "so"))
    memory.canaries.promote("2", WATCH, "ana", "", "2")
    assert memory.canaries.open() is None


def test_a_shadow_that_passed_begins_a_canary_where_that_was_asked(memory: Memory) -> None:
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    for next_seconds, follows in ((0.0, False), (60.0, True)):
        wish = Wish(20, 600, 100, next_seconds)
        shadow = memory.canaries.begin(second, wish, "ana", "", role=Role.SHADOW)
        moves = memory.pointer.moves(100)
        assert memory.canaries.end(shadow.id, Verdict(Outcome.PASSED, "so"))
        assert memory.pointer.moves(100) == moves
        found = memory.canaries.open()
        assert (found is not None) == follows
        assert found is None or (found.role, found.version, found.seconds) == (Role.CANARY, second, 60)


def test_what_a_retrain_brought_goes_from_shadow_to_canary_to_watch_and_serves_in_between(memory: Memory) -> None:
    memory.policies.replace(Policy(canary_minutes=10, watch_minutes=60), "ana", lambda _: None)
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    memory.canaries.begin(second, Wish(20, 300, 100, 600), "ana", "job 1", role=Role.SHADOW)
    steps = [(Role.SHADOW, 300.0), (Role.CANARY, 600.0), (Role.WATCH, 3600.0)]
    outcomes = (Outcome.PASSED, Outcome.PROMOTED, Outcome.KEPT)
    for step, outcome, current in zip(steps, outcomes, (first, first, second), strict=True):
        found = memory.canaries.open()
        assert found is not None
        assert ((found.role, found.seconds), found.by, found.reason) == (step, "ana", "job 1")
        assert memory.pointer.current() == current
        memory.canaries.end(found.id, Verdict(outcome, "so"))
    assert memory.canaries.open() is None


def test_what_is_published_to_be_tried_takes_the_place_of_what_went_on(memory: Memory) -> None:
    canary = begun(memory)
    third = publish(memory)
    memory.versions.promote(canary.against, "ana", "", third)
    with memory.database.write() as connection:
        memory.canaries.begin_in(connection, Role.SHADOW, third, canary.against, WISH, "ana", "job 1")
    over = memory.canaries.newest(canary.version)
    assert (over.id, over.outcome, over.why) == (canary.id, Outcome.ENDED, f"version {third} took its place")
    found = memory.canaries.open()
    assert found is not None
    assert (found.role, found.version) == (Role.SHADOW, third)


def test_a_shadow_that_was_to_become_a_canary_stands_among_the_ends(memory: Memory) -> None:
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    for next_seconds, verdict in ((0.0, WORSE), (60.0, Verdict(Outcome.PASSED, "so")), (60.0, WORSE)):
        shadow = memory.canaries.begin(second, Wish(20, 600, 100, next_seconds), "ana", "", role=Role.SHADOW)
        memory.canaries.end(shadow.id, verdict)
        if (found := memory.canaries.open()) is not None:
            memory.canaries.end(found.id, PASSED)
            memory.versions.promote(first, "ana", "", second)
    (over,) = memory.canaries.over_without_a_move()
    assert (over.role, over.outcome) == (Role.SHADOW, Outcome.RETURNED)


def test_a_shadow_that_is_worse_begins_none(memory: Memory) -> None:
    first, second = publish(memory), publish(memory)
    memory.versions.promote(first, "ana", "", second)
    shadow = memory.canaries.begin(second, Wish(20, 600, 100, 60), "ana", "", role=Role.SHADOW)
    assert memory.canaries.end(shadow.id, WORSE)
    assert memory.canaries.open() is None
    assert memory.pointer.current() == first
