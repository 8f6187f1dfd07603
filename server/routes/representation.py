"""What a client is sent of a file: its type, compressed or not, or nothing where it has it already (RFC 9110).

And what it wants to be so before it changes something.
"""

import mimetypes
import re
from pathlib import PurePath

from starlette.requests import Request

from server.web.errors import Malformed

_ETAG = re.compile(r'"[^"]*"')
_EXPECTED = re.compile(r'\s*(?:(?:W/)?"[^"]*"\s*(?:,\s*|$))+')
_STRONG = re.compile(r'(W/)?("[^"]*")')


def media_type(name: str) -> str:
    """The type of a file by its name."""
    # Not left to the machine's own table, which may call a script plain text; nosniff would then stop the page.
    known = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    return known.get(PurePath(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has the file already, by its If-None-Match."""
    sent = ",".join(request.headers.getlist("if-none-match"))
    return sent.strip() == "*" or etag in _ETAG.findall(sent)


def is_expected(request: Request, etag: str | None) -> bool:
    """Whether what is to be changed is as the client saw it, by its If-Match; raises Malformed.

    `etag` is None where there is nothing yet. A weak tag matches none (RFC 9110, 13.1.1).
    """
    lines = request.headers.getlist("if-match")
    sent = ",".join(lines).strip()
    if not lines:
        return True
    if sent == "*":
        return etag is not None
    if not _EXPECTED.fullmatch(sent):
        raise Malformed(f'If-Match: {sent[:40]} must be tags in quotes, such as "7", or *')
    return etag in [tag for weak, tag in _STRONG.findall(sent) if not weak]


def takes_gzip(request: Request) -> bool:
    """Whether the client takes a file compressed, by its Accept-Encoding."""
    return takes(",".join(request.headers.getlist("accept-encoding")), "gzip")


def takes(accept_encoding: str, coding: str) -> bool:
    """Whether a client that says so takes what is compressed by that coding."""
    wishes: dict[str, float] = {}
    for wish in accept_encoding.lower().split(","):
        wished, *parameters = (word.strip() for word in wish.split(";"))
        wishes[wished] = _quality(parameters)
    for name in (coding, f"x-{coding}", "*"):
        if name in wishes:
            return wishes[name] > 0
    return False


def _quality(parameters: list[str]) -> float:
    """The weight of a wish: 1 where it says none, 0 where what it says is none."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
