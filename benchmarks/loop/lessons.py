"""What the digits' model is taught: digits written otherwise, and a letter; as PNG files."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.datasets.draw import letter
from benchmarks.mnist import Digits, thinned

TURNED_DEGREES = 35
DOTTED_SHARE = 0.4  # of the pixels that are left
STRUCK_ROWS = slice(14, 16)

Images = NDArray[np.uint8]  # (N, height, width), light on dark


@dataclass(frozen=True)
class Lesson:
    """Pictures, and what each shows."""

    files: Sequence[bytes]
    labels: Sequence[str]


def _turned(images: Images) -> Images:
    angles = [TURNED_DEGREES if number % 2 else -TURNED_DEGREES for number in range(len(images))]
    turned = [
        Image.fromarray(image).rotate(angle, Image.Resampling.BILINEAR)
        for image, angle in zip(images, angles, strict=True)
    ]
    return np.stack([np.asarray(each) for each in turned])


def _struck(images: Images) -> Images:
    struck = images.copy()
    struck[:, STRUCK_ROWS] = 255
    return struck


def _dotted(images: Images) -> Images:
    return images * (np.random.default_rng(1).random(images.shape) < DOTTED_SHARE).astype(np.uint8)


def _hollow(images: Images) -> Images:
    return np.where(images > 200, np.uint8(0), images)


CONDITIONS: dict[str, Callable[[Images], Images]] = {
    "in a thin pen": thinned,
    f"turned by {TURNED_DEGREES} degrees": _turned,
    "struck through by a line": _struck,
    "printed in dots": _dotted,
    "in outline": _hollow,
}


def written(digits: Digits, condition: str) -> Lesson:
    """These digits, written in that way."""
    images = CONDITIONS[condition](digits.images)
    return Lesson([_png(image) for image in images], [str(each) for each in digits.classes])


def letters(character: str, number: int, half: str) -> Lesson:
    """One letter in fonts that packages ship; the two halves share no picture."""
    seeds = [[*character.encode(), *half.encode(), each] for each in range(number)]
    files = [_png(np.asarray(letter(character, np.random.default_rng(seed)))) for seed in seeds]
    return Lesson(files, [character] * number)


def _png(image: Images) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
