"""What a message asks for -> pictures, and the outputs that are wanted; the same as JSON with other words around it."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from server.inference.request import Asked, Form, form_of, id_of, input_of, of_binary, outputs_of
from server.store.files import Json
from server.store.manifest import Manifest
from server.web.errors import Malformed

READ_NUMBERS = 2**13  # that are read in one go, so that other threads have their turns


def asked(message: Message, raw: Sequence[memoryview], manifest: Manifest, images_limit: int) -> Asked:
    """What a ModelInferRequest, whose raw contents were taken out, asks of that version.

    Raises Malformed, or BodyTooLarge.
    """
    inputs: list[Json] = [
        {"name": each.name, "datatype": each.datatype, "shape": [*each.shape], "parameters": _plain(each.parameters)}
        for each in message.inputs
    ]
    outputs: list[Json] = [{"name": each.name, "parameters": _plain(each.parameters)} for each in message.outputs]
    request: dict[str, Json] = {"id": message.id or None, "inputs": inputs, "outputs": outputs}
    request["parameters"] = _plain(message.parameters)
    form = form_of(input_of(request), manifest, images_limit)
    return Asked(_images(message, raw, form), outputs_of(request, manifest), id_of(request))


def _plain(parameters: Mapping[str, Message]) -> dict[str, Json]:
    """Parameters as JSON has them; of one without a value nothing."""
    chosen = {name: (value, value.WhichOneof("parameter_choice")) for name, value in parameters.items()}
    return {name: getattr(value, choice) for name, (value, choice) in chosen.items() if choice is not None}


def _images(message: Message, raw: Sequence[memoryview], form: Form) -> NDArray[np.uint8] | list[bytes]:
    contents = message.inputs[0].contents
    typed = [field.name for field, _ in contents.ListFields()]
    if raw:
        if len(raw) != len(message.inputs):
            raise Malformed(f"the message has {len(raw)} raw contents for {len(message.inputs)} inputs")
        if typed:
            raise Malformed("the message has raw contents, and others in an input; one of both is enough")
        return of_binary(raw[0], form)
    wanted = "bytes_contents" if form.are_files else "uint_contents"
    if typed != [wanted]:
        told = " and ".join(typed) or "nothing"
        raise Malformed(f"the input image has {told}; it needs {wanted}, or raw_input_contents")
    values, number = getattr(contents, wanted), prod(form.shape)
    if len(values) != number:
        raise Malformed(f"the input image has {len(values):,} contents; its shape {list(form.shape)} has {number:,}")
    return list(values) if form.are_files else _pixels(values, form.shape)


def _pixels(values: Sequence[int], shape: Sequence[int]) -> NDArray[np.uint8]:
    try:
        read = b"".join([bytes(values[start : start + READ_NUMBERS]) for start in range(0, len(values), READ_NUMBERS)])
    except ValueError:
        raise Malformed("the contents of the input image are not numbers from 0 to 255, as UINT8 says") from None
    return np.frombuffer(read, np.uint8).reshape(shape)
