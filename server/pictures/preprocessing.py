"""One picture -> the model's input. The mode is part of a model's contract: it is named in the manifest.

`digit` repeats how MNIST was made (digit.py); `resize` fits any picture into the model's height and width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.pictures import digit, image, png
from server.pictures.errors import UnusableImage
from server.pictures.image import Limits

MODES = ("digit", "resize")

Input = NDArray[np.uint8]  # (height, width, channels)

_LEAST_CONTRAST = 16  # of 255 grey levels between the darkest and the brightest pixel: below it there is nothing to see
_NEAR_BLACK = bytes(range(_LEAST_CONTRAST))


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a model's input of uint8 (height, width, channels)."""

    mode: Literal["digit", "resize"]
    height: int
    width: int
    channels: int

    def read(self, data: bytes, limits: Limits) -> Input:
        """The model's input for an image file; raises what image.read and `apply` raise."""
        if self.channels == 1 and data[:8] == png.SIGNATURE:
            pixels = png.read_grey(data, self.width, self.height)
            if pixels is not None:
                grey = np.frombuffer(pixels, np.uint8).reshape(self.height, self.width, 1)
                if self.mode == "digit" and digit.is_normal(pixels, self.width) and _is_contrasting(pixels):
                    return grey
                return self.apply(Image.fromarray(grey[:, :, 0]))
        return self.apply(image.read(data, self.channels, limits))

    def read_ready(self, files: Sequence[bytes]) -> list[Input | None]:
        """What `read` gives for the files that are in the model's form already, in half its time; None for others."""
        if self.channels != 1 or not files:
            return [None] * len(files)
        greys, read = png.read_greys(files, self.width, self.height)
        usable = _are_contrasting(greys) & read
        if self.mode == "digit":
            usable &= digit.are_normal(greys)
        return [grey if ready else None for grey, ready in zip(greys[:, :, :, None], usable.tolist(), strict=True)]

    def apply(self, picture: Image.Image) -> Input:
        """The model's input for a picture as image.read gives it; raises UnusableImage if there is nothing to see."""
        darkest, brightest = _extremes(picture)
        if brightest - darkest < _LEAST_CONTRAST:
            raise UnusableImage("the picture is blank: nothing stands out from its background")
        if self.mode == "digit":
            grey = np.asarray(picture, dtype=np.uint8)
            return digit.normalised(grey, self.height, self.width)[:, :, None]
        if picture.size != (self.width, self.height):
            picture = picture.resize((self.width, self.height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return image.pixels(picture)


def _are_contrasting(greys: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of the pictures (n, height, width) have the least contrast that `apply` asks for, (n,)."""
    flat = greys.reshape(len(greys), -1)
    contrast: NDArray[np.bool_] = flat.max(axis=1) - flat.min(axis=1) >= _LEAST_CONTRAST
    return contrast


def _is_contrasting(pixels: bytes) -> bool:
    """Whether these grey levels surely have the least contrast: black among them, and something well above it."""
    return 0 in pixels and bool(pixels.translate(None, _NEAR_BLACK))


def _extremes(picture: Image.Image) -> tuple[int, int]:
    extrema = picture.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return int(min(band[0] for band in bands)), int(max(band[1] for band in bands))
