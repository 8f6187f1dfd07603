"""What a client is sent of a file: its type, compressed or not, or nothing where it has it already (RFC 9110)."""

import mimetypes
import re
from pathlib import PurePath

from starlette.requests import Request

_ETAG = re.compile(r'"[^"]*"')


def media_type(name: str) -> str:
    """The type of a file by its name."""
    # Not left to the machine's own table, which may call a script plain text; nosniff would then stop the page.
    known = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    return known.get(PurePath(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has the file already, by its If-None-Match."""
    sent = ",".join(request.headers.getlist("if-none-match"))
    return sent.strip() == "*" or etag in _ETAG.findall(sent)


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
