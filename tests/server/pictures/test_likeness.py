"""Copies of a digit have near hashes; digits of the same class by other hands have not."""

import io
import itertools
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from server.pictures import image
from server.pictures.likeness import NEAR, is_near, likeness
from server.pictures.preprocessing import Input, Preprocessing
from tests.digits import encoded, mnist, png_of

DIGIT = Preprocessing("digit", 28, 28, 1, 2)
LIMITS = image.Limits(pixels=10**6, memory_bytes=2**26, whole_pixels=10**6)
MNIST = mnist("train").images
COPIES: dict[str, tuple[Callable[[Image.Image], bytes], float]] = {
    "JPEG": (lambda digit: encoded(digit, "JPEG", quality=75), 0.99),
    "moved down": (lambda digit: encoded(moved(digit, 0, 1), "PNG"), 0.98),
    "moved aslant": (lambda digit: encoded(moved(digit, -1, -1), "PNG"), 0.98),
    "inverted": (lambda digit: encoded(digit.point(lambda grey: 255 - grey), "PNG"), 0.96),
    "larger, JPEG": (lambda digit: encoded(digit.resize((280, 280)), "JPEG", quality=60), 0.95),
}


def moved(digit: Image.Image, right: int, down: int) -> Image.Image:
    return digit.transform(digit.size, Image.Transform.AFFINE, (1, 0, -right, 0, 1, -down))


def read(data: bytes) -> Input:
    return DIGIT.read(data, LIMITS)


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_near(name: str) -> None:
    copy, share = COPIES[name]
    near = [
        is_near(likeness(read(copy(Image.fromarray(digit)))), [likeness(read(png_of(digit)))]) for digit in MNIST[:200]
    ]
    assert np.mean(near) >= share


def test_what_the_model_saw_moved_by_a_pixel_or_as_jpeg_is_near() -> None:
    for digit in MNIST[:100]:
        seen = read(png_of(digit))
        again = np.asarray(Image.open(io.BytesIO(encoded(Image.fromarray(seen[:, :, 0]), "JPEG", quality=75))))[
            :, :, None
        ]
        assert is_near(likeness(again), [likeness(seen)])
        assert is_near(likeness(np.roll(seen, 1, axis=1)), [likeness(seen)])


def test_of_a_hundred_digits_of_a_class_by_other_hands_hardly_two_are_near() -> None:
    classes = mnist("train").classes
    near = pairs = 0
    for number in range(10):
        hashes = [int(likeness(read(png_of(digit))), 16) for digit in MNIST[classes == number][:100]]
        for one, other in itertools.combinations(hashes, 2):
            near += (one ^ other).bit_count() <= NEAR
            pairs += 1
    assert pairs == 49_500
    assert near <= 5  # of ones, which two hands may draw alike


@pytest.mark.parametrize("shape", [(8, 9, 1), (28, 28, 1), (31, 57, 3), (320, 320, 3)])
def test_a_picture_of_any_size_has_a_hash(shape: tuple[int, int, int], random: np.random.Generator) -> None:
    assert len(likeness(random.integers(0, 256, shape, np.uint8))) == 100
    assert is_near(likeness(np.zeros(shape, np.uint8)), [likeness(np.full(shape, 9, np.uint8))])


def test_what_differs_in_a_bit_too_many_is_not_near() -> None:
    assert is_near("0" * 100, [hex(2**NEAR - 1)])
    assert not is_near("0" * 100, [hex(2 ** (NEAR + 1) - 1)])
    assert not is_near("0" * 100, [])
