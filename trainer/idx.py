"""The IDX format of MNIST's files: a type, the sizes, the values, big-endian (http://yann.lecun.com/exdb/mnist)."""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.layouts.errors import DatasetError

SUMS = "MD5SUMS"  # of the unzipped files, as md5sum writes it; checked where it is there


def find(folder: Path, name: str) -> Path | None:
    """The file, gzipped or not, or None."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def read(path: Path) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file; raises DatasetError that names the file, expected and found."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: can't be read: {error}") from None
    _check_sum(path, data)
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise DatasetError(f"{path}: expected an IDX file of unsigned bytes (00 00 08 …), found {data[:4].hex(' ')}")
    rank = data[3]
    shape = tuple(int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis]) for axis in range(rank))
    expected = 4 + 4 * rank + int(np.prod(shape, dtype=np.int64))
    if len(data) != expected:
        raise DatasetError(f"{path}: expected {expected} bytes for shape {shape}, found {len(data)}")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _check_sum(path: Path, data: bytes) -> None:
    sums = path.parent / SUMS
    if not sums.is_file():
        return
    name = path.name.removesuffix(".gz")
    expected = {line.split()[1]: line.split()[0] for line in sums.read_text().splitlines() if line.strip()}
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if name in expected and found != expected[name]:
        raise DatasetError(f"{path}: expected md5 {expected[name]} (unzipped), found {found}: the file is wrong or cut")
