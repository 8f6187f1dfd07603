"""A request's body, read whole within a limit of bytes and of time."""

import asyncio

from starlette.types import Message, Receive

from server.errors import BodyTimeout, BodyTooLarge, Malformed, RequestError

LINGER_SECONDS = 2.0  # how long the rest of a refused body is read and dropped, so that its sender hears the refusal


class ClientLeft(Exception):
    """The client closed the connection before its request was complete: there is nobody to answer."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit_bytes: int, timeout_seconds: float) -> bytes:
    """The whole body. Raises BodyTooLarge, BodyTimeout, Malformed (a bad Content-Length) or ClientLeft.

    No more than `limit_bytes` and one piece from the transport are ever held.
    """
    declared = headers.get(b"content-length")
    if declared is not None and int_of(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    message = await _next(receive, timeout_seconds)
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        return body
    pieces, size = [body], len(body)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_seconds
    while message.get("more_body", False):
        message = await _next(receive, deadline - loop.time())
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit_bytes:
            raise _too_large(limit_bytes)
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
        raise Malformed(f"Content-Length is {content_length[:40]!r}, not a number of bytes")
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


def _too_large(limit_bytes: int) -> RequestError:
    return BodyTooLarge(f"the request body is larger than {limit_bytes:,} bytes; send less at once")
