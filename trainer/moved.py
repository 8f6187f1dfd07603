"""What the preprocessing makes of inputs that were moved by more than it lets pass.

A digit that is in its place passes untouched; one that is a pixel off may be cropped, fitted and centred anew, and then
is another picture than the one that it is a copy of.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.pictures.errors import PictureError
from server.pictures.preprocessing import Preprocessing

MODE = "digit"  # any other fits a moved picture as it fits the one that was not
MARGIN = 4  # pixels on each side: the ink stays whole, and the size is another than what passes

Images = NDArray[np.uint8]  # (N, height, width, channels)
Rows = NDArray[np.int64]


class Moved:
    """The images of a run, each moved when it is first asked for."""

    def __init__(self, images: Images, preprocessing: Preprocessing) -> None:
        self._images = images
        self._preprocessing = preprocessing
        self._known: dict[int, Images] = {}

    def of(self, rows: Rows) -> Images:
        """Those at `rows`, (N, height, width, channels); none where moving one makes no other picture of it."""
        if self._preprocessing.mode != MODE:
            return self._images[:0]
        for row in rows.tolist():
            if row not in self._known:
                self._known[row] = self._moved(self._images[row])
        return np.stack([self._known[row] for row in rows.tolist()])

    def _moved(self, image: Images) -> Images:
        sides = (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)
        padded = np.pad(image, sides)
        try:
            return self._preprocessing.apply(Image.fromarray(padded[:, :, 0] if padded.shape[2] == 1 else padded))
        except PictureError:  # no ink, say: it is no other
            return image
