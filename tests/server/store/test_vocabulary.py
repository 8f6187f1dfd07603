"""What the classes are called, and what every name stands for, after any decisions."""

import pytest

from server.store.errors import Conflict, NotFound, StoreError, UnusableLabel
from server.store.vocabulary import NAME_LIMIT, Change, Kind, Vocabulary, made_by

BEGUN = made_by([Change(Kind.BEGIN, "a"), Change(Kind.BEGIN, "b"), Change(Kind.BEGIN, "c")])


def after(*changes: Change, of: Vocabulary = BEGUN) -> Vocabulary:
    for change in changes:
        of = of.changed(change)
    return of


def test_a_renamed_class_keeps_its_place_and_its_pictures() -> None:
    made = after(Change(Kind.RENAME, "b", "d"), Change(Kind.RENAME, "d", "e"))
    assert made.names == ("a", "e", "c")
    assert [made.of(label) for label in "abcde"] == ["a", "e", "c", "e", "e"]


def test_it_can_have_its_old_name_back() -> None:
    made = after(Change(Kind.RENAME, "b", "d"), Change(Kind.RENAME, "d", "b"))
    assert made.names == BEGUN.names
    assert made.of("d") == made.of("b") == "b"


def test_what_is_merged_counts_under_the_other_name() -> None:
    made = after(Change(Kind.MERGE, "a", "c"), Change(Kind.RENAME, "c", "both"))
    assert made.names == ("b", "both")
    assert [made.of(label) for label in "abc"] == ["both", "b", "both"]


def test_what_is_removed_is_left_out_until_it_is_added_again() -> None:
    removed = after(Change(Kind.RENAME, "b", "d"), Change(Kind.REMOVE, "d"))
    assert removed.names == ("a", "c")
    assert removed.of("b") is removed.of("d") is None
    again = after(Change(Kind.ADD, "d"), of=removed)
    assert again.names == ("a", "c", "d")
    assert again.of("b") == again.of("d") == "d"


@pytest.mark.parametrize("name", ["none of these", "naïve", "猫", "می\u200cروم", "👩\u200d🔬", "x" * NAME_LIMIT])
def test_a_name_is_of_any_script(name: str) -> None:
    assert after(Change(Kind.ADD, name)).of(name) == name


def test_the_names_of_a_base_dataset_are_as_they_are() -> None:
    based = made_by([Change(Kind.BASE, " a"), Change(Kind.BASE, "x" * 200)])
    assert after(Change(Kind.RENAME, " a", "a"), of=based).of(" a") == "a"


def test_what_nobody_ever_named_is_no_class() -> None:
    assert BEGUN.of("x") is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ([Change(Kind.ADD, "a")], Conflict),
        ([Change(Kind.RENAME, "a", "d"), Change(Kind.ADD, "a")], Conflict),
        ([Change(Kind.MERGE, "a", "b"), Change(Kind.ADD, "a")], Conflict),
        ([Change(Kind.RENAME, "a", "a")], Conflict),
        ([Change(Kind.RENAME, "a", "b")], Conflict),
        ([Change(Kind.RENAME, "a", "d"), Change(Kind.RENAME, "b", "a")], Conflict),
        ([Change(Kind.REMOVE, "a"), Change(Kind.RENAME, "b", "a")], Conflict),
        ([Change(Kind.MERGE, "a", "a")], Conflict),
        ([Change(Kind.MERGE, "a", "x")], NotFound),
        ([Change(Kind.RENAME, "x", "y")], NotFound),
        ([Change(Kind.REMOVE, "x")], NotFound),
        ([Change(Kind.REMOVE, "a"), Change(Kind.REMOVE, "a")], NotFound),
        ([Change(Kind.REMOVE, "a"), Change(Kind.REMOVE, "b")], Conflict),
        ([Change(Kind.REMOVE, "a"), Change(Kind.MERGE, "b", "c")], Conflict),
        *(
            ([Change(Kind.ADD, name)], UnusableLabel)
            for name in ("", " d", "d ", "a\nb", "a\u2028b", "\0", "\ud800", "x" * (NAME_LIMIT + 1))
        ),
    ],
)
def test_what_can_not_be_is_refused(changes: list[Change], error: type[StoreError]) -> None:
    made = after(*changes[:-1])
    with pytest.raises(error):
        made.changed(changes[-1])


def test_classes_without_pictures_in_the_base_are_taught_by_uploads_alone() -> None:
    based = made_by([Change(Kind.BASE, name) for name in "abc"])
    assert (based.has_base, based.taught_by_uploads()) == (True, ())
    made = after(Change(Kind.ADD, "d"), Change(Kind.RENAME, "a", "e"), Change(Kind.MERGE, "b", "d"), of=based)
    assert made.taught_by_uploads() == ()
    assert after(Change(Kind.ADD, "d"), Change(Kind.RENAME, "a", "e"), of=based).taught_by_uploads() == ("d",)
    assert (BEGUN.has_base, BEGUN.taught_by_uploads()) == (False, ("a", "b", "c"))
