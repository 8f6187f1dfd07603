"""What a body asks for: JSON, and the binary data behind it -> pictures, and the outputs that are wanted.

All sizes are compared before anything is decoded. A request's words are from the protocol's specification
(kserve/open-inference-protocol) and Triton's extensions of it.
"""

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import orjson
from numpy.typing import NDArray

from server.inference.lifting import lifted
from server.inference.numbers import bytes_of
from server.store.files import Json
from server.store.manifest import Manifest
from server.web.errors import BodyTooLarge, Malformed

INPUT = "image"
JSON_LIMIT_BYTES = 8 * 2**20  # of a request without its binary data
ID_LIMIT = 256  # characters
BASE64_BYTES = 2**16  # that are read in one go, a multiple of 4
LENGTH_BYTES = 4  # of an element of BYTES, before it
_UNSUPPORTED = ("shared_memory_region", "sequence_id")


@dataclass(frozen=True)
class Output:
    """An output that is wanted, and how."""

    name: str
    binary: bool = False
    classes: int = 0  # so many of the most probable, as texts; 0 for all values as they are


@dataclass(frozen=True)
class Asked:
    """A request, all of it checked but the pictures in files."""

    images: NDArray[np.uint8] | Sequence[bytes]  # (N, height, width, channels), or N files
    outputs: tuple[Output, ...]
    id: str | None = None


def asked(body: bytes, header_bytes: int | None, manifest: Manifest, images_limit: int) -> Asked:
    """What a body asks of that version.

    `header_bytes`: of the JSON before the binary data; None for JSON alone; 0 for one picture's pixels alone. Raises
    Malformed, or BodyTooLarge.
    """
    if header_bytes == 0:
        picture = _pixels(body, (1, *manifest.preprocessing.shape))
        return Asked(picture, tuple(Output(name, binary=True) for name in manifest.outputs))
    length = len(body) if header_bytes is None else header_bytes
    if length > len(body):
        raise Malformed(f"Inference-Header-Content-Length is {length:,}, and the body has {len(body):,} bytes")
    if length > JSON_LIMIT_BYTES:
        raise BodyTooLarge(f"the request has over {JSON_LIMIT_BYTES:,} bytes of JSON; send tensors as binary data")
    text, found = lifted(body[:length])
    try:
        request = orjson.loads(text)
    except ValueError:
        raise Malformed("the request is not JSON") from None
    request = _object(request, "the request")
    request_id = request.get("id")
    if request_id is not None and not (isinstance(request_id, str) and len(request_id) <= ID_LIMIT):
        raise Malformed(f"the id must be a text of at most {ID_LIMIT} characters")
    parameters = _parameters(request, "the request")
    image = _input(request)
    images = _images(image, memoryview(body)[length:], found, manifest, images_limit)
    return Asked(images, _outputs(request, parameters, manifest), request_id)


def _input(request: Mapping[str, Json]) -> Mapping[str, Json]:
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1:
        number = len(inputs) if isinstance(inputs, list) else "no list of"
        raise Malformed(f"the request has {number} inputs; the model has one, {INPUT}")
    image = _object(inputs[0], "an input")
    if image.get("name") != INPUT:
        raise Malformed(f"the model has no input {str(image.get('name'))[:100]!r}; its one is {INPUT}")
    return image


def _images(
    image: Mapping[str, Json], binary: memoryview, found: list[bytes], manifest: Manifest, images_limit: int
) -> NDArray[np.uint8] | list[bytes]:
    shape, size = _shape(image), _parameters(image, "the input image").get("binary_data_size")
    datatype, data = image.get("datatype"), image.get("data")
    if datatype == "UINT8":
        wanted = manifest.preprocessing.shape
        if tuple(shape[1:]) != wanted:
            raise Malformed(f"the shape of the input image is {shape}; the model takes {[-1, *wanted]}")
    elif datatype == "BYTES":
        if len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
            raise Malformed(f"the shape of the input image is {shape}; files, as BYTES, are [N] or [N, 1]")
    else:
        kind = str(datatype)[:40]
        raise Malformed(f"the datatype of the input image is {kind}; send pixels as UINT8, or files as BYTES")
    if not shape or shape[0] < 1:
        raise Malformed(f"the shape of the input image is {shape}; it must have one picture at least")
    if shape[0] > images_limit:
        raise BodyTooLarge(f"the request has {shape[0]:,} pictures; at most {images_limit:,} are taken at once")
    if size is not None:
        if type(size) is not int or size != len(binary):
            words = "the input image has {} bytes of binary data by its binary_data_size; {:,} follow the JSON"
            raise Malformed(words.format(str(size)[:40], len(binary)))
        if "data" in image or found:
            raise Malformed("the input image has binary data, and other data in the JSON; one of both is enough")
        return _pixels(binary, shape) if datatype == "UINT8" else _files(binary, shape[0])
    if len(binary):
        raise Malformed(f"{len(binary):,} bytes follow the JSON, and no input says that they are its own")
    if datatype == "BYTES":
        return _texts(data, shape[0], found)
    if data is not None or len(found) != 1:
        raise Malformed("the input image has no array of numbers as its data, or other long data is beside it")
    return bytes_of(found[0], shape)


