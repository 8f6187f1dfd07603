"""The classes are decided in transactions, like all else: logged, undone, and the same for every process."""

import pytest
from sqlalchemy import select

from server.store.errors import Conflict, NotFound, UnusableLabel
from server.store.memory import Memory
from server.store.tables import decision
from server.store.vocabulary import Change, Kind
from tests.opener import Opener

DIGITS = ("0", "1", "2")


def names(memory: Memory) -> tuple[str, ...]:
    vocabulary = memory.classes.vocabulary()
    assert vocabulary is not None
    return vocabulary.names


def actions(memory: Memory) -> list[str]:
    with memory.database.read() as connection:
        return list(connection.execute(select(decision.c.action).order_by(decision.c.id)).scalars())


def test_nothing_is_decided_at_first(memory: Memory) -> None:
    assert memory.classes.vocabulary() is None
    assert memory.classes.decided() == []


def test_a_model_begins_once(memory: Memory) -> None:
    assert memory.classes.begin(("cat", "dog"), "ana").names == ("cat", "dog")
    with pytest.raises(Conflict, match="decided already"):
        memory.classes.begin(("cat", "owl"), "ana")
    assert names(memory) == ("cat", "dog")
    assert actions(memory) == ["begin classes"]


@pytest.mark.parametrize("given", [(), ("cat",), ("cat", "cat"), ("cat", "")])
def test_it_does_not_begin_with_less_than_two_names(memory: Memory, given: tuple[str, ...]) -> None:
    with pytest.raises((UnusableLabel, Conflict)):
        memory.classes.begin(given, "ana")
    assert memory.classes.vocabulary() is None


def test_the_first_change_starts_from_what_serves(memory: Memory) -> None:
    batch, made = memory.classes.change(Change(Kind.ADD, "none"), DIGITS, "ana")
    assert made.names == names(memory) == (*DIGITS, "none")
    assert made.taught_by_uploads() == ("none",)
    assert [each.batch for each in memory.classes.decided()] == [None, None, None, batch]
    assert actions(memory) == ["add class"]
    assert memory.browser.batches(5)[0].source == "by hand: add class"


def test_without_a_version_there_is_nothing_to_change(memory: Memory) -> None:
    with pytest.raises(Conflict, match="begin with two"):
        memory.classes.change(Change(Kind.ADD, "none"), (), "ana")


def test_a_change_that_can_not_be_leaves_nothing(memory: Memory) -> None:
    with pytest.raises(NotFound):
        memory.classes.change(Change(Kind.REMOVE, "9"), DIGITS, "ana")
    assert memory.classes.vocabulary() is None
    assert actions(memory) == []


def test_a_change_is_undone_as_a_batch_is(memory: Memory) -> None:
    batch, _ = memory.classes.change(Change(Kind.REMOVE, "1"), DIGITS, "ana")
    assert names(memory) == ("0", "2")
    memory.dataset.remove_batch(batch, "ana")
    assert names(memory) == DIGITS
    assert actions(memory) == ["remove class", "undo"]
    with pytest.raises(NotFound):
        memory.dataset.remove_batch(batch, "ana")


def test_what_a_later_change_needs_is_not_undone_before_it(memory: Memory) -> None:
    added, _ = memory.classes.change(Change(Kind.ADD, "none"), DIGITS, "ana")
    renamed, _ = memory.classes.change(Change(Kind.RENAME, "none", "other"), DIGITS, "ana")
    with pytest.raises(Conflict, match=f"batch {renamed} .*undo that one first"):
        memory.dataset.remove_batch(added, "ana")
    assert names(memory) == (*DIGITS, "other")
    memory.dataset.remove_batch(renamed, "ana")
    memory.dataset.remove_batch(added, "ana")
    assert names(memory) == DIGITS


def test_models_have_classes_of_their_own(opener: Opener) -> None:
    opener("pets").classes.begin(("cat", "dog"), "ana")
    assert opener("digits").classes.vocabulary() is None
