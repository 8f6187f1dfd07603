"""What a body asks for: JSON, and the binary data behind it -> pictures, and the outputs that are wanted."""

import binascii
from collections.abc import Mapping

import numpy as np
import orjson
from numpy.typing import NDArray

from server.inference.lifting import lifted
from server.inference.numbers import bytes_of
from server.inference.request import (
    Asked,
    all_outputs,
    form_of,
    id_of,
    input_of,
    object_of,
    of_binary,
    outputs_of,
    parameters_of,
    pixels,
)
from server.store.files import Json
from server.store.manifest import Manifest
from server.web.errors import BodyTooLarge, Malformed

JSON_LIMIT_BYTES = 8 * 2**20  # of a request without its binary data
BASE64_BYTES = 2**16  # that are read in one go, a multiple of 4


def header_bytes_in(headers: dict[bytes, bytes]) -> int | None:
    """How many bytes of JSON come first, as `asked` takes it; raises Malformed."""
    told = headers.get(b"inference-header-content-length")
    if told is None:
        return None
    if not told.isdigit() or len(told) > 15:
        raise Malformed(f"Inference-Header-Content-Length is {told[:40].decode('latin-1')!r}, not a number of bytes")
    return int(told)


def asked(body: bytes, header_bytes: int | None, manifest: Manifest, images_limit: int) -> Asked:
    """What a body asks of that version.

    `header_bytes`: of the JSON before the binary data; None for JSON alone; 0 for one picture's pixels alone. Raises
    Malformed, or BodyTooLarge.
    """
    if header_bytes == 0:
        picture = pixels(body, (1, *manifest.preprocessing.shape))
        return Asked(picture, all_outputs(manifest, binary=True))
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
    request = object_of(request, "the request")
    request_id, image = id_of(request), input_of(request)
    images = _images(image, memoryview(body)[length:], found, manifest, images_limit)
    return Asked(images, outputs_of(request, manifest), request_id)


def _images(
    image: Mapping[str, Json], binary: memoryview, found: list[bytes], manifest: Manifest, images_limit: int
) -> NDArray[np.uint8] | list[bytes]:
    form, size = form_of(image, manifest, images_limit), parameters_of(image, "the input image").get("binary_data_size")
    if size is not None:
        if type(size) is not int or size != len(binary):
            words = "the input image has {} bytes of binary data by its binary_data_size; {:,} follow the JSON"
            raise Malformed(words.format(str(size)[:40], len(binary)))
        if "data" in image or found:
            raise Malformed("the input image has binary data, and other data in the JSON; one of both is enough")
        return of_binary(binary, form)
    if len(binary):
        raise Malformed(f"{len(binary):,} bytes follow the JSON, and no input says that they are its own")
    if form.are_files:
        return _texts(image.get("data"), form.shape[0], found)
    if image.get("data") is not None or len(found) != 1:
        raise Malformed("the input image has no array of numbers as its data, or other long data is beside it")
    return bytes_of(found[0], form.shape)


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
