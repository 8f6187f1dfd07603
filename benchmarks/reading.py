"""Pictures in files as the server's code reads them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from server.models.model import Images
from server.pictures.errors import PictureError
from server.pictures.image import Limits
from server.pictures.preprocessing import Preprocessing
from server.settings import Settings

LIMITS = Limits.of(Settings())


def read_back(files: Sequence[bytes], preprocessing: Preprocessing) -> tuple[Images, NDArray[np.bool_]]:
    """The model's inputs for pictures in files, and which of them could be read."""
    images = np.zeros((len(files), *preprocessing.shape), np.uint8)
    usable = np.ones(len(files), bool)
    for position, file in enumerate(files):
        try:
            images[position] = preprocessing.read(file, LIMITS)
        except PictureError:
            usable[position] = False
    return images, usable
