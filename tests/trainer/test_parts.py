"""What judges is not trained on, whichever part a picture came in by."""

import numpy as np

from tests.digits import mnist
from trainer.parts import kept_apart

DIGITS = mnist("t10k").images[:12, ..., None]


def test_nothing_that_judges_is_trained_on() -> None:
    shifted = np.roll(DIGITS[4], 1, axis=0)  # as somebody may send it, saved as something else
    images = np.stack([*DIGITS, DIGITS[2], DIGITS[0], DIGITS[3], DIGITS[9], shifted])
    rows = {
        "fit": [0, 1, 12],  # 12 is what validates
        "validation": [2],
        "gate": [3],
        "test": [4],
        "held out": [9, 13],  # 13 is trained on
        "uploads": [10, 14, 15, 16],  # copies of what judges, of what is held out, and one that was shifted
    }
    apart = kept_apart(images, {part: np.array(numbers, np.int64) for part, numbers in rows.items()})
    kept = {part: numbers.tolist() for part, numbers in apart.items()}
    assert kept == {**rows, "fit": [0, 1], "held out": [9], "uploads": [10]}
