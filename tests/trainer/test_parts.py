"""What judges is not trained on, whichever part a picture came in by."""

import numpy as np
import pytest

from tests.digits import mnist
from trainer.parts import kept_apart
from trainer.prepare import PARTS

TEST = mnist("t10k")
DIGITS = TEST.images[:12, ..., None]
SHIFTED = np.roll(DIGITS, 1, axis=1)  # as somebody may send it, saved as something else


def kept(images: np.ndarray, classes: np.ndarray, **rows: list[int]) -> dict[str, list[int]]:
    parts = {part: rows.get(part.replace(" ", "_"), []) for part in PARTS}
    apart = kept_apart(images, classes, {part: np.array(numbers, np.int64) for part, numbers in parts.items()})
    return {part: numbers.tolist() for part, numbers in apart.items()}


def test_nothing_that_judges_is_trained_on() -> None:
    images = np.stack([*DIGITS, DIGITS[2], DIGITS[0], DIGITS[3], DIGITS[9], SHIFTED[4], *SHIFTED[2:5]])
    rows = {
        "fit": [0, 1, 6, 7, 8, 11, 12, 17, 18, 19],  # 12 is what validates; the last three what judges, shifted
        "validation": [2],
        "gate": [3],
        "test": [4],
        "held_out": [9, 13],  # 13 is trained on
        "uploads": [10, 14, 15, 16],  # copies of what judges, of what is held out, and one that was shifted
    }
    found = kept(images, np.arange(len(images)) % 2, **rows)
    assert found["fit"] == [0, 1, 6, 7, 8, 11]
    assert (found["held out"], found["uploads"]) == ([9], [10])
    assert {part: found[part] for part in ("validation", "gate", "test")} == {
        "validation": [2],
        "gate": [3],
        "test": [4],
    }


@pytest.mark.parametrize("judge", ["validation", "gate", "test"])
def test_copies_in_the_base_are_told_from_other_digits(judge: str) -> None:
    """Of 300 digits that are trained on the first 100 have a shifted copy that judges."""
    digits = TEST.images[:300, ..., None]
    images = np.concatenate([digits, np.roll(digits[:100], (1, -1), axis=(1, 2)), TEST.images[300:900, ..., None]])
    classes = np.concatenate([TEST.classes[:300], TEST.classes[:100], TEST.classes[300:900]])
    found = np.array(kept(images, classes, fit=list(range(300)), **{judge: list(range(300, 1000))})["fit"])
    assert (found < 100).sum() <= 2
    assert (found >= 100).sum() >= 192


def test_a_class_of_pictures_that_are_all_alike_is_trained_on() -> None:
    """A printed letter, say: nobody can tell a copy of it, but what is equal goes all the same."""
    printed = np.stack([np.roll(DIGITS[0], (down, across), (0, 1)) for down in range(-4, 1) for across in range(-2, 3)])
    images = np.concatenate([printed, printed[20:21], DIGITS[1:], SHIFTED[8:9]])
    classes = np.array([7] * 26 + [1] * 12)
    fit = [*range(20), 25, *range(26, 33), 37]
    found = kept(images, classes, fit=fit, gate=[*range(20, 25), *range(33, 37)])
    assert found["fit"] == [*range(20), *range(26, 33)]
