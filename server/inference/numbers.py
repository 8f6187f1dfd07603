"""An array of numbers as JSON has it, flat or nested, to a tensor of bytes.

What has to be true of all of it is checked at once, and its numbers are read window by window, so that no step keeps
other threads waiting.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

import numpy as np
import orjson
from numpy.typing import NDArray

from server.web.errors import Malformed

WINDOW_BYTES = 2**16  # of text that is looked at in one go
READ_BYTES = 2**13  # of numbers that are read in one go

_BLANKS = b" \t\r\n"
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_DIGITS = b"0123456789"
_WRONG = (b"0[", b"]0", b"[,", b",]", b",,", b"][", b"[]")  # once digits are alike and blanks are gone


def bytes_of(text: bytes, shape: Sequence[int]) -> NDArray[np.uint8]:
    """The tensor of whole numbers from 0 to 255 in an array of that shape, none of its sides 0; raises Malformed."""
    count = prod(shape)
    if 2 * count + 1 > len(text):  # so many digits, and signs between and around them
        raise _misshapen(shape)
    form = _windowed(text, lambda window: window.translate(_DIGITS_ALIKE, _BLANKS))
    if _windowed(form, lambda window: window.translate(None, b"0[],")):
        raise _no_bytes()
    signs = _windowed(form, lambda window: window.translate(None, _DIGITS))
    if signs not in (_signs([count]), _signs(shape)):
        raise _misshapen(shape)
    if any(wrong in form[start : start + WINDOW_BYTES + 1] for start in _starts(form) for wrong in _WRONG):
        raise Malformed("the data of the input image is no JSON array")
    numbers = _windowed(text, lambda window: window.translate(None, b"[]"))
    try:
        read = b"".join(bytes(orjson.loads(b"[%b]" % numbers[start:end])) for start, end in _cuts(numbers))
    except (ValueError, TypeError):
        raise _no_bytes() from None
    return np.frombuffer(read, np.uint8).reshape(shape)


def _signs(shape: Sequence[int]) -> bytes:
    """The brackets and commas of an array of that shape."""
    signs = b""
    for size in reversed(shape):
        signs = b"[%b]" % (b",".join([signs] * size) if signs else b"," * (size - 1))
    return signs


def _windowed(text: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return b"".join([change(text[start : start + WINDOW_BYTES]) for start in _starts(text)])


def _starts(text: bytes) -> range:
    return range(0, len(text), WINDOW_BYTES)


def _cuts(numbers: bytes) -> list[tuple[int, int]]:
    """Spans of numbers with commas between them."""
    places = [-1]
    while (comma := numbers.find(b",", places[-1] + READ_BYTES)) >= 0:
        places.append(comma)
    places.append(len(numbers))
    return [(before + 1, after) for before, after in pairwise(places)]


def _misshapen(shape: Sequence[int]) -> Malformed:
    return Malformed(
        f"the data of the input image is not {prod(shape):,} numbers, flat or nested as its shape {list(shape)} says"
    )


def _no_bytes() -> Malformed:
    return Malformed("the data of the input image is not whole numbers from 0 to 255, as UINT8 says")
