"""Requests that are made to hold the event loop up, of every kind that a client may send.

A family makes a request out of what it draws: sizes, boundaries, what is repeated.
"""

import io
import json
import zlib
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image

MOST = 31 * 2**20  # bytes of a body, a little under what is taken
DISPOSITION = b'Content-Disposition: form-data; name="files"; filename="a.png"'


class Shape(NamedTuple):
    """One request."""

    path: str
    content_type: bytes
    body: bytes


Family = Callable[[Random], Shape]


def _form(draw: Random, boundary: bytes, body: bytes) -> Shape:
    path = draw.choice(("/predict", "/predict/batch", "/upload"))
    return Shape(path, b"multipart/form-data; boundary=" + boundary, body)


def _boundary(draw: Random) -> bytes:
    return draw.choice((b"b", b"a" * 70, b"-" * 70, b"ab" * 35, b"a" * 69 + b"b"))


def many_parts(draw: Random) -> Shape:
    boundary, number = _boundary(draw), draw.choice((200, 1000, 2000, 10_000))
    head = draw.choice((DISPOSITION, b"content-disposition: form-data; name=labels", DISPOSITION + b"\r\nX: y"))
    part = b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + b"1" * draw.choice((0, 1, 300)) + b"\r\n"
    return _form(draw, boundary, (part * number)[:MOST] + b"--" + boundary + b"--")


