"""What augmentation does to images, and what it leaves alone."""

import numpy as np
import pytest

from tests.digits import mnist
from trainer.augment import augment
from trainer.config import Recipe

STILL = {"rotation": 0.0, "shift": 0.0, "scale": 0.0, "shear": 0.0, "elastic": 0.0, "thickness": 0.0}
DIGITS = mnist("train").images[:200][..., None]


def changed(images: np.ndarray, **options: object) -> np.ndarray:
    recipe = Recipe(**{**STILL, "height": images.shape[1], "width": images.shape[2], **options})
    return np.asarray(augment(images, recipe, (3, 0)))


def test_nothing_asked_changes_nothing() -> None:
    assert np.array_equal(changed(DIGITS), DIGITS)
    colour = np.random.default_rng(0).integers(0, 256, (5, 20, 30, 3), np.uint8)
    assert np.array_equal(changed(colour, preprocessing="resize", channels=3), colour)


def test_flip_mirrors_about_half_of_the_images() -> None:
    flipped = changed(DIGITS, flip=True)
    same = [np.array_equal(after, before) for after, before in zip(flipped, DIGITS, strict=True)]
    mirrored = [np.array_equal(after, before[:, ::-1]) for after, before in zip(flipped, DIGITS, strict=True)]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert 60 < sum(mirrored) < 140


@pytest.mark.parametrize("option", [{"rotation": 10.0}, {"shear": 0.15}, {"scale": 0.1}, {"elastic": 0.025}])
def test_a_digit_is_moved_but_keeps_most_of_its_ink_in_place(option: dict[str, float]) -> None:
    moved = changed(DIGITS, **option).astype(float)
    assert (np.abs(moved - DIGITS).mean(axis=(1, 2, 3)) > 0).mean() > 0.95
    together = (moved * DIGITS).sum(axis=(1, 2, 3)) / (
        np.sqrt((moved**2).sum(axis=(1, 2, 3))) * np.linalg.norm(DIGITS.astype(float), axis=(1, 2))[:, 0]
    )
    assert np.median(together) > 0.7


def test_a_shift_moves_the_middle_by_no_more_than_asked() -> None:
    moved = changed(DIGITS, shift=0.1).astype(float)
    rows = np.arange(28)

    def middle(images: np.ndarray) -> np.ndarray:
        return np.asarray((images[..., 0].sum(axis=2) @ rows) / images[..., 0].sum(axis=(1, 2)))

    offsets = middle(moved) - middle(DIGITS.astype(float))
    assert 1.5 < np.abs(offsets).max() < 2.9


def test_outside_is_black_for_digits_and_the_edge_for_others() -> None:
    white = np.full((50, 28, 28, 1), 200, np.uint8)
    assert changed(white, shift=0.3).min() == 0
    assert changed(white, shift=0.3, preprocessing="resize").min() == 200


def test_strokes_get_thicker_and_thinner() -> None:
    ink = changed(DIGITS, thickness=1.0).sum(axis=(1, 2, 3), dtype=float) / DIGITS.sum(axis=(1, 2, 3), dtype=float)
    assert (ink > 1.05).sum() > 50
    assert (ink < 0.95).sum() > 50
    untouched = (changed(DIGITS, thickness=0.2) == DIGITS).all(axis=(1, 2, 3))
    assert 130 < untouched.sum() < 190
