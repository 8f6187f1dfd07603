"""The order in which samples are shown: by doubt, no two alike, chance between them."""

from dataclasses import replace
from typing import Any

import numpy as np

from server.pictures.likeness import NEAR, likeness
from server.store.review import FAR, RANDOM_EVERY, in_order
from server.store.sample import Sample, Why

LABELS = tuple("0123456789")


def sample(number: int, margin: float = 0.2, why: Why = Why.UNSURE, like: int | None = None, **more: Any) -> Sample:
    pixels = np.random.default_rng(number if like is None else like).integers(0, 256, (28, 28, 1), np.uint8)
    given: dict[str, Any] = {
        "rank": margin,
        "probability": None,
        "score": None,
        "score_threshold": None,
    } | dict.fromkeys(("feedback", "reviewed", "skipped"))
    answered = {"hour": 7, "time": "", "request_id": "id", "position": 0, "version": "1", "predicted": "8"}
    named = {"id": number, "sha256": str(number), "bytes": 9, "likeness": likeness(pixels), "confidence": 0.5}
    return Sample(**given | answered | named | {"why": why, "margin": margin} | more)


def numbers(samples: list[Sample], count: int = 99) -> list[int]:
    return [each.id for each in in_order(samples, count, LABELS)]


def test_what_the_model_doubted_most_comes_first() -> None:
    found = [sample(1, 0.4), sample(2, 0.01), sample(3, 0.2)]
    assert numbers(found) == [2, 3, 1]
    assert numbers(found, 2) == [2, 3]
    strange = sample(4, 0.9, Why.UNFAMILIAR, score=0.3, score_threshold=0.6)
    assert numbers([*found, strange]) == [2, 3, 1, 4]


def test_a_likeness_of_one_before_it_comes_last() -> None:
    alike = [sample(number, 0.01, like=1) for number in (1, 2, 3)]
    assert numbers([*alike, sample(4, 0.4), sample(5, 0.3)]) == [1, 5, 4, 2, 3]


def test_a_likeness_of_one_that_is_told_comes_last() -> None:
    taken = sample(1, 0.01, like=1)
    for first in (replace(taken, reviewed="3"), replace(taken, skipped="blurred"), replace(taken, feedback="3")):
        assert numbers([first, sample(2, 0.01, like=1), sample(3, 0.45)]) == [3, 2]


def test_random_ones_stand_between_by_their_ranks_whatever_they_show() -> None:
    drawn = [sample(100 + number, 0.9, Why.RANDOM, rank=(7 * number % 10) / 10) for number in range(10)]
    found = numbers([*drawn, *(sample(number, 0.1) for number in range(1, 41))])
    by_rank = [each.id for each in sorted(drawn, key=lambda each: each.rank)]
    assert [number for number in found if number >= 100] == by_rank
    assert [place for place, number in enumerate(found) if number >= 100] == list(range(0, 50, RANDOM_EVERY))


def test_a_random_one_waits_for_a_look_whatever_was_told() -> None:
    assert numbers([sample(1, why=Why.RANDOM, feedback="3")]) == [1]
    assert numbers([sample(1, why=Why.RANDOM, reviewed="3"), sample(2, why=Why.RANDOM, skipped="none")]) == []


def test_every_one_is_shown_once() -> None:
    found = [sample(number, 0.0, like=number % 3) for number in range(1, 31)]
    assert sorted(numbers(found)) == list(range(1, 31))
    assert numbers([]) == []


def bent(number: int, bits: int) -> str:
    """A picture's likeness with so many of its bits the other way."""
    return f"{int(sample(number).likeness, 16) ^ (1 << bits) - 1:0100x}"


def test_what_is_alike_a_class_that_the_version_does_not_know_has_every_second_place() -> None:
    doubted = [sample(number, 0.01) for number in range(1, 9)]
    alike = [replace(sample(20 + bits, 0.49), likeness=bent(100, bits)) for bits in (NEAR + 1, 100, FAR - 1)]
    told = sample(100, 0.45, reviewed="wheel")
    found = numbers([*doubted, *alike, told])
    assert found[:6:2] == [each.id for each in alike]  # the nearest first
    assert sorted(found[1:6:2] + found[6:]) == [each.id for each in doubted]
    known = numbers([*doubted, *alike, replace(told, reviewed="8")])
    assert sorted(known[-3:]) == [each.id for each in alike]


def test_no_second_copy_is_asked_of_a_new_class_nor_what_is_nearer_to_a_known_one() -> None:
    doubted = [sample(number, 0.3) for number in range(1, 5)]
    told = sample(100, 0.45, reviewed="wheel")
    copy = replace(sample(21, 0.49), likeness=bent(100, NEAR))
    nearer = replace(sample(22, 0.49), likeness=bent(100, 100))
    confirmed = replace(sample(101, 0.45, reviewed="8"), likeness=bent(100, 130))
    assert numbers([*doubted, copy, told])[-1] == 21
    assert numbers([*doubted, nearer, told])[0] == 22
    assert numbers([*doubted, nearer, told, confirmed])[-1] == 22
    assert numbers([*doubted, nearer, replace(told, reviewed=None, skipped="blurred")])[-1] == 22