def wide_headers(draw: Random) -> Shape:
    boundary, size = _boundary(draw), draw.choice((4000, 8000, 2**20))
    filler = draw.choice((b"; a=b", b"; filename*0*=utf-8''%20", b"\\", b'"', b"\r\nX: y", b"x"))
    head = DISPOSITION + (filler * (size // len(filler)))[: size - len(DISPOSITION)]
    part = b"--" + boundary + b"\r\n" + head + b"\r\n\r\n1\r\n"
    return _form(draw, boundary, part * min(1000, MOST // len(part)) + b"--" + boundary + b"--")


def boundary_like(draw: Random) -> Shape:
    boundary, size = _boundary(draw), draw.choice((250_000, 2**21, MOST))
    delimiter = b"\r\n--" + boundary
    filler = draw.choice(
        (delimiter[:-1], delimiter[:-1] + b"\r", b"\r\n", b"\r", b"-", delimiter + b"x", boundary, b"a")
    )
    head = draw.choice((b"", b"--" + boundary + b"\r\n" + DISPOSITION + b"\r\n\r\n"))
    return _form(draw, boundary, head + (filler * (size // len(filler)))[:size] + draw.choice((b"", delimiter + b"--")))


def large_fields(draw: Random) -> Shape:
    boundary = _boundary(draw)
    file = b"--" + boundary + b"\r\n" + DISPOSITION + b"\r\n\r\nx\r\n"
    value = draw.choice((b",", b"7,", b"\xff", "é".encode())) * 400_000
    label = b"--" + boundary + b'\r\nContent-Disposition: form-data; name="labels"\r\n\r\n' + value + b"\r\n"
    number = draw.choice((1, 20, 30))
    return _form(draw, boundary, file * draw.choice((1, 20)) + (label * number)[:MOST] + b"--" + boundary + b"--")


def long_names(draw: Random) -> Shape:
    """File names that an answer repeats."""
    name = draw.choice((b"x", b"\xff", "é".encode(), b"\\\\", b"\x01")) * 2000
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\nx\r\n' % name
    labels = b'--b\r\nContent-Disposition: form-data; name="labels"\r\n\r\n' + b",".join([b"7"] * 1000) + b"\r\n"
    return Shape("/upload", b"multipart/form-data; boundary=b", part * 1000 + labels + b"--b--")


def json_body(draw: Random) -> Shape:
    size = draw.choice((16_000, 2**20, MOST))
    filler = draw.choice((b'{"a":', b"[", b"0,", b"9", b"1e9", b'"\\ud800",', b'"a":0,', b"\\u0000"))
    opened = draw.choice((b"", b"[", b'{"a":[', b'{"epochs":', b'{"epochs":"'))
    return Shape(
        draw.choice(("/retrain", "/models/0/promote")), b"application/json", opened + filler * (size // len(filler))
    )


def nested_json(draw: Random) -> Shape:
    depth = draw.choice((300, 900, 3000))
    text = json.dumps("x" * draw.choice((1, 5000)))
    return Shape("/retrain", b"application/json", ('{"a":' * depth + text + "}" * depth).encode())


def fields(draw: Random) -> Shape:
    body = b"a=1&" * (draw.choice((1_000_000, MOST)) // 4)
    return Shape(draw.choice(("/upload", "/predict", "/retrain")), b"application/x-www-form-urlencoded", body)


def raw(draw: Random) -> Shape:
    return Shape("/predict", b"image/png", draw.randbytes(1) * draw.choice((2**18, 2**20, MOST)))


def large_picture(draw: Random) -> Shape:
    mode, kind = draw.choice(
        (
            *(
                ("1", "PNG"),
                ("L", "PNG"),
                ("LA", "PNG"),
                ("P", "PNG"),
                ("RGB", "PNG"),
                ("RGBA", "PNG"),
                ("I;16", "PNG"),
            ),
            *(("L", "JPEG"), ("RGB", "JPEG"), ("CMYK", "JPEG"), ("P", "GIF"), ("RGB", "BMP"), ("RGBA", "BMP")),
            *(("RGB", "WEBP"), ("RGBA", "WEBP")),
        )
    )
    width, height = draw.choice(((1400, 1400), (2500, 2400), (6300, 6300), (30_000, 30), (5600, 5600)))
    if kind == "WEBP":
        width, height = 1440, 1440
    elif kind == "BMP":
        width, height = 2700, 2700
    options: dict[str, object] = {"progressive": draw.random() < 0.5} if kind == "JPEG" else {}
    return Shape("/predict", b"image/png", _file(_picture(draw, mode, width, height), kind, **options))


def picture_of_words(draw: Random) -> Shape:
    """A picture whose file says much."""
    small = _picture(draw, "L", 60, 60)
    packed = zlib.compress(bytes(2**20), 9)
    number = draw.choice((1, 60, 90, 8000))
    if draw.random() < 0.3:
        comment = b"\xff\xfe" + (2 + 2000).to_bytes(2) + bytes(2000)
        data = _file(small, "JPEG")
        return Shape("/predict", b"image/jpeg", data[:2] + comment * min(number, 8000) + data[2:])
    data = _file(small, "PNG")
    kind, body = draw.choice(
        (
            *(
                (b"zTXt", b"a\0\0" + packed),
                (b"iCCP", b"a\0\0" + packed),
                (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed),
            ),
            *(
                (b"tEXt", b""),
                (b"eXIf", b"II*\0\x08\0\0\0" + (7000).to_bytes(2, "little") + bytes(84_000)),
                (b"IDAT", b""),
            ),
        )
    )
    chunk = len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
    return Shape(
        "/predict", b"image/png", data[:33] + (chunk * number)[: len(chunk) * (MOST // len(chunk))] + data[33:]
    )


def drawings(draw: Random) -> Shape:
    """Many pictures that are small enough for the event loop, each as dear as such a one may be."""
    mode = draw.choice(("RGBA", "LA", "P", "I;16", "RGB", "L"))
    width, height = draw.choice(((320, 300), (640, 160), (102_400, 1), (1, 102_400), (1000, 100)))
    data = _file(_picture(draw, mode, width, height), "PNG", compress_level=9)
    boundary, number = b"b", draw.choice((1, 64, 300))
    part = b"--b\r\n" + DISPOSITION + b"\r\n\r\n" + data + b"\r\n"
    labels = b'--b\r\nContent-Disposition: form-data; name="labels"\r\n\r\n' + b",".join([b"7"] * number) + b"\r\n"
    path = draw.choice(("/predict/batch", "/upload"))
    return Shape(path, b"multipart/form-data; boundary=" + boundary, part * number + labels + b"--b--")


FAMILIES: tuple[Family, ...] = (
    *(many_parts, wide_headers, boundary_like, large_fields, long_names, json_body, nested_json, fields, raw),
    *(large_picture, picture_of_words, drawings),
)


def _picture(draw: Random, mode: str, width: int, height: int) -> Image.Image:
    """Noise that is cheap to make, and compresses well where it is large."""
    few = Image.effect_noise((max(1, width // 16), max(1, height // 16)), draw.choice((20, 90)))
    noise = few.resize(
        (width, height), Image.Resampling.NEAREST if width * height > 10**6 else Image.Resampling.BICUBIC
    )
    if mode == "I;16":
        return Image.fromarray(np.asarray(noise).astype(np.uint16) * 257)
    made = noise.convert("RGB").quantize(64) if mode == "P" else noise.convert(mode)
    if mode in ("LA", "RGBA"):
        made.putalpha(noise)
    return made


def _file(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **{"compress_level": 1, "method": 0} | options)
    return file.getvalue()
