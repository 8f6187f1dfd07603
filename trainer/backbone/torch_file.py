"""A torch file of tensors, read with NumPy: no torch, and nothing that a pickle could run.

There are two forms (https://docs.pytorch.org/docs/stable/notes/serialization.html): since 1.6 a zip of a pickle and a
file a storage, before that four pickles, the keys, and each storage behind its number of elements. Both pickles only
name what is to be made of the storages; the names that are let through are those that a dictionary of tensors needs.
"""

import pickle
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

LIMIT_BYTES = 2**29
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}

Array = NDArray[Any]


class NotTensors(ValueError):
    """The file is no dictionary of tensors, or wants more than to be one."""


def read_tensors(path: Path) -> dict[str, Array]:
    """The tensors by their names; raises NotTensors or OSError."""
    if path.stat().st_size > LIMIT_BYTES:
        raise NotTensors(f"it has more than {LIMIT_BYTES} bytes")
    try:
        with path.open("rb") as file:
            state, data = (_zipped if zipfile.is_zipfile(path) else _legacy)(file)
        return {name: tensor.array(data[tensor.storage.key]) for name, tensor in state.items()}
    except NotTensors:
        raise
    except (pickle.UnpicklingError, zipfile.BadZipFile, struct.error) as error:
        raise NotTensors(str(error)) from None
    except (EOFError, KeyError, IndexError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise NotTensors(f"it is cut, or no torch file: {error!r}") from None


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    elements: int

    def array(self, data: bytes) -> Array:
        if len(data) != self.elements * self.dtype.itemsize:
            raise NotTensors(f"storage {self.key} has {len(data)} bytes for {self.elements} elements")
        return np.frombuffer(data, self.dtype)


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage: the first element, and how many elements lie between neighbours along each axis."""

    storage: _Storage
    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, data: bytes) -> Array:
        elements = self.storage.array(data)
        numbers = [self.first, *self.shape, *self.strides]
        if len(self.shape) != len(self.strides) or any(type(each) is not int or each < 0 for each in numbers):
            raise NotTensors("a tensor's shape is none")
        last = self.first + sum((side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True))
        count = int(np.prod(self.shape, dtype=object))
        if count > len(elements) or (count and last >= len(elements)):
            raise NotTensors("a tensor reaches beyond its storage")
        steps = tuple(stride * elements.itemsize for stride in self.strides)
        view = np.lib.stride_tricks.as_strided(elements[self.first :], self.shape, steps, writeable=False)
        return np.ascontiguousarray(view).reshape(self.shape)


def _rebuilt(storage: _Storage, first: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, first, shape, strides)


class _State(dict[str, _Tensor]):
    """Stands for the ordered dictionary; its metadata is let go."""

    def __setstate__(self, state: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    """Makes what is in the list, and nothing else."""

    ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): _State,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
        **{("torch", name): np.dtype(dtype) for name, dtype in DTYPES.items()},
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.ALLOWED[module, name]
        except KeyError:
            raise NotTensors(f"it asks for {module[:40]}.{name[:40]}, which no tensor needs") from None

    def persistent_load(self, identity: Any) -> _Storage:
        kind, dtype, key, _, elements, *_ = identity
        if kind != "storage" or not isinstance(dtype, np.dtype) or type(elements) is not int:
            raise NotTensors(f"it refers to a {kind!r} that is no storage of tensors")
        return _Storage(str(key), dtype, elements)


def _state(file: BinaryIO) -> dict[str, _Tensor]:
    state = _Unpickler(file).load()
    if not isinstance(state, dict) or not all(isinstance(each, _Tensor) for each in state.values()):
        raise NotTensors("it holds something else than tensors by their names")
    return state


def _zipped(file: BinaryIO) -> tuple[dict[str, _Tensor], dict[str, bytes]]:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise NotTensors("its parts are compressed, as torch never does")
        with archive.open(entries["data.pkl"]) as pickled:
            state = _state(pickled)  # type: ignore[arg-type]
        return state, {key: archive.read(entries[f"data/{key}"]) for key in _storages(state)}


def _legacy(file: BinaryIO) -> tuple[dict[str, _Tensor], dict[str, bytes]]:
    if (_Unpickler(file).load(), _Unpickler(file).load()) != (LEGACY_MAGIC, LEGACY_PROTOCOL):
        raise NotTensors("it is no torch file")
    if _Unpickler(file).load().get("little_endian") is not True:
        raise NotTensors("its numbers are not little-endian")
    state = _state(file)
    storages = _storages(state)
    data = {}
    for key in _Unpickler(file).load():
        storage = storages[key]
        (elements,) = struct.unpack("<q", file.read(8))
        if elements != storage.elements:
            raise NotTensors(f"storage {key} has {elements} elements, not {storage.elements}")
        data[key] = file.read(elements * storage.dtype.itemsize)
    return state, data


def _storages(state: dict[str, _Tensor]) -> dict[str, _Storage]:
    return {tensor.storage.key: tensor.storage for tensor in state.values()}
