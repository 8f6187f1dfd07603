"""The parts of MNIST for both rooms, read without the trainer; only `test` opens the t10k files."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path("data/mnist")
FASHION = Path("/usr/share/datasets/fashion-mnist")  # where Debian's package dataset-fashion-mnist puts it


@dataclass(frozen=True)
class Digits:
    """Images (N, 28, 28) with their classes (N,)."""

    images: NDArray[np.uint8]
    classes: NDArray[np.uint8]

    def first(self, count: int) -> "Digits":
        return Digits(self.images[:count], self.classes[:count])


TWENTIETHS = {"validation": {0}, "gate": {1, 2}, "fit": set(range(3, 20))}  # as trainer/deal.py parts them


def read(part: str, folder: Path = FOLDER) -> Digits:
    """The part `fit`, `validation` or `gate` of the training half, or the whole `test` half."""
    if part == "test":
        return half("t10k", folder)
    train = half("train", folder)
    chosen = np.array([_twentieth(image) in TWENTIETHS[part] for image in train.images])
    return Digits(train.images[chosen], train.classes[chosen])


def thinned(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The digits (N, height, width), light on dark, with thinner strokes: each pixel the least of itself and three."""
    padded = np.pad(images, ((0, 0), (0, 1), (0, 1)))
    least = np.minimum(padded[:, :-1], padded[:, 1:])
    return np.asarray(np.minimum(least[:, :, :-1], least[:, :, 1:]), np.uint8)


def _twentieth(image: NDArray[np.uint8]) -> int:
    height, width = image.shape
    digest = hashlib.sha256(f"{height}x{width}x1:".encode() + image.tobytes()).hexdigest()
    return int(digest[:16], 16) % 20


def half(name: str, folder: Path = FOLDER) -> Digits:
    """One half as it is stored: train, or t10k."""
    images = gzip.decompress((folder / f"{name}-images-idx3-ubyte.gz").read_bytes())
    classes = gzip.decompress((folder / f"{name}-labels-idx1-ubyte.gz").read_bytes())
    return Digits(
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28), np.frombuffer(classes, np.uint8, offset=8)
    )
