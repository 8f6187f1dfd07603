"""Parts of a class with few pictures: each has some that learn and some that judge, always the same ones."""

import hashlib
from collections import Counter

import pytest

from server.layouts.errors import DatasetError
from server.layouts.layout import Half
from server.store.enough import LEAST
from trainer.deal import DEALT_BELOW, Member, check_enough, dealt, part_of


def members(count: int, label: str = "cat", half: Half | None = None, copies: int = 1) -> list[Member]:
    found = []
    for number in range(count):
        sha256 = hashlib.sha256(f"{label}{number}".encode()).hexdigest()
        found.append(Member(number, label, half, sha256, str(number // copies).encode()))
    return found


def counted(some: list[Member]) -> Counter[str]:
    return Counter(part for _, part in dealt(some))


@pytest.mark.parametrize("count", range(12, 2 * DEALT_BELOW, 11))
@pytest.mark.parametrize("label", ["cat", "dog", "owl"])
def test_every_class_learns_and_judges(count: int, label: str) -> None:
    found = counted(members(count, label))
    assert found.total() == count
    assert all(found[part] >= least for part, least in LEAST.items())
    assert found["fit"] >= count / 2
    with_half = counted(members(count - 2, label, "train"))
    assert all(with_half[part] >= least for part, least in LEAST.items() if part != "test")
    assert with_half["test"] == 0


def test_the_same_pictures_are_dealt_the_same_in_whatever_order() -> None:
    some = members(30)
    assert dict(dealt(some)) == dict(dealt(some[::-1]))


def test_one_more_picture_moves_few() -> None:
    before, after = dict(dealt(members(40))), dict(dealt(members(41)))
    assert sum(before[row] != after[row] for row in before) <= 3


def test_pictures_that_are_the_same_to_the_model_stay_together() -> None:
    some = members(60, copies=5)
    part = dict(dealt(some))
    for group in {member.group for member in some}:
        assert len({part[member.row] for member in some if member.group == group}) == 1


def test_a_class_of_many_is_parted_by_hashes_alone() -> None:
    some = members(4 * DEALT_BELOW, half="train")
    assert dict(dealt(some)) == {member.row: part_of(member.sha256) for member in some}


@pytest.mark.parametrize("count", range(12))
def test_so_many_more_and_a_version_can_be_trained(count: int) -> None:
    def check(count: int) -> None:
        every = {"cat": counted(members(count)), "dog": counted(members(20, "dog"))}
        parts = {part: {label: found[part] for label, found in every.items()} for part in (*LEAST, "uploads")}
        check_enough(parts, ("cat", "dog"), "pets")

    with pytest.raises(DatasetError, match=f"pets: too few .* of 'cat' .*, {count} in all; {12 - count} more"):
        check(count)
    check(12)


def test_uploads_count_for_what_is_learnt() -> None:
    parts = {"fit": {"cat": 1}, "uploads": {"cat": 5}, "validation": {"cat": 2}, "gate": {"cat": 2}, "test": {"cat": 2}}
    check_enough(parts, ("cat",), "pets")
    with pytest.raises(DatasetError, match="1 more of 'cat'"):
        check_enough(parts | {"uploads": {"cat": 4}}, ("cat",), "pets")
