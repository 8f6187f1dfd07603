"""The golden images of a version and the answers that the trainer saw, out of golden.npz.

An archive of a megabyte can say that it holds gigabytes: what it says is held to the version's contract before anything
is made of it.
"""

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest

IMAGES_LEAST = 2  # as many as there are classes at least
IMAGES_MOST = 64  # twice what the trainer writes
HEADER_BYTES = 4096  # of an array; numpy's own have 128


def read_golden(data: bytes, manifest: Manifest) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The images (N, height, width, channels) and the answers (N, labels) in the bytes of golden.npz.

    Raises BrokenArtifact if they are not of the contract.
    """
    inputs = manifest.preprocessing
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            shape = inputs.height, inputs.width, inputs.channels
            images: NDArray[np.uint8] = _array(archive, "images", np.dtype(np.uint8), shape)
            labels = (len(manifest.labels),)
            probabilities: NDArray[np.float32] = _array(archive, "probabilities", np.dtype(np.float32), labels)
    except (ValueError, KeyError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise BrokenArtifact(f"golden.npz can't be read: {error}") from None
    if len(images) != len(probabilities):
        raise BrokenArtifact(f"golden.npz has {len(images)} images and {len(probabilities)} answers")
    return images, probabilities


def _array(archive: zipfile.ZipFile, name: str, dtype: "np.dtype[Any]", shape: tuple[int, ...]) -> NDArray[Any]:
    """An array of the archive, whose rows have that shape; what it would take is looked at first."""
    entry = archive.getinfo(f"{name}.npy")
    row_bytes = int(np.prod(shape)) * dtype.itemsize
    if entry.file_size > HEADER_BYTES + IMAGES_MOST * row_bytes:
        raise ValueError(f"{name} has {entry.file_size} bytes; at most {IMAGES_MOST} rows of {row_bytes} are taken")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in another way than numpy does")
    file = io.BytesIO(archive.read(entry))
    read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(file)]
    found, is_fortran, kind = read_header(file)
    rows = found[0] if found else 0
    if (found[1:], kind, is_fortran) != (shape, dtype, False) or not IMAGES_LEAST <= rows <= IMAGES_MOST:
        wanted = f"{IMAGES_LEAST} to {IMAGES_MOST} rows of {shape} as {dtype}"
        raise ValueError(f"{name} are {found} as {kind}; wanted are {wanted}")
    return np.frombuffer(file.read(rows * row_bytes), dtype).reshape(rows, *shape)
