"""One request and its answer as ASGI has them: what is between a connection (protocol.py) and the application."""

import asyncio
import logging
import urllib.parse
from typing import Any, Protocol

import httptools
from starlette.types import ASGIApp, Message, Scope

from server.web.errors import Busy, Internal, Malformed, RequestError
from server.web.parser import Head
from server.web.response import Start, start
from server.web.wire import Wire

AHEAD_BYTES = 65_536  # of a body that may wait for the application; more is left to the client

logger = logging.getLogger("relearn")


class Connection(Protocol):
    """What an exchange needs of its connection."""

    @property
    def default_lines(self) -> bytes:
        """Header lines that every answer has."""

    def begin_answer(self, keep_alive: bool) -> bool:
        """An answer begins, and no more of the body is wanted; whether the connection goes on after it."""

    def write(self, data: bytes) -> None: ...

    async def writable(self) -> None:
        """Wait while the client is behind with reading."""

    def want_body(self, want: bool) -> None:
        """Whether more of the body may come."""

    def end_answer(self, keep_alive: bool) -> None:
        """The answer is whole."""

    def refuse(self, error: RequestError) -> None:
        """Answer with an error in the application's place."""

    def break_off(self) -> None:
        """Close: an answer has begun that will never be whole."""


class Exchange:
    """One request on its way through the application."""

    def __init__(self, connection: Connection, scope: Scope, head: Head) -> None:
        self._connection = connection
        self._scope = scope
        self._may_go_on = head.keep_alive and head.version != "1.0"  # the connection
        self._waits = head.fields.get(b"expect", b"").lower() == b"100-continue"  # the client, to be told to go on
        self._body: bytes | bytearray = b""  # that the application has not had yet
        self._is_whole = False  # the body
        self._is_told = False  # the application, of the body's end
        self._error: RequestError | None = None  # why it never will be whole
        self._is_gone = False  # the client
        self._changed = asyncio.Event()
        self._start: Start | None = None
        self._unsent = b""  # the header of an answer whose body is sent along with it
        self._answered_bytes = 0
        self._is_done = False

    def add(self, body: bytes, is_whole: bool) -> None:
        """Take more of the body."""
        if not self._body:
            self._body = body  # as most are: whole, and not to be copied
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body) + body
        self._is_whole = is_whole
        if len(self._body) > AHEAD_BYTES and not is_whole:
            self._connection.want_body(False)
        self._changed.set()

    def fail(self, error: RequestError) -> None:
        """The body will never be whole: whoever reads it hears why."""
        self._error = error
        self._changed.set()

    def leave(self) -> None:
        """The client is gone."""
        self._is_gone = True
        self._changed.set()

    async def run(self, application: ASGIApp) -> None:
        """Let the application answer; whatever it does, the connection hears of an end."""
        error: RequestError = Internal("something went wrong inside the service; its log has the details")
        try:
            await application(self._scope, self.receive, self.send)
        except asyncio.CancelledError:
            error = Busy("the service is stopping")
        except Exception:
            logger.exception("the application failed: %s %s", self._scope["method"], self._scope["raw_path"])
        if self._is_done or self._is_gone:
            return
        if self._start is None or self._unsent:
            self._connection.refuse(error)
        else:
            self._connection.break_off()

    async def receive(self) -> Message:
        """More of the body, if any was left when the answer began; then, when it comes to that, the client's leaving.

        Raises BodyTimeout or Malformed for a body that will never be whole.
        """
        if self._waits and self._start is None:
            self._waits = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self._is_gone or self._is_done):
            if self._start is None:
                if self._error is not None:
                    raise self._error
                if self._body or (self._is_whole and not self._is_told):
                    self._is_told = self._is_whole
                    body, self._body = bytes(self._body), b""
                    return {"type": "http.request", "body": body, "more_body": not self._is_whole}
                self._connection.want_body(True)
            await self._changed.wait()
            self._changed.clear()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send the answer on; raises ValueError for one that is none."""
        await self._connection.writable()
        if self._is_gone:
            return
        if self._start is None:
            self._begin(message)
        elif message["type"] != "http.response.body" or self._is_done:
            raise ValueError(f"no {message['type']} can come here")
        else:
            self._go_on(message.get("body", b""), bool(message.get("more_body", False)), self._start)

    def _begin(self, message: Message) -> None:
        if message["type"] != "http.response.start":
            raise ValueError(f"no {message['type']} can come first")
        connection, method = self._connection, self._scope["method"]
        headers = message.get("headers", ())
        # Who was not told to send its body may leave it out; then nobody knows where its next request begins.
        keep_alive = connection.begin_answer(self._may_go_on and (self._is_whole or not self._waits))
        begun = start(message["status"], headers, connection.default_lines, keep_alive, method)
        if begun.length is None:  # it may come in its own time
            connection.write(begun.lines)
        else:
            self._unsent = begun.lines
        self._start = begun

    def _go_on(self, body: bytes, more: bool, begun: Start) -> None:
        if self._scope["method"] == "HEAD":
            body = b""
        elif begun.length is None:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        else:
            self._answered_bytes += len(body)
            if self._answered_bytes > begun.length or (not more and self._answered_bytes < begun.length):
                raise ValueError(f"a body of {begun.length} bytes was announced, and is another")
        if self._unsent or body:
            self._connection.write(self._unsent + body)
            self._unsent = b""
        if not more:
            self._is_done = True
            self._changed.set()
            self._connection.end_answer(begun.keep_alive)


def scope_of(head: Head, wire: Wire, state: dict[str, Any]) -> Scope:
    """The ASGI scope of a request; raises Malformed if its URL is none."""
    try:
        url = httptools.parse_url(head.url)
        path = (url.path or b"").decode("ascii")
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        raise Malformed("the request's URL is none") from None
    if not path:
        raise Malformed("the request's URL has no path; it should begin with /")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": head.version,
        "server": wire.server,
        "client": wire.client,
        "scheme": "http",
        "root_path": "",
        "headers": head.headers,
        "state": state.copy(),
        "method": head.method.decode("ascii"),
        "path": urllib.parse.unquote(path) if "%" in path else path,
        "raw_path": url.path,
        "query_string": url.query or b"",
    }
