"""A file without what its pixels don't need: words, profiles, thumbnails, later frames.

Pillow unpacks or joins all of these when it opens a file, however large they become. They are found here by their
headers and left out, and what is left says the size of the picture and how its pixels are kept, before any is made.
"""

import io
from collections.abc import Sequence
from typing import NamedTuple

from server.pictures import png
from server.pictures.errors import UnusableImage

PARTS_LIMIT = 10_000  # chunks, segments and blocks of one file
EXIF_LIMIT_BYTES = 2**16  # what a JPEG's may have
WINDOW = 2**18  # bytes that are copied or searched at once: only in between other threads may run

_JPEG_NEEDED_APPS = (0xE0, 0xEE)  # JFIF's and Adobe's say which colours they are
_JPEG_BARE = (0x01, *range(0xD0, 0xDA))  # markers without a length
_JPEG_TURNING = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")
_VP8X_FLAGS = 0x1E  # but for the colour profile, which is left out


class Lean(NamedTuple):
    """What Pillow is given of a file."""

    file: io.BytesIO
    size: tuple[int, int] | None = None  # where it has to be known before Pillow opens the file
    scans: int = 1  # of a JPEG: how often its decoder passes over the picture


def of(data: bytes) -> Lean:
    """The file without what its pixels don't need; raises UnusableImage if it is made of too many parts, or cut."""
    if data[:8] == png.SIGNATURE:
        return Lean(_png(data))
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _gif(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return Lean(io.BytesIO(data))


def _png(data: bytes) -> io.BytesIO:
    found = png.chunks(data)
    kept, turned = [(0, 8)], False
    for chunk in found:
        if chunk.kind not in png.PIXELS:
            if turned or chunk.stop - chunk.start > EXIF_LIMIT_BYTES or not png.is_heeded(data, chunk):
                continue
            turned = True
        kept.append((chunk.start - 8, chunk.stop + 4))
    if len(kept) == len(found) + 1:
        return io.BytesIO(data)
    return _joined(data, kept, png.LAST_CHUNK)


def _jpeg(data: bytes) -> Lean:
    kept = [(0, 2)]
    position, turning = 2, list(_JPEG_TURNING)
    for _ in range(PARTS_LIMIT):
        position = data.find(b"\xff", position, position + WINDOW)
        if position < 0 or position + 4 > len(data):
            raise _cut()
        marker = data[position + 1]
        if marker == 0xDA:
            return Lean(_joined(data, [*kept, (position, len(data))]), scans=_scans(data, position))
        if marker in (0x00, 0xFF) or marker in _JPEG_BARE:
            position += 1 if marker == 0xFF else 2
            continue
        stop = position + 2 + int.from_bytes(data[position + 2 : position + 4])
        turns = next((each for each in turning if marker == 0xE1 and data.startswith(each, position + 4)), None)
        if turns is not None:
            turning.remove(turns)  # Pillow would join several
        if turns is not None or marker in _JPEG_NEEDED_APPS or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append((position, stop))
        position = stop
    raise _too_many()


def _scans(data: bytes, start: int) -> int:
    """How many scans there are: inside of them the byte 255 is never followed by their marker."""
    return sum(data.count(b"\xff\xda", at, at + WINDOW + 1) for at in range(start, len(data), WINDOW))


def _gif(data: bytes) -> Lean:
    """Up to the end of the file from its first frame on, which needs no disposal."""
    if len(data) < 13:
        raise _cut()
    position = colours_end = 13 + ((6 << (data[10] & 7)) if data[10] & 0x80 else 0)
    transparent = b""
    for _ in range(PARTS_LIMIT):
        kind = data[position : position + 1]
        if kind == b",":
            screen = _pairs(data[6:10])
            left, top, width, height = _pairs(data[position + 1 : position + 9].ljust(8, b"\0"))
            file = _joined(data, [(0, colours_end)], transparent, [(position, len(data))])
            return Lean(file, (max(screen[0], left + width), max(screen[1], top + height)))
        if kind in (b"", b";"):
            raise _cut()
        if kind == b"!":
            control = data[position + 1 : position + 7]
            if len(control) == 6 and control[:2] == b"\xf9\x04" and control[2] & 1:
                transparent = b"!\xf9\x04\x01\0\0" + control[5:] + b"\0"
            position = _after_blocks(data, position + 2)
        else:
            position += 1
    raise _too_many()


def _after_blocks(data: bytes, position: int) -> int:
    """Behind the blocks of an extension, each with its length before it, of which the last is empty."""
    for _ in range(PARTS_LIMIT):
        length = data[position] if position < len(data) else 0
        position += 1 + length
        if not length:
            return position
    raise _too_many()


def _pairs(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]


def _webp(data: bytes) -> Lean:
    """The first frame, its size and its EXIF."""
    kept: list[tuple[int, int]] = []
    turning = [b"EXIF", b"XMP "]
    size, head = None, b""
    position, pixels = 12, False
    for _ in range(PARTS_LIMIT):
        kind, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        stop = position + 8 + length + length % 2
        body = data[position + 8 : position + 18]
        if len(body) < 10 or stop > len(data) + 1:
            break
        if kind == b"VP8X" and not head:
            size = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
            head = b"VP8X\x0a\0\0\0" + bytes([body[0] & _VP8X_FLAGS]) + body[1:]
        elif kind in (b"VP8 ", b"VP8L", b"ANMF"):
            if not pixels:
                kept.append((position, stop))
            if size is None and not pixels:
                size = _still_size(kind, body)
            pixels = True
        elif kind in turning and length <= EXIF_LIMIT_BYTES:
            turning.remove(kind)
            kept.append((position, stop))
        elif kind in (b"ALPH", b"ANIM"):
            kept.append((position, stop))
        position = stop
    else:
        raise _too_many()
    if not pixels or size is None:
        raise _cut()
    total = 4 + len(head) + sum(min(stop, len(data)) - start for start, stop in kept)
    return Lean(_joined(data, [], b"RIFF" + total.to_bytes(4, "little") + b"WEBP" + head, kept), size)


def _still_size(kind: bytes, body: bytes) -> tuple[int, int]:
    """The size of a picture that is no animation, from the first ten bytes of its pixels."""
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    width, height = _pairs(body[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _joined(
    data: bytes, first: Sequence[tuple[int, int]], between: bytes = b"", rest: Sequence[tuple[int, int]] = ()
) -> io.BytesIO:
    """Parts of the data, from where to where, with some bytes between them."""
    file, view = io.BytesIO(), memoryview(data)
    for parts, end in ((first, between), (rest, b"")):
        for start, stop in parts:
            for at in range(start, min(stop, len(data)), WINDOW):
                file.write(view[at : min(at + WINDOW, stop)])
        file.write(end)
    file.seek(0)
    return file


def _too_many() -> UnusableImage:
    return UnusableImage(f"the picture's file is made of over {PARTS_LIMIT:,} parts; save it again")


def _cut() -> UnusableImage:
    return UnusableImage("the picture is damaged or cut; save it again")
