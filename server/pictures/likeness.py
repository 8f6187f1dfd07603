"""A hash under which near copies of a picture are near: saved again as JPEG, moved by a pixel, a little scaled.

The signs of the lowest frequencies of a picture that stands out from its edge and is moved into the middle (pHash:
Zauner 2010, https://www.phash.org/docs/pubs/thesis_zauner.pdf, which takes 64 of them; digits need more to be told
apart). Which share of copies and of other people's digits are near: tests/server/pictures/test_likeness.py.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.pictures.preprocessing import Input

SIDE = 32  # that pictures are brought to
KEPT = 20  # frequencies in each direction, so the hash has 400 bits
NEAR = 68  # of these; at this 2 of 1,000 digits were near one of 2,000 others, and 97 to 100 % of copies near theirs

_STEPS = np.arange(SIDE)
_COSINES = np.cos(np.pi / SIDE * np.outer(_STEPS[:KEPT], _STEPS + 0.5)).astype(np.float32)


def likeness(model_input: Input) -> str:
    """The hash of a picture (height, width, channels), in hexadecimal digits; colours count as their mean."""
    small = np.asarray(_centred(model_input.mean(axis=2, dtype=np.float32)).resize((SIDE, SIDE)))
    signs = _COSINES @ small @ _COSINES.T > 0
    return np.packbits(signs).tobytes().hex()


def is_near(one: str, others: Iterable[str]) -> bool:
    """Whether a hash is that of a near copy of one of the others."""
    number = int(one, 16)
    return any((number ^ int(other, 16)).bit_count() <= NEAR for other in others)


def _centred(grey: NDArray[np.float32]) -> Image.Image:
    """What stands out from the edge, its centre of mass in the middle."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ink = np.abs(grey - np.median(edge))
    height, width = ink.shape
    total = float(ink.sum()) or 1.0
    down = float(ink.sum(axis=1) @ np.arange(height)) / total - (height - 1) / 2
    right = float(ink.sum(axis=0) @ np.arange(width)) / total - (width - 1) / 2
    moved = (1, 0, right, 0, 1, down)
    return Image.fromarray(ink).transform(
        (width, height), Image.Transform.AFFINE, moved, resample=Image.Resampling.BILINEAR
    )
