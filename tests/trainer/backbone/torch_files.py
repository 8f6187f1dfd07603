"""Torch files of both forms, written by hand, so that they can also say what torch would not."""

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEAD = b"".join(
    pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, "type_sizes": {}})
)
EMPTY_DICTIONARY = b"ccollections\nOrderedDict\n)R"


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def text(value: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(value)) + value.encode()


def tensor(key: str, elements: int, shape: tuple[int, ...], strides: tuple[int, ...], first: int = 0) -> bytes:
    """The pickle's piece that makes a view of a storage."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + number(elements) + b"tQ"
    sides, steps = (b"(" + b"".join(map(number, each)) + b"t" for each in (shape, strides))
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(first) + sides + steps + b"\x89" + EMPTY_DICTIONARY
        + b"tR"
    )  # fmt: skip


def pickled(state: Mapping[str, bytes]) -> bytes:
    """A dictionary of what these pieces make."""
    return b"\x80\x02" + EMPTY_DICTIONARY + b"(" + b"".join(text(name) + each for name, each in state.items()) + b"u."


def write_zip(path: Path, data: bytes, storages: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", data)
        for key, values in storages.items():
            archive.writestr(f"archive/data/{key}", values)


def write_tensors(path: Path, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    """What torch.save would write of them."""
    tensors = {name: np.ascontiguousarray(each) for name, each in tensors.items()}
    state = {
        name: tensor(name, each.size, each.shape, tuple(step // each.itemsize for step in each.strides))
        for name, each in tensors.items()
    }
    write_zip(path, pickled(state), {name: each.tobytes() for name, each in tensors.items()})
