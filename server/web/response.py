"""An answer's status line and header, as they go to the socket."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from server.web.errors import RequestError, refusal_of
from server.web.headers import SECURITY

Headers = Iterable[tuple[bytes, bytes]]

_NO_NAME = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\"]')
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
STATUS_LINES = {status: b"HTTP/1.1 %d %b\r\n" % (status, _PHRASES.get(status, b"")) for status in range(100, 600)}


class Start(NamedTuple):
    """The beginning of an answer, and how its end is told."""

    lines: bytes
    length: int | None  # bytes of the body; None: in chunks
    keep_alive: bool


def start(status: int, headers: Headers, default_lines: bytes, keep_alive: bool, method: str) -> Start:
    """The beginning of an answer with these headers; raises ValueError for one that can't be sent."""
    lines = [STATUS_LINES[status], default_lines]
    length: int | None = None
    chunked, closes = False, False
    for given, value in headers:
        name = given.lower()
        if _NO_NAME.search(name) or _NO_VALUE.search(value):
            raise ValueError(f"no header can be {name[:60]!r}: {value[:60]!r}")
        if name == b"content-length" and not chunked:
            length = int(value)
        elif name == b"transfer-encoding" and value.lower() == b"chunked":
            length, chunked = None, True
        elif name == b"connection":
            closes = closes or b"close" in value.lower()
        lines += (name, b": ", value, b"\r\n")
    if not keep_alive and not closes:
        lines.append(b"connection: close\r\n")
    if method == "HEAD" or status in (204, 304):
        length = 0
    elif length is None and not chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n")
    return Start(b"".join(lines), length, keep_alive and not closes)


def lines_of(headers: Headers) -> bytes:
    """Headers as lines, each ended."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def refusal(error: RequestError, default_lines: bytes, request_id: str) -> bytes:
    """A whole answer with an error, in the shape that all errors have, after which the connection ends."""
    status, code, own = refusal_of(error)
    body = json.dumps({"error": str(error), "code": code}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *((name.lower().encode(), value.encode()) for name, value in own.items()),
        (b"x-request-id", request_id.encode()),
        *SECURITY,
        (b"connection", b"close"),
    ]
    return STATUS_LINES[status] + default_lines + lines_of(headers) + b"\r\n" + body
