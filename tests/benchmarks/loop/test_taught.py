"""What the digits are taught is drawn the same every time, and its figures are those of the seeds."""

import hashlib

import numpy as np
import pytest

from benchmarks.loop.lessons import CONDITIONS, letters, written
from benchmarks.loop.taught import rows
from benchmarks.measure import lost_and_gained
from benchmarks.mnist import Digits


def hashes(files: object) -> list[str]:
    assert isinstance(files, list)
    return [hashlib.sha256(each).hexdigest() for each in files]


def test_a_letter_is_the_same_every_time_and_its_halves_share_no_picture() -> None:
    train, test = letters("K", 20, "train"), letters("K", 20, "test")
    assert hashes(train.files) == hashes(letters("K", 20, "train").files)
    assert len({*hashes(train.files), *hashes(test.files)}) == 40
    assert train.labels == ["K"] * 20


@pytest.mark.parametrize("condition", CONDITIONS)
def test_digits_are_written_otherwise_and_keep_their_labels(condition: str) -> None:
    random = np.random.default_rng(1)
    digits = Digits(random.integers(0, 256, (3, 28, 28), np.uint8), np.array([3, 1, 4], np.uint8))
    lesson = written(digits, condition)
    assert lesson.labels == ["3", "1", "4"]
    assert len(set(hashes(lesson.files))) == 3
    assert hashes(lesson.files) == hashes(written(digits, condition).files)
    assert (CONDITIONS[condition](digits.images) != digits.images).any(axis=(1, 2)).all()


def test_more_losses_than_gains_are_improbable_by_chance() -> None:
    before, after = np.ones(100, bool), np.ones(100, bool)
    assert lost_and_gained(before, after) == (0, 0, 1.0)
    after[:10] = False
    assert lost_and_gained(before, after) == (10, 0, 2.0**-10)
    assert lost_and_gained(after, before) == (0, 10, 1.0)


def test_a_row_is_the_mean_of_the_seeds_and_of_chances_the_least() -> None:
    seeds = [{"percent": 96.0, "chance": 0.5, "seconds": 1}, {"percent": 98.0, "chance": 0.001, "seconds": 1}]
    right, chance = rows({"added": {"seeds": seeds}})
    assert (right.value, right.reached) == (97.0, True)
    assert (chance.value, chance.reached) == (0.001, False)
