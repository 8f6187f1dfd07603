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
from trainer.moved import Moved

DIGIT = Preprocessing("digit", 28, 28, 1, NEWEST["digit"])
LIMITS = Limits.of(Settings())
ORIGINALS = mnist("t10k").images
JUDGING = ORIGINALS[..., None]
MOVED = Moved(JUDGING, DIGIT)  # each once for all of these tests
COPIED = ORIGINALS[:300]
OTHERS = mnist("train").images[:1000, ..., None]

NO_ONES = OTHERS[mnist("train").classes[: len(OTHERS)] != 1]


def copies(images: np.ndarray, of: np.ndarray) -> np.ndarray:
    """As a training of digits finds them."""
    rows, both = np.arange(len(of) + len(images)), np.concatenate([of, images])
    return likeness.copies(both, rows[len(of) :], rows[: len(of)], MOVED.of if of is JUDGING else Moved(both, DIGIT).of)


def as_jpeg(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(digit), "JPEG", quality=75)


def inverted(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(255 - digit), "PNG")


def inverted_as_jpeg(digit: np.ndarray) -> bytes:
    return as_jpeg(255 - digit)


def moved(digit: np.ndarray, down: int, right: int) -> np.ndarray:
    """By a pixel at most; what leaves the picture is lost."""
    return np.roll(np.pad(digit, 1), (down, right), (0, 1))[1:-1, 1:-1]


def shifted(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(moved(digit, 1, -1)), "PNG")


def enlarged(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC), "PNG")


def doubled(digit: np.ndarray) -> bytes:
    return encoded(Image.fromarray(digit).resize((56, 56), Image.Resampling.BILINEAR), "PNG")


SOME_WAYS, OTHER_WAYS = (as_jpeg, shifted, enlarged), (inverted, inverted_as_jpeg, doubled)
WAYS = (*SOME_WAYS, *OTHER_WAYS)


@cache
def found(way: Callable[[np.ndarray], bytes]) -> np.ndarray:
    made = np.stack([DIGIT.read(way(digit), LIMITS) for digit in COPIED])
    return copies(made, JUDGING)


@pytest.mark.parametrize(
    "way", [*SOME_WAYS, *(pytest.param(way, marks=pytest.mark.long(seconds=2)) for way in OTHER_WAYS)]
)
def test_copies_are_found(way: Callable[[np.ndarray], bytes]) -> None:
    assert found(way).mean() >= 0.97


@pytest.mark.long(seconds=7)
def test_of_all_copies_at_least_99_percent_are_found() -> None:
    assert np.mean([found(way).mean() for way in WAYS]) >= 0.99


@pytest.mark.long(seconds=4)
def test_a_copy_that_was_moved_by_a_pixel_or_saved_as_jpeg_is_always_found() -> None:
    """Unless it lost ink at the border: then it is another picture."""
    made = []
    for digit in COPIED[:100]:
        steps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        whole = [each for step in steps if (each := moved(digit, *step)).sum(dtype=int) == digit.sum(dtype=int)]
        made += [encoded(Image.fromarray(each), "PNG") for each in whole] + [as_jpeg(each) for each in whole]
    assert len(made) > 1700
    assert copies(np.stack([DIGIT.read(file, LIMITS) for file in made]), JUDGING).all()


@pytest.mark.long(seconds=3)
def test_different_digits_are_seldom_taken_for_copies() -> None:
    assert copies(OTHERS, JUDGING).mean() <= 0.013
    assert copies(NO_ONES, JUDGING).mean() <= 0.003


def test_copies_of_what_is_there_twice_are_found() -> None:
    few = ORIGINALS[:2000]
    twice = np.concatenate([few, COPIED])[..., None]
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
    rows, both = np.arange(120), np.concatenate([saved, pictures])
    assert likeness.copies(both, rows[:60], rows[60:]).all()
    assert not likeness.copies(both, rows[60:90], rows[90:]).any()
