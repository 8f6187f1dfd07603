"""What is drawn for the score: in MNIST's form, of the class it says, the same for the same seed."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from server.pictures.preprocessing import NEWEST, Preprocessing
from tests.digits import mnist
from trainer import strokes
from trainer.config import Recipe
from trainer.hands import FOREIGN, INK, LABELS, in_form, make_hands, suits, written
from trainer.strokes import Random, Strokes

DIGITS = mnist("train")
IMAGES, CLASSES = DIGITS.images[:500, ..., None], DIGITS.classes[:500].astype(np.int32)


def test_as_many_as_were_asked_for_digits_first() -> None:
    images, classes = make_hands(IMAGES, CLASSES, 100, 40, 0)
    assert images.shape == (140, 28, 28, 1)
    assert images.dtype == np.uint8
    assert set(classes[:100].tolist()) == set(range(10))
    assert classes[100:].tolist() == [FOREIGN] * 40
    assert len({image.tobytes() for image in images}) == 140
    assert np.bincount(classes[70:100], minlength=10)[[0, 1, 7]].sum() == 30  # drawn by strokes, 1s above all
    assert np.bincount(classes[70:100]).argmax() == 1


def test_they_follow_from_the_seed() -> None:
    first, again, other = (make_hands(IMAGES, CLASSES, 30, 20, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_all_have_the_form_that_a_picture_is_given_before_a_prediction() -> None:
    """The longer side of the ink about 20 pixels, and its centre of mass in the middle, as far as whole pixels go."""
    images = make_hands(IMAGES, CLASSES, 200, 100, 0)[0][..., 0].astype(float)
    at = np.arange(28)
    for image in images:
        rows, columns = np.nonzero(image > INK)
        assert 17 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 23
        middle = [(image.sum(axis=axis) @ at) / image.sum() for axis in (0, 1)]
        assert max(abs(each - 13.5) for each in middle) <= 1.0


@pytest.mark.parametrize("make", [strokes.flagged_one, strokes.slashed_zero, strokes.barred_seven])
def test_what_is_drawn_is_what_a_prediction_would_see_of_it(make: Callable[[Random], Strokes]) -> None:
    """The server's own preprocessing leaves it nearly as it is."""
    random = np.random.default_rng(0)
    preprocessing = Preprocessing("digit", 28, 28, 1, NEWEST["digit"])
    alike = []
    for drawn in (written(make(random), random) for _ in range(30)):
        seen = preprocessing.apply(Image.fromarray(255 - drawn))
        alike.append(np.corrcoef(seen.ravel(), drawn.ravel())[0, 1])
    assert np.median(alike) > 0.9


def test_a_picture_of_any_size_is_brought_into_the_form() -> None:
    wide = np.zeros((40, 200), np.uint8)
    wide[10:30, 20:180] = 200
    form = in_form(wide, np.eye(2))
    assert form.shape == (28, 28)
    assert 18 <= np.count_nonzero(form.max(axis=0) > INK) <= 22
    assert not in_form(np.zeros((5, 5), np.uint8), np.eye(2)).any()


def test_they_are_for_the_ten_digits_in_mnist_s_form_alone() -> None:
    assert suits(Recipe(), LABELS)
    assert not suits(Recipe(), ("A", *LABELS))
    assert not suits(Recipe(), LABELS[:9])
    assert not suits(Recipe(height=32, width=32), LABELS)
    assert not suits(Recipe(preprocessing="resize"), LABELS)
