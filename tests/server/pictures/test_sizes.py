"""A picture of any size, mode and content becomes the model's input or is refused: nothing else ever comes out."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from server.pictures.errors import PictureError
from server.pictures.image import Limits
from server.pictures.preprocessing import Preprocessing
from tests.digits import encoded

LIMITS = Limits(pixels=1_000_000, memory_bytes=2**24, whole_pixels=500_000)
SIDES = (1, 2, 3, 4, 5, 7, 11, 27, 28, 29, 97)
SLENDER = ((1, 4000), (4000, 1), (3, 3000), (2000, 2))
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
WAYS = {
    "digit": Preprocessing("digit", 28, 28, 1, 2),
    "digit, number 1": Preprocessing("digit", 28, 28, 1, 1),
    "grey": Preprocessing("resize", 28, 28, 1),
    "colour": Preprocessing("resize", 32, 48, 3),
}


def contents(shape: tuple[int, int, int], random: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Noise, strokes of one colour on another, and one colour all over."""
    paper, ink = random.integers(0, 256, (2, 1, 1, shape[2]), dtype=np.uint8)
    strokes = np.where(random.random((*shape[:2], 1)) < 0.2, ink, paper)
    return [random.integers(0, 256, shape, dtype=np.uint8), strokes, np.broadcast_to(paper, shape)]


@pytest.mark.parametrize("mode", CHANNELS)
@pytest.mark.parametrize("way", WAYS)
def test_every_size_is_read_or_refused(way: str, mode: str) -> None:
    random = np.random.default_rng(0)
    preprocessing = WAYS[way]
    read = 0
    for height, width in (*product(SIDES, SIDES), *SLENDER):
        for content in contents((height, width, CHANNELS[mode]), random):
            data = encoded(Image.fromarray(content.squeeze(axis=2) if mode == "L" else content), "PNG")
            try:
                model_input = preprocessing.read(data, LIMITS)
            except PictureError:
                continue
            assert model_input.shape == preprocessing.shape
            assert model_input.dtype == np.uint8
            read += 1
    assert read > 20
