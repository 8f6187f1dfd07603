"""One picture -> the model's input. The mode is part of a model's contract: it is named in the manifest.

`digit` repeats how MNIST was made, and has a number: a version is served, and judged, by the one that it was trained
with (digit_1.py, digit_2.py). `resize` fits any picture into the model's height and width.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.pictures import digit_1, digit_2, image, png
from server.pictures.errors import UnusableImage
from server.pictures.image import Limits

MODES = ("digit", "resize")
NEWEST = {"digit": 2, "resize": 1}  # the number of each mode that models are trained with from now on

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
    number: int = 1  # manifests from before there was another do not say it

    def to_json(self) -> dict[str, Any]:
        """Its fields; the first number is not said, so that manifests from before there was another stay the same."""
        return {name: value for name, value in asdict(self).items() if (name, value) != ("number", 1)}

    @property
    def known(self) -> bool:
        """Whether this server has it."""
        return self.mode in tuple(NEWEST) and 0 < self.number <= NEWEST[self.mode]

    def is_like(self, other: "Preprocessing") -> bool:
        """Whether the other makes inputs of the same kind, by whatever number: models of both can be compared."""
        return self == replace(other, number=self.number)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def read(self, data: bytes, limits: Limits) -> Input:
        """The model's input for an image file; raises what image.read and `apply` raise."""
        if self.channels == 1 and data[:8] == png.SIGNATURE:
            pixels = png.read_grey(data, self.width, self.height)
            if pixels is not None:
                grey = np.frombuffer(pixels, np.uint8).reshape(self.height, self.width, 1)
                if self.mode == "digit" and self._is_normal(pixels):
                    return grey
                return self.apply(Image.fromarray(grey[:, :, 0]))
        return self.apply(self.picture(data, limits))

    def picture(self, data: bytes, limits: Limits) -> Image.Image:
        """What `apply` takes; raises what image.read raises."""
        if self.mode == "digit" and self.number > 1:
            return image.read_drawing(data, limits)
        return image.read(data, self.channels, limits)

    def kept(self, data: bytes, limits: Limits) -> Image.Image:
        """What is kept of an upload, which `apply` takes too: the colours, if a later model may see them."""
        return image.read(data, 3, limits) if self.mode == "resize" else self.picture(data, limits)

    def _is_normal(self, pixels: bytes) -> bool:
        """Whether a picture of the model's size needs nothing done."""
        if self.number > 1:
            return digit_2.is_normal(pixels, self.width)
        return digit_1.is_normal(pixels, self.width) and _is_contrasting(pixels)

    def read_ready(self, files: Sequence[bytes]) -> list[Input | None]:
        """What `read` gives for the files that are in the model's form already, in half its time; None for others."""
        if self.channels != 1 or not files:
            return [None] * len(files)
        greys, read = png.read_greys(files, self.width, self.height)
        usable = _are_contrasting(greys) & read
        if self.mode == "digit":
            usable &= digit_2.are_normal(greys) if self.number > 1 else digit_1.are_normal(greys)
        return [grey if ready else None for grey, ready in zip(greys[:, :, :, None], usable.tolist(), strict=True)]

    def apply(self, picture: Image.Image) -> Input:
        """The model's input for such a picture; raises UnusableImage if there is nothing to see."""
        if self.mode == "digit" and self.number > 1:
            try:
                return digit_2.normalised(picture, self.height, self.width)[:, :, None]
            except UnusableImage:
                _check_contrast(picture)
                raise
        _check_contrast(picture)
        if self.mode == "digit":
            grey = np.asarray(picture if picture.mode == "L" else picture.convert("L"), dtype=np.uint8)
            return digit_1.normalised(grey, self.height, self.width)[:, :, None]
        if picture.mode != (mode := "L" if self.channels == 1 else "RGB"):
            picture = picture.convert(mode)
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


def _check_contrast(picture: Image.Image) -> None:
    """Raise UnusableImage for a blank picture."""
    extrema = picture.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    if max(band[1] for band in bands) - min(band[0] for band in bands) < _LEAST_CONTRAST:
        raise UnusableImage("the picture is blank: nothing stands out from its background")
