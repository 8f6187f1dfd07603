"""The fast ways into a PNG: one that is already what the model takes (8-bit grey, of its size), and a plain drawing.

Every PNG, on these ways or Pillow's, has the checksums of all its chunks verified first, so that a damaged file is
refused whichever way it takes. What the fast ways return is what Pillow would, bit for bit. Format: RFC 2083 and
https://www.w3.org/TR/png-3/.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image, _imaging

from server.pictures.errors import UnusableImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LENGTH_AND_TYPE = Struct(">I4s").unpack_from
_CRC = Struct(">I").unpack_from
_GREY_8_BIT = b"\x08\x00\x00\x00\x00"  # depth 8, grey, deflate, adaptive filters, not interlaced
_PLAIN_MODES = {_GREY_8_BIT: "L", b"\x08\x02\x00\x00\x00": "RGB", b"\x08\x06\x00\x00\x00": "RGBA"}
PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_TURNING = (b"XML:com.adobe.xmp", b"Raw profile type exif")  # texts in which Pillow looks for an orientation
CHUNKS_LIMIT = 10_000
SIMPLE_CHUNKS = 64
PLAIN_LIMIT_BYTES = 2**20  # above this Pillow's way is as fast, and holds less in memory
_HEAD = 33  # bytes: the signature and the IHDR chunk
_WRONG_CHECKSUM = "the PNG is damaged: a checksum inside it is wrong; save the picture again"
LAST_CHUNK = b"\x00\x00\x00\x00IEND\xaeB`\x82"


class Chunk(NamedTuple):
    """Where a chunk's data stands in the file."""

    kind: bytes
    start: int
    stop: int


def read_grey(data: bytes, width: int, height: int) -> bytes | None:
    """The grey levels, row by row, if it is 8-bit grey and exactly of that size; else None, for Pillow to read.

    Raises UnusableImage if such a file is damaged or cut.
    """
    compressed = _grey_8_bit(data, width, height)
    if compressed is None:
        return None
    picture = _imaging.new("L", (width, height))
    _decode(compressed, picture, (0, 0, width, height))
    return _pixels(picture, width, height)


def read_greys(files: Sequence[bytes], width: int, height: int) -> tuple[NDArray[np.uint8], list[bool]]:
    """What `read_grey` gives for many files, in three quarters of its time: one picture holds them all.

    The grey levels are (files, height, width); beside them stands which files were read. The others are damaged, or for
    Pillow to read.
    """
    picture = _imaging.new("L", (width, height * len(files)))
    read = []
    for number, data in enumerate(files):
        try:
            compressed = _grey_8_bit(data, width, height)
            if compressed is not None:
                _decode(compressed, picture, (0, number * height, width, (number + 1) * height))
            read.append(compressed is not None)
        except UnusableImage:
            read.append(False)
    pixels = _pixels(picture, width, height * len(files))
    return np.frombuffer(pixels, np.uint8).reshape(len(files), height, width), read


def read_plain(data: bytes) -> Image.Image | None:
    """The whole picture if it is 8-bit grey, RGB or RGBA, not interlaced, and no chunk but its pixels shows.

    Such is what a canvas gives. None, for Pillow to read, if it is any other PNG. Raises UnusableImage if it is damaged
    or cut, whatever it is.
    """
    found = chunks(data)
    mode = _PLAIN_MODES.get(data[24:29])
    if mode is None or not found or found[0].kind != b"IHDR" or len(data) > PLAIN_LIMIT_BYTES:
        return None
    if any(chunk.kind != b"IDAT" and is_heeded(data, chunk) for chunk in found[1:]):
        return None
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if not width or not height:
        return None
    picture = _imaging.new(mode, (width, height))
    _decode(_compressed(data, found), picture, (0, 0, width, height), mode)
    return Image.Image()._new(picture)


@lru_cache(maxsize=4)
def _head(width: int, height: int) -> bytes:
    """The first bytes of every 8-bit grey PNG of that size, the checksum with them."""
    header = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + _GREY_8_BIT
    return SIGNATURE + (len(header) - 4).to_bytes(4) + header + crc32(header).to_bytes(4)


