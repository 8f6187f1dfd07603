"""Copies of a picture are found, whatever was done to it, and different pictures are not taken for copies."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from PIL import Image

from server.pictures.image import Limits
from server.pictures.preprocessing import NEWEST, Preprocessing
from server.settings import Settings
from tests.digits import encoded, mnist
from trainer import likeness

DIGIT = Preprocessing("digit", 28, 28, 1, NEWEST["digit"])
LIMITS = Limits.of(Settings())
ORIGINALS = mnist("t10k").images
COPIED = ORIGINALS[:300]
OTHERS = mnist("train").images[:1000, ..., None]

NO_ONES = OTHERS[mnist("train").classes[: len(OTHERS)] != 1]


def copies(images: np.ndarray, of: np.ndarray) -> np.ndarray:
    rows = np.arange(len(images) + len(of))
    return likeness.copies(np.concatenate([images, of]), rows[: len(images)], rows[len(images) :])


def as_jpeg(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(digit), "JPEG", quality=75)


def inverted(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(255 - digit), "PNG")


def inverted_as_jpeg(digit: np.ndarray) -> bytes:
    return as_jpeg(255 - digit)


def shifted(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(np.roll(digit, (1, -1), (0, 1))), "PNG")


def enlarged(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC), "PNG")


def doubled(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(digit).resize((56, 56), Image.Resampling.BILINEAR), "PNG")


WAYS = (as_jpeg, inverted, inverted_as_jpeg, shifted, enlarged, doubled)


@cache
def found(way: Callable[[np.ndarray], bytes]) -> np.ndarray:
    made = np.stack([DIGIT.read(way(digit), LIMITS) for digit in COPIED])
    return copies(made, ORIGINALS[..., None])


@pytest.mark.parametrize("way", WAYS)
def test_copies_are_found(way: Callable[[np.ndarray], bytes]) -> None:
    assert found(way).mean() >= 0.95


def test_of_all_copies_at_least_97_percent_are_found() -> None:
    assert np.mean([found(way).mean() for way in WAYS]) >= 0.97


def test_different_digits_are_seldom_taken_for_copies() -> None:
    assert copies(OTHERS, ORIGINALS[..., None]).mean() <= 0.01
    assert copies(NO_ONES, ORIGINALS[..., None]).mean() <= 0.003


def test_copies_of_what_is_there_twice_are_found() -> None:
    twice = np.concatenate([ORIGINALS, COPIED])[..., None]
    assert copies(np.stack([DIGIT.read(as_jpeg(digit), LIMITS) for digit in COPIED]), twice).mean() >= 0.99


def test_of_nothing_and_of_blank_pictures_there_are_no_copies() -> None:
    assert not copies(OTHERS[:5], OTHERS[:0]).any()
    assert copies(OTHERS[:0], OTHERS[:5]).shape == (0,)
    blank = np.zeros((3, 28, 28, 1), np.uint8)
    assert not copies(blank, np.concatenate([blank, OTHERS[:20]])).any()


def test_colour_pictures_of_any_size(random: np.random.Generator) -> None:
    pictures = np.stack(
        [
            np.asarray(Image.fromarray(small).resize((48, 32)))
            for small in random.integers(0, 256, (60, 6, 8, 3), np.uint8)
        ]
    )
    saved = [np.asarray(Image.fromarray(picture).convert("RGB")) for picture in pictures]
    assert copies(np.stack(saved), pictures).all()
    assert not copies(pictures[:30], pictures[30:]).any()
