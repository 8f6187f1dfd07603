"""What an upload looks like as it was sent: its ink, with all the paper around it, and with the paper cut off.

The preprocessing may make quite another picture of a copy than its original is: by these, the original is found.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.pictures.preprocessing import Input, Preprocessing
from trainer.likeness import FAINT, WINDOW, Images, Rows
from trainer.moved import MODE


class Sent:
    """Uploads by their rows, each read when it is asked for."""

    def __init__(self, picture_of: Callable[[int], Image.Image], preprocessing: Preprocessing) -> None:
        self._picture_of = picture_of
        self._preprocessing = preprocessing

    def of(self, rows: Rows) -> Images:
        """Those at `rows`, (2 N, height, width, channels); none where the input is the picture as it was sent."""
        height, width, channels = self._preprocessing.shape
        if self._preprocessing.mode != MODE:
            return np.empty((0, height, width, channels), np.uint8)
        return np.concatenate([self._read(row, height, width) for row in rows.tolist()])

    def _read(self, row: int, height: int, width: int) -> Images:
        try:
            return as_sent(self._picture_of(row), height, width)
        except (OSError, SyntaxError, ValueError):  # of a damaged file, which judges all the same
            return np.zeros((2, height, width, 1), np.uint8)


def as_sent(picture: Image.Image, height: int, width: int) -> Images:
    """Its ink in grey on black, uint8 (2, height, width, 1): with its paper, and as large as in a digit's input."""
    grey = np.asarray(picture.convert("L"), np.int16)
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ink = np.abs(grey - int(np.median(edges))).astype(np.uint8)
    rows, columns = (np.flatnonzero((ink >= FAINT).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((2, height, width, 1), np.uint8)
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.stack([_framed(ink, height, width, 1.0), _framed(cut, height, width, WINDOW)])


def _framed(ink: NDArray[np.uint8], height: int, width: int, share: float) -> Input:
    """In the middle of a frame, the longer side so large a share of its shorter one."""
    picture, frame = Image.fromarray(ink), np.zeros((height, width, 1), np.uint8)
    scale = share * min(height, width) / max(picture.size)
    columns, rows = (max(1, round(scale * side)) for side in picture.size)
    fitted = np.asarray(picture.resize((columns, rows), Image.Resampling.BILINEAR, reducing_gap=2.0))
    top, left = (height - rows) // 2, (width - columns) // 2
    frame[top : top + rows, left : left + columns, 0] = fitted
    return frame
