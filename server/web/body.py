"""A request's body, read whole within a limit of bytes and of time."""

import asyncio

from starlette.types import Message, Receive, Scope

from server.pictures import mistaken
from server.settings import Settings
from server.web import multipart
from server.web.errors import BodyTimeout, BodyTooLarge, Malformed, UnsupportedBody

STEADY_BYTES_A_SECOND = 10_000  # of a body that comes slowly, but comes, as from a phone; it has more time
LINGER_SECONDS = 2.0  # how long the rest of a refused body is read and dropped, so that its sender hears the refusal


class ClientLeft(Exception):
    """The client closed the connection before its request was complete: there is nobody to answer."""


async def read_body(scope: Scope, receive: Receive, settings: Settings) -> bytes:
    """The whole body, after which the scope says `body_read`.

    Raises BodyTooLarge, BodyTimeout, Malformed (a bad Content-Length), UnsupportedBody (one that is compressed) or
    ClientLeft. No more than the limit and one piece from the transport are ever held.
    """
    _check_encoding(scope)
    limit_bytes = settings.body_limit_bytes
    declared = scope["headers_by_name"].get(b"content-length")
    if declared is not None and int_of(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    message = await _next(receive, settings.body_timeout_seconds)
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        body = await _rest(receive, body, settings)
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    scope["body_read"] = True
    return body


async def read_form(scope: Scope, receive: Receive, settings: Settings) -> list[multipart.Part]:
    """The parts of a multipart form; raises UnsupportedBody for any other kind of body, and what `read_body` raises."""
    _check_encoding(scope)
    headers: dict[bytes, bytes] = scope["headers_by_name"]
    content_type = headers.get(b"content-type", b"")
    if not multipart.is_form(content_type):
        empty = headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers
        raise UnsupportedBody(
            f"{'no body' if empty else sent(content_type)} was sent; send a form: multipart/form-data, as curl -F does"
        )
    body = await read_body(scope, receive, settings)
    return multipart.parts(content_type, body, settings.upload_limit_files)


def sent(content_type: bytes, body: bytes | None = None) -> str:
    """What a body is, in words: by its bytes, if they are here, else by its type."""
    if body is not None and not body:
        return "no body"
    what = mistaken.named(body or b"")
    kind = content_type.partition(b";")[0].strip().decode("latin-1").lower()
    if what is None and kind.endswith("json"):
        what = "JSON"
    return what or (f"a body of type {kind[:60]}" if kind else "a body without a Content-Type")


def _check_encoding(scope: Scope) -> None:
    coding = scope["headers_by_name"].get(b"content-encoding", b"").strip().decode("latin-1").lower()
    if coding not in ("", "identity"):
        raise UnsupportedBody(
            f"a {coding[:40]}-encoded body was sent; send it as it is, without Content-Encoding",
            {"Accept-Encoding": "identity"},
        )


async def _rest(receive: Receive, first: bytes, settings: Settings) -> bytes:
    pieces, size = [first], len(first)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + settings.body_timeout_seconds
    more = True
    while more:
        message = await _next(receive, deadline + size / STEADY_BYTES_A_SECOND - loop.time())
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > settings.body_limit_bytes:
            raise _too_large(settings.body_limit_bytes)
        more = message.get("more_body", False)
    return b"".join(pieces)


async def linger(receive: Receive) -> None:
    """Read and drop what a client still sends, for a while, after its request was refused."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
                pass
    except TimeoutError:
        pass


def int_of(content_length: bytes) -> int:
    """A Content-Length as a number; raises Malformed."""
    if not content_length.isdigit():
        raise Malformed(f"Content-Length is {content_length[:40].decode('latin-1')!r}, not a number of bytes")
    return int(content_length[:20])


async def _next(receive: Receive, timeout_seconds: float) -> Message:
    try:
        async with asyncio.timeout(timeout_seconds):
            message = await receive()
    except TimeoutError:
        raise BodyTimeout("the request body took too long to arrive; send it faster or in smaller pieces") from None
    if message["type"] == "http.disconnect":
        raise ClientLeft
    return message


def _too_large(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the request body is larger than {limit_bytes:,} bytes; send less at once")
