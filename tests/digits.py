"""MNIST for tests: read by itself, so that the trainer's reader has something to be compared with."""

import gzip
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FOLDER = Path(__file__).parents[1] / "data" / "mnist"
SMALL_GATE_MARGIN = "0.02"  # for write_small_mnist: of about 300 images that judge, one is more than the gate's default


@dataclass(frozen=True)
class Digits:
    """Images (N, 28, 28) with their classes (N,)."""

    images: NDArray[np.uint8]
    classes: NDArray[np.uint8]

    def png(self, position: int) -> bytes:
        return png_of(self.images[position])

    def of_class(self, number: int, count: int) -> list[int]:
        """The positions of the first images of a class."""
        return [int(position) for position in np.flatnonzero(self.classes == number)[:count]]


@cache
def mnist(half: str) -> Digits:
    """The images and classes of one half: train or t10k."""
    images = gzip.decompress((FOLDER / f"{half}-images-idx3-ubyte.gz").read_bytes())
    classes = gzip.decompress((FOLDER / f"{half}-labels-idx1-ubyte.gz").read_bytes())
    return Digits(
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28), np.frombuffer(classes, np.uint8, offset=8)
    )


def png_of(array: NDArray[np.uint8]) -> bytes:
    return encoded(Image.fromarray(array), "PNG")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def write_idx(folder: Path, train: Digits, test: Digits) -> None:
    """A small dataset in MNIST's form."""
    folder.mkdir(parents=True, exist_ok=True)
    for half, digits in (("train", train), ("t10k", test)):
        count, height, width = digits.images.shape
        sizes = b"".join(size.to_bytes(4) for size in (count, height, width))
        (folder / f"{half}-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + sizes + digits.images.tobytes())
        (folder / f"{half}-labels-idx1-ubyte").write_bytes(
            b"\0\0\x08\x01" + count.to_bytes(4) + digits.classes.tobytes()
        )


def write_small_mnist(folder: Path, train: int = 3000, test: int = 500) -> None:
    """The first so many images of MNIST: enough to learn from, few enough for a test."""
    whole, held = mnist("train"), mnist("t10k")
    write_idx(
        folder, Digits(whole.images[:train], whole.classes[:train]), Digits(held.images[:test], held.classes[:test])
    )
