"""Accuracy in production from few labels: without bias, and as often in its interval as that says."""

from dataclasses import replace

import numpy as np
import pytest

from server.store.accuracy import accuracy_of, interval, weighed
from server.store.sample import Sample, Why
from tests.server.store.test_review import sample

AN_HOUR = 20


def answer(number: int, rank: float, is_right: bool = True, hour: int = 7, probability: float = 1.0) -> Sample:
    made = replace(SAMPLE, id=number, sha256=f"{number:064x}", rank=rank, hour=hour, probability=probability)
    return replace(made, predicted="8" if is_right else "3")  # an 8, as whoever looks at it says


SAMPLE = sample(1, why=Why.RANDOM, score=0.9, score_threshold=0.5)


def looked_at(samples: list[Sample], number: int) -> list[Sample]:
    """The samples once somebody looked at so many, as they stand in the order."""
    turn = [each.id for each in sorted(samples, key=lambda each: each.rank)][:number]
    return [replace(each, reviewed="8") if each.id in turn else each for each in samples]


def production(random: np.random.Generator) -> tuple[list[Sample], float]:
    """Random samples of some hours, and the accuracy of all answers: one hour is a flood in which much is wrong."""
    samples: list[Sample] = []
    right = answers = 0
    for hour, (size, accuracy) in enumerate(((30, 0.95), (400, 0.7), (25, 0.9), (60, 0.9))):
        were_right = random.random(size) < accuracy
        ranks = random.random(size)
        right, answers = right + int(were_right.sum()), answers + size
        order = np.argsort(ranks)
        probability = float(ranks[order[AN_HOUR]])
        samples += [
            answer(1000 * hour + number, float(ranks[place]), bool(were_right[place]), hour, probability)
            for number, place in enumerate(order[:AN_HOUR])
        ]
    return samples, right / answers


@pytest.mark.parametrize("reviewed", [20, 50, 80])
def test_it_is_without_bias_however_many_were_looked_at(reviewed: int) -> None:
    random = np.random.default_rng(reviewed)
    off, inside = [], 0
    for _ in range(150):
        samples, true = production(random)
        complained = [each if each.predicted == "8" else replace(each, feedback="8") for each in samples]
        found = accuracy_of(weighed(looked_at(complained, reviewed)))
        assert found.accuracy is not None
        assert found.low is not None
        assert found.high is not None
        off.append(found.accuracy - true)
        inside += found.low <= true <= found.high
    assert abs(np.mean(off)) < 3 * np.std(off) / np.sqrt(len(off)) + 0.01
    assert inside >= 0.88 * 150


def test_what_was_looked_at_out_of_turn_does_not_count() -> None:
    samples = [answer(1, 0.1), replace(answer(2, 0.2, is_right=False), reviewed="8")]
    assert accuracy_of(weighed(samples)).accuracy is None
    samples[0] = replace(samples[0], reviewed="8")
    found = accuracy_of(weighed(samples))
    assert (found.reviewed, found.right, found.accuracy) == (2, 1, 0.5)


def test_feedback_alone_says_nothing_of_accuracy() -> None:
    found = accuracy_of(weighed([replace(answer(1, 0.1, is_right=False), feedback="8")]))
    assert (found.answers, found.reviewed, found.accuracy, found.low) == (1, 0, None, None)


def test_only_random_ones_count() -> None:
    assert accuracy_of(weighed([replace(answer(1, 0.1), why=Why.UNSURE, reviewed="8")])).answers == 0


def test_what_is_none_of_the_labels_is_counted_apart() -> None:
    found = accuracy_of(weighed([replace(answer(1, 0.1), skipped="a cat"), replace(answer(2, 0.2), reviewed="8")]))
    assert (found.skipped, found.reviewed, found.accuracy) == (1, 1, 1.0)


def test_a_share_of_the_reviewed_is_held_out() -> None:
    samples = [
        replace(answer(number, number / 1000), reviewed="8", sha256=f"{number:032x}" * 2) for number in range(1000)
    ]
    assert accuracy_of(weighed(samples)).held_out == 200


def test_what_confidences_say_is_not_valid_while_scores_are_low() -> None:
    samples = [answer(number, number / 100) for number in range(100)]
    found = accuracy_of(weighed(samples))
    assert (found.estimated_accuracy, found.unfamiliar_share, found.estimate_is_valid) == (0.5, 0.0, True)
    strange = [replace(each, score=0.1) if each.id < 11 else each for each in samples]
    found = accuracy_of(weighed(strange))
    assert found.unfamiliar_share == pytest.approx(0.11)
    assert found.estimate_is_valid is False
    unknown = [replace(each, score=None, score_threshold=None) for each in samples]
    assert accuracy_of(weighed(unknown)).estimate_is_valid is None
    assert accuracy_of([]).estimated_accuracy is None


def test_the_interval_is_wilsons() -> None:
    assert interval(0.9, 100) == pytest.approx((0.8256343, 0.9447708), abs=1e-6)
    assert interval(1.0, 10) == pytest.approx((0.7224672, 1.0), abs=1e-6)
    assert interval(0.0, 10)[0] == 0.0
