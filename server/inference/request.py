"""What a request may ask for, in whatever form it came: the input image, and the outputs that are wanted.

All sizes are compared before anything is decoded. A request's words are from the protocol's specification
(kserve/open-inference-protocol) and Triton's extensions of it; JSON (asking.py) and gRPC's messages have the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.store.files import Json
from server.store.manifest import Manifest
from server.web.errors import BodyTooLarge, Malformed

INPUT = "image"
ID_LIMIT = 256  # characters
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


class Form(NamedTuple):
    """How the pictures of a request come."""

    are_files: bool  # BYTES; else pixels, UINT8
    shape: Sequence[int]


def id_of(request: Mapping[str, Json]) -> str | None:
    found = request.get("id")
    if found is not None and not (isinstance(found, str) and len(found) <= ID_LIMIT):
        raise Malformed(f"the id must be a text of at most {ID_LIMIT} characters")
    return found


def input_of(request: Mapping[str, Json]) -> Mapping[str, Json]:
    """The one input; raises Malformed."""
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1:
        number = len(inputs) if isinstance(inputs, list) else "no list of"
        raise Malformed(f"the request has {number} inputs; the model has one, {INPUT}")
    image = object_of(inputs[0], "an input")
    if image.get("name") != INPUT:
        raise Malformed(f"the model has no input {str(image.get('name'))[:100]!r}; its one is {INPUT}")
    return image


def form_of(image: Mapping[str, Json], manifest: Manifest, images_limit: int) -> Form:
    """What the input says of itself; raises Malformed, or BodyTooLarge."""
    shape, datatype = _shape(image), image.get("datatype")
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
    return Form(datatype == "BYTES", shape)


def of_binary(data: bytes | memoryview, form: Form) -> NDArray[np.uint8] | list[bytes]:
    """The pictures in the data of a binary tensor; raises Malformed."""
    return _files(data, form.shape[0]) if form.are_files else pixels(data, form.shape)


def pixels(data: bytes | memoryview, shape: Sequence[int]) -> NDArray[np.uint8]:
    if len(data) != prod(shape):
        raise Malformed(f"the input image has {len(data):,} bytes; its shape {list(shape)} has {prod(shape):,}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def all_outputs(manifest: Manifest, binary: bool) -> tuple[Output, ...]:
    """Every output of a version."""
    return tuple(Output(name, binary) for name in manifest.outputs)


def outputs_of(request: Mapping[str, Json], manifest: Manifest) -> tuple[Output, ...]:
    """The outputs that are wanted; raises Malformed."""
    binary = _flag(parameters_of(request, "the request"), "binary_data_output")
    listed = request.get("outputs")
    if listed is None or listed == []:
        return all_outputs(manifest, binary)
    if not isinstance(listed, list) or len(listed) > len(manifest.outputs):
        raise Malformed(f"the outputs must be a list of some of {', '.join(manifest.outputs)}")
    found: dict[str, Output] = {}
    for each in listed:
        output = object_of(each, "an output")
        name = output.get("name")
        if not isinstance(name, str) or name not in manifest.outputs or name in found:
            raise Malformed(f"there is no output {str(name)[:100]!r} left; they are {', '.join(manifest.outputs)}")
        own = parameters_of(output, f"the output {name}")
        classes = own.get("classification", 0)
        if type(classes) is not int or classes < 0:
            raise Malformed(f"the classification of the output {name} must be a number of classes")
        if classes and name != "probabilities":
            raise Malformed(f"the output {name} has one value for each picture, and no classes")
        found[name] = Output(name, _flag(own, "binary_data", binary), min(classes, len(manifest.labels)))
    return tuple(found.values())


def parameters_of(owner: Mapping[str, Json], what: str) -> Mapping[str, Json]:
    """The parameters of a request, an input or an output; raises Malformed."""
    parameters = owner.get("parameters")
    if parameters is None:
        return {}
    found = object_of(parameters, f"the parameters of {what}")
    for name, value in found.items():
        if not isinstance(value, str | int | float):
            raise Malformed(f"the parameter {name[:100]!r} of {what} must be a text, a number, true or false")
        if name in _UNSUPPORTED and value:
            raise Malformed(f"the parameter {name} of {what} is for what this service does not have")
    return found


def object_of(value: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise Malformed(f"{what} must be an object of JSON")
    return value


def _shape(image: Mapping[str, Json]) -> list[int]:
    shape = image.get("shape")
    sizes = [size for size in shape if type(size) is int and 0 <= size < 2**63] if isinstance(shape, list) else []
    if not isinstance(shape, list) or len(sizes) != len(shape) or len(shape) > 8:
        raise Malformed("the shape of the input image must be a list of up to 8 whole numbers")
    return sizes


def _files(data: bytes | memoryview, number: int) -> list[bytes]:
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


def _flag(parameters: Mapping[str, Json], name: str, default: bool = False) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise Malformed(f"the parameter {name} must be true or false")
    return value
