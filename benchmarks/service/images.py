"""What the benchmarks send: the 10,000 test images as PNG files, in every form that a request may have.

With each goes how its answer must begin, from the model run offline, so that a wrong or swapped answer shows.
"""

import functools
import io
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray
from PIL import Image

from benchmarks import mnist, shipped
from benchmarks.service.client import Request
from server.models.model import Model

BOUNDARY = b"------------------------8c7d4cc2a1f09b3e"  # as long as curl's


@functools.cache
def digits() -> mnist.Digits:
    """The test half of MNIST."""
    return mnist.read("test")


def pixels() -> NDArray[np.uint8]:
    """The test images, uint8 (10000, 28, 28, 1)."""
    return digits().images[..., None]


def labels() -> NDArray[np.uint8]:
    """What the test images show, (10000,)."""
    return digits().classes


@functools.cache
def files() -> tuple[bytes, ...]:
    """The test images as PNG files."""
    return tuple(as_file(image) for image in pixels())


@functools.cache
def predictions() -> tuple[int, ...]:
    """What the model says to each test image, run here."""
    loaded = baseline()
    return tuple(
        int(best)
        for start in range(0, len(pixels()), 500)
        for best in loaded.predict(pixels()[start : start + 500]).probabilities.argmax(axis=1)
    )


@functools.cache
def baseline() -> Model:
    """The model that the servers under test serve."""
    return shipped.load(32)


def as_file(picture: Image.Image | NDArray[np.uint8], form: str = "PNG") -> bytes:
    """An image file of a picture, or of pixels (height, width, 1)."""
    image = Image.fromarray(picture[:, :, 0]) if isinstance(picture, np.ndarray) else picture
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def with_padding(file: bytes, size: int) -> bytes:
    """The same PNG with an ancillary chunk of this many bytes behind its header."""
    chunk = b"paDd" + bytes(size)
    head = len(b"\x89PNG\r\n\x1a\n") + 25
    return file[:head] + size.to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + file[head:]


def multipart(path: str = "/predict", answer: bytes | None = None) -> list[Request]:
    """One request for each test image, as curl -F file=@digit.png sends it; `answer` if all answers are alike."""
    return [
        Request(form_request(path, "file", [data]), answer or b'{"prediction":%d,' % best)
        for data, best in zip(files(), predictions(), strict=True)
    ]


def raw(answer: bytes | None = None) -> list[Request]:
    """One request for each test image, with the PNG as its body."""
    return [
        Request(raw_request("/predict", b"image/png", data), answer or b'{"prediction":%d,' % best)
        for data, best in zip(files(), predictions(), strict=True)
    ]


def batches(size: int) -> list[Request]:
    """Requests of `size` test images each, through all of them."""
    whole = range(0, len(files()) - size + 1, size)
    return [
        Request(form_request("/predict/batch", "files", files()[start : start + size]), b'{"model_version":')
        for start in whole
    ]


def tensors(size: int, answer: bytes) -> list[Request]:
    """Binary requests of the inference protocol for `size` test images each, through all of them; one has no JSON."""
    return [
        Request(_tensor(pixels()[start : start + size]), answer) for start in range(0, len(pixels()) - size + 1, size)
    ]


def _tensor(images: NDArray[np.uint8]) -> bytes:
    described = {"name": "image", "datatype": "UINT8", "shape": images.shape}
    head = orjson.dumps(
        {
            "inputs": [described | {"parameters": {"binary_data_size": images.nbytes}}],
            "parameters": {"binary_data_output": True},
        }
    )
    if len(images) == 1:
        head = b""
    lengths = {"Inference-Header-Content-Length": str(len(head))}
    body = head + images.tobytes()
    return _request("/v2/models/digits/infer", b"application/octet-stream", body, lengths)


def form_request(path: str, name: str, parts: Sequence[bytes]) -> bytes:
    """A POST of files as multipart/form-data."""
    head = b'Content-Disposition: form-data; name="%s"; filename="digit.png"\r\nContent-Type: image/png\r\n\r\n'
    opened = b"--" + BOUNDARY + b"\r\n" + head % name.encode()
    body = b"".join(opened + part + b"\r\n" for part in parts) + b"--" + BOUNDARY + b"--\r\n"
    return _request(path, b"multipart/form-data; boundary=" + BOUNDARY, body)


def raw_request(path: str, content_type: bytes, data: bytes) -> bytes:
    """A POST whose body is the image."""
    return _request(path, content_type, data)


def _request(path: str, content_type: bytes, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    others = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items()).encode()
    return (
        b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: relearn-bench/1\r\nAccept: */*\r\n"
        b"Content-Length: %d\r\nContent-Type: %s\r\n%s\r\n%s" % (path.encode(), len(body), content_type, others, body)
    )
