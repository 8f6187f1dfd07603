"""What is long in the JSON of a request, taken out of it by a scan: numbers and texts of tensors.

A JSON parser makes an object of every number, and nothing else of the process runs meanwhile. Numbers that are left as
text are read window by window (numbers.py), and a text of a megabyte is never looked at twice.
"""

import re
from typing import NamedTuple

from server.web.errors import Malformed

LONG_BYTES = 64  # of a text, with its quotes
ID_LIMIT_BYTES = 2048  # of the text behind the name "id", which is no tensor's
PARSED_LIMIT_BYTES = 2**17  # of the JSON that is left, which takes a few milliseconds
QUOTES_LIMIT = 2**14

_COLON = re.compile(rb"[ \t\r\n]*:")
_ARRAY = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*(?=\[)")


class Lifted(NamedTuple):
    """A JSON text with null in place of what was taken out, and that, in order, as it stood there."""

    text: bytes
    found: list[bytes]


def lifted(text: bytes) -> Lifted:
    """Take out arrays behind the name "data" that hold no texts, and long texts; raises Malformed."""
    pieces: list[bytes] = []
    found: list[bytes] = []
    kept = place = quotes = 0
    name = b""  # the text before
    while True:
        opening = text.find(b'"', place)
        if opening < 0:
            break
        closing, passed = _end_of(text, opening)
        quotes += passed
        if quotes > QUOTES_LIMIT:
            raise Malformed(f"the JSON has over {QUOTES_LIMIT:,} texts; send tensors as binary data")
        span = closing, closing
        is_long = closing - opening > (ID_LIMIT_BYTES if name == b'"id"' else LONG_BYTES)
        if is_long and not _COLON.match(text, closing):
            span = opening, closing
        name = text[opening:closing] if closing - opening <= LONG_BYTES else b""
        if name == b'"data"':
            span = _array_behind(text, closing)
        if span[1] > span[0]:
            pieces += (text[kept : span[0]], b"null")
            found.append(text[slice(*span)])
            kept = span[1]
        place = max(closing, span[1])
    pieces.append(text[kept:])
    if sum(map(len, pieces)) > PARSED_LIMIT_BYTES:
        raise Malformed(f"the JSON beside its tensors is longer than {PARSED_LIMIT_BYTES:,} bytes")
    return Lifted(b"".join(pieces), found)


def _end_of(text: bytes, opening: int) -> tuple[int, int]:
    """Where a text ends, behind its closing quote, and how many quotes it has inside, and one."""
    closing = opening
    for quotes in range(1, QUOTES_LIMIT + 2):
        closing = text.find(b'"', closing + 1)
        if closing < 0:
            raise Malformed("the JSON has a text without an end")
        before = text[max(opening + 1, closing - 64) : closing]
        backslashes = len(before) - len(before.rstrip(b"\\"))
        if backslashes == 64:
            raise Malformed("the JSON has a text of backslashes")
        if backslashes % 2 == 0:
            return closing + 1, quotes
    return closing, QUOTES_LIMIT + 1


def _array_behind(text: bytes, start: int) -> tuple[int, int]:
    """Where the array of numbers behind a name begins and ends; nowhere, if there is none."""
    begins = _ARRAY.match(text, start)
    if begins is None:
        return start, start
    quote = text.find(b'"', begins.end())
    reach = len(text) if quote < 0 else quote
    brace = text.find(b"}", begins.end(), reach)
    reach = reach if brace < 0 else brace
    span = begins.end(), text.rfind(b"]", begins.end(), reach) + 1
    if text.count(b"[", *span) != text.count(b"]", *span) or text.find(b"{", *span) >= 0:
        return start, start  # it goes on behind a text or an object, so it is no tensor's
    return span
