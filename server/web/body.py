"""A request's body, read whole within limits of bytes; a large one is never joined on the event loop.

How long it may take is for the connection to say (pace.py).
"""

from collections.abc import Sequence

from starlette.types import Message, Receive, Scope

from server.pictures import mistaken
from server.settings import Settings
from server.web import multipart
from server.web.budget import Share
from server.web.errors import BodyTooLarge, Malformed, UnsupportedBody
from server.web.threads import Threads

PIECE_BYTES = 2**16


class ClientLeft(Exception):
    """The client closed the connection before its request was complete: there is nobody to answer."""


async def read_pieces(scope: Scope, receive: Receive, limit_bytes: int, codings: Sequence[str] = ()) -> list[bytes]:
    """The whole body as it came, after which the scope has in `share` what is held of it.

    It may be compressed by one of `codings`, and then still is.

    Raises BodyTooLarge, BodyTimeout, Malformed (a bad Content-Length), UnsupportedBody (one that is compressed), Busy
    (requests hold too much together) or ClientLeft. No more than the limit and one piece are ever held.
    """
    _check_encoding(scope, codings)
    share: Share = scope["share"]
    declared = scope["headers_by_name"].get(b"content-length")
    if declared is not None:
        if int_of(declared) > limit_bytes:
            raise _too_large(limit_bytes)
        share.check(int_of(declared))
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    share.take(len(body))
    pieces = [body]
    if message.get("more_body", False):
        try:
            await _take_rest(pieces, share, receive, limit_bytes)
        except BaseException:
            pieces.clear()  # the client is listened to for a while
            share.give_back()
            raise
    return pieces


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """The whole of a small body; raises what `read_pieces` raises."""
    return b"".join(await read_pieces(scope, receive, limit_bytes))


async def read_form(scope: Scope, receive: Receive, settings: Settings, threads: Threads) -> list[multipart.Part]:
    """The parts of a multipart form; raises UnsupportedBody for any other body, and what `read_pieces` raises.

    A form that is not small and plain is read by a thread.
    """
    _check_encoding(scope)
    headers: dict[bytes, bytes] = scope["headers_by_name"]
    content_type = headers.get(b"content-type", b"")
    if not multipart.is_form(content_type):
        empty = headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers
        raise UnsupportedBody(
            f"{'no body' if empty else sent(content_type)} was sent; send a form: multipart/form-data, as curl -F does"
        )
    pieces = await read_pieces(scope, receive, settings.body_limit_bytes)
    files_limit = settings.upload_limit_files
    if len(pieces) == 1:
        plain = multipart.plain_files(content_type, pieces[0], files_limit)
        if plain is not None:
            return plain
    with threads.place():
        return await threads.run(lambda: multipart.parts(content_type, whole(pieces), files_limit))


def whole(pieces: list[bytes]) -> bytes:
    """The body in one piece, instead of the others. Joining a large one lets other threads run."""
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    pieces.clear()
    return body


def sent(content_type: bytes, body: bytes | None = None) -> str:
    """What a body is, in words: by its bytes, if they are here, else by its type."""
    if body is not None and not body:
        return "no body"
    what = mistaken.named(body or b"")
    kind = content_type.partition(b";")[0].strip().decode("latin-1").lower()
    if what is None and kind.endswith("json"):
        what = "JSON"
    return what or (f"a body of type {kind[:60]}" if kind else "a body without a Content-Type")


def _check_encoding(scope: Scope, codings: Sequence[str] = ()) -> None:
    coding = scope["headers_by_name"].get(b"content-encoding", b"").strip().decode("latin-1").lower()
    if coding not in ("", "identity", *codings):
        instead = f", or as {' or '.join(codings)}" if codings else ""
        raise UnsupportedBody(
            f"a {coding[:40]}-encoded body was sent; send it as it is, without Content-Encoding{instead}",
            {"Accept-Encoding": ", ".join([*codings, "identity"])},
        )


async def _take_rest(pieces: list[bytes], share: Share, receive: Receive, limit_bytes: int) -> None:
    size, gathered, more = len(pieces[0]), bytearray(), True
    while more:
        message = await _next(receive)
        body = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(body)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        share.take(len(body))
        gathered += body  # many small ones would take more than their bytes
        if len(gathered) >= PIECE_BYTES or not more:
            pieces.append(bytes(gathered))
            gathered.clear()


def int_of(content_length: bytes) -> int:
    """A Content-Length as a number; raises Malformed."""
    if not content_length.isdigit():
        raise Malformed(f"Content-Length is {content_length[:40].decode('latin-1')!r}, not a number of bytes")
    return int(content_length[:20])


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientLeft
    return message


def _too_large(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the request body is larger than {limit_bytes:,} bytes; send less at once")