def _grey_8_bit(data: bytes, width: int, height: int) -> bytes | None:
    """The compressed pixels if it is an 8-bit grey PNG of that size, else None; raises UnusableImage if damaged."""
    if not data.startswith(_head(width, height)) or len(data) > PLAIN_LIMIT_BYTES:
        return None
    if data.endswith(LAST_CHUNK):  # most writers put all pixels into one chunk: then there is one checksum left
        length, kind = _LENGTH_AND_TYPE(data, _HEAD)
        stop = _HEAD + 8 + length
        if kind == b"IDAT" and stop + 4 + len(LAST_CHUNK) == len(data):
            if crc32(data[_HEAD + 4 : stop]) != _CRC(data, stop)[0]:
                raise UnusableImage(_WRONG_CHECKSUM)
            return data[_HEAD + 8 : stop]
    found = chunks(data)
    return None if any(chunk.kind == b"tRNS" for chunk in found) else _compressed(data, found)


def _compressed(data: bytes, found: Sequence[Chunk]) -> bytes:
    return b"".join([data[chunk.start : chunk.stop] for chunk in found if chunk.kind == b"IDAT"])


def _decode(
    compressed: bytes, picture: "_imaging.ImagingCore", box: tuple[int, int, int, int], mode: str = "L"
) -> None:
    """Unpack a PNG's pixels into a part of the picture; raises UnusableImage."""
    # What Image.frombytes(...).tobytes() does, in a third of its 18 us: Pillow's own codecs, without an Image around.
    decoder = _imaging.zip_decoder(mode, mode, 0)
    decoder.setimage(picture, box)
    consumed, problem = decoder.decode(compressed)
    if consumed >= 0 or problem:
        raise UnusableImage("the PNG's pixels are damaged or cut; save the picture again")


def _pixels(picture: "_imaging.ImagingCore", width: int, height: int) -> bytes:
    encoder = _imaging.raw_encoder("L", "L", 0, 1)
    encoder.setimage(picture, (0, 0, width, height))
    pixels: bytes = encoder.encode(max(width * height, 4 * width))[2]
    assert len(pixels) == width * height
    return pixels


def chunks(data: bytes) -> list[Chunk]:
    """All chunks but the end, after every checksum was verified; raises UnusableImage if it is damaged or cut."""
    found: list[Chunk] = []
    view = memoryview(data)
    position, end = 8, len(data) - 12
    while position <= end:
        length, kind = _LENGTH_AND_TYPE(data, position)
        stop = position + 8 + length
        if stop > len(data) - 4:
            break
        if crc32(view[position + 4 : stop]) != _CRC(data, stop)[0]:
            raise UnusableImage(_WRONG_CHECKSUM)
        if kind == b"IEND":
            return found
        if len(found) == CHUNKS_LIMIT:
            raise UnusableImage(f"the PNG is made of over {CHUNKS_LIMIT:,} chunks; save it again")
        found.append(Chunk(kind, position + 8, stop))
        position = stop + 4
    raise UnusableImage("the PNG is cut: its end is missing; send the whole file")


def is_heeded(data: bytes, chunk: Chunk) -> bool:
    """Whether Pillow's pixels, or the way they are turned, depend on it."""
    return (
        chunk.kind in PIXELS
        or chunk.kind == b"eXIf"
        or (chunk.kind in _TEXTS and data.startswith(_TURNING, chunk.start))
    )


def is_simple(data: bytes) -> bool:
    """Whether so few chunks are in it, and none that says how it is turned, that to look at each takes no time."""
    position = 8
    for _ in range(SIMPLE_CHUNKS):
        if position > len(data) - 12:
            return True
        length, kind = _LENGTH_AND_TYPE(data, position)
        if kind == b"eXIf" or (kind in _TEXTS and data.startswith(_TURNING, position + 8)):
            return False
        position += 12 + length
    return False
