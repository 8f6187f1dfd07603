"""What is long in a message, taken out of it by a scan: the raw contents of its tensors.

A parser copies them, and makes an object of everything else that is sent, whatever it is; nothing else of the process
runs meanwhile. What it is given is therefore short.
"""

from typing import NamedTuple

from server.web.errors import BodyTooLarge, Malformed

RAW = 7  # the number of raw_input_contents
PARSED_LIMIT_BYTES = 2**18  # of the rest, which takes up to 20 milliseconds if it is made for that
FIELDS_LIMIT = 2**10  # on the outermost level
_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5  # of https://protobuf.dev/programming-guides/encoding/


class Lifted(NamedTuple):
    """A message without raw contents, and those, in order."""

    message: bytes
    raw: list[memoryview]


def lifted(message: bytes) -> Lifted:
    """Take the raw contents out of a ModelInferRequest; raises Malformed, or BodyTooLarge."""
    view = memoryview(message)
    kept: list[memoryview] = []
    raw: list[memoryview] = []
    place = 0
    for _ in range(FIELDS_LIMIT):
        if place == len(view):
            break
        start = place
        key, place = _varint(view, place)
        size, kind = 0, key & 7
        if kind == _VARINT:
            _, place = _varint(view, place)
        elif kind == _LENGTH:
            size, place = _varint(view, place)
        elif kind in (_EIGHT, _FOUR):
            size = 8 if kind == _EIGHT else 4
        else:
            raise _malformed()
        if place + size > len(view):
            raise _malformed()
        if kind == _LENGTH and key >> 3 == RAW:
            raw.append(view[place : place + size])
        else:
            kept.append(view[start : place + size])
        place += size
    if place < len(view):
        raise Malformed(f"the message has over {FIELDS_LIMIT:,} fields")
    if sum(map(len, kept)) > PARSED_LIMIT_BYTES:
        raise BodyTooLarge(
            f"the message has over {PARSED_LIMIT_BYTES:,} bytes beside raw_input_contents; send tensors so"
        )
    return Lifted(b"".join(kept), raw)


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    """A number, and the place behind it."""
    number = 0
    for shift, byte in enumerate(view[place : place + 10]):
        number |= (byte & 127) << (7 * shift)
        if byte < 128:
            return number, place + shift + 1
    raise _malformed()


def _malformed() -> Malformed:
    return Malformed("the message is no ModelInferRequest")