def _shape(image: Mapping[str, Json]) -> list[int]:
    shape = image.get("shape")
    sizes = [size for size in shape if type(size) is int and 0 <= size < 2**63] if isinstance(shape, list) else []
    if not isinstance(shape, list) or len(sizes) != len(shape) or len(shape) > 8:
        raise Malformed("the shape of the input image must be a list of up to 8 whole numbers")
    return sizes


def _pixels(data: bytes | memoryview, shape: Sequence[int]) -> NDArray[np.uint8]:
    if len(data) != prod(shape):
        raise Malformed(f"the input image has {len(data):,} bytes; its shape {list(shape)} has {prod(shape):,}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _files(data: memoryview, number: int) -> list[bytes]:
    """The elements of a binary tensor of BYTES, each behind its length."""
    spans, place = [], 0
    for _ in range(number):
        start = place + LENGTH_BYTES
        place = start + int.from_bytes(data[place:start], "little")
        if place > len(data) or start > len(data):
            break
        spans.append((start, place))
    if len(spans) != number or place != len(data):
        raise Malformed(f"the lengths of the {number:,} files in the input image don't sum to its {len(data):,} bytes")
    return [bytes(data[start:end]) for start, end in spans]


def _texts(data: Json, number: int, found: list[bytes]) -> list[bytes]:
    """Files in base64, as JSON has to have them."""
    flat: list[Json] = []
    for each in data if isinstance(data, list) else []:
        flat += each if isinstance(each, list) and len(each) == 1 else [each]
    if len(flat) != number or flat.count(None) != len(found):
        raise Malformed(f"the data of the input image is not {number:,} texts, as its shape says")
    long = iter(found)
    files = []
    for each in flat:
        if each is not None and not isinstance(each, str):
            raise Malformed("the data of the input image must be texts, files in base64")
        text = _unescaped(next(long)[1:-1]) if each is None else each.encode("utf-8", "replace")
        files.append(_from_base64(text))
    return files


def _unescaped(text: bytes) -> bytes:
    """A text of JSON as it is meant, of those that base64 may be in: some escape slashes, and nothing else needs it."""
    return text.replace(b"\\/", b"/") if len(text) <= BASE64_BYTES * 16 else text


def _from_base64(text: bytes) -> bytes:
    """The file in a text, some of it at a time, so that other threads have their turns; raises Malformed."""
    parts = [text[start : start + BASE64_BYTES] for start in range(0, len(text), BASE64_BYTES)]
    try:
        if any(b"=" in part for part in parts[:-1]):
            raise binascii.Error
        return b"".join([binascii.a2b_base64(part, strict_mode=True) for part in parts])
    except binascii.Error:
        raise Malformed("the data of the input image is not base64; send files so, or as binary data") from None


def _outputs(request: Mapping[str, Json], parameters: Mapping[str, Json], manifest: Manifest) -> tuple[Output, ...]:
    binary = _flag(parameters, "binary_data_output")
    listed = request.get("outputs")
    if listed is None or listed == []:
        return tuple(Output(name, binary) for name in manifest.outputs)
    if not isinstance(listed, list) or len(listed) > len(manifest.outputs):
        raise Malformed(f"the outputs must be a list of some of {', '.join(manifest.outputs)}")
    found: dict[str, Output] = {}
    for each in listed:
        output = _object(each, "an output")
        name = output.get("name")
        if not isinstance(name, str) or name not in manifest.outputs or name in found:
            raise Malformed(f"there is no output {str(name)[:100]!r} left; they are {', '.join(manifest.outputs)}")
        own = _parameters(output, f"the output {name}")
        classes = own.get("classification", 0)
        if type(classes) is not int or classes < 0:
            raise Malformed(f"the classification of the output {name} must be a number of classes")
        if classes and name != "probabilities":
            raise Malformed(f"the output {name} has one value for each picture, and no classes")
        found[name] = Output(name, _flag(own, "binary_data", binary), min(classes, len(manifest.labels)))
    return tuple(found.values())


def _parameters(owner: Mapping[str, Json], what: str) -> Mapping[str, Json]:
    parameters = owner.get("parameters")
    if parameters is None:
        return {}
    found = _object(parameters, f"the parameters of {what}")
    for name, value in found.items():
        if not isinstance(value, str | int | float):
            raise Malformed(f"the parameter {name[:100]!r} of {what} must be a text, a number, true or false")
        if name in _UNSUPPORTED and value:
            raise Malformed(f"the parameter {name} of {what} is for what this service does not have")
    return found


def _flag(parameters: Mapping[str, Json], name: str, default: bool = False) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise Malformed(f"the parameter {name} must be true or false")
    return value


def _object(value: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise Malformed(f"{what} must be an object of JSON")
    return value
