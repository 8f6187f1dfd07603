"""uvicorn's HTTP protocol with what it lacks: a deadline for headers, our error shape for what is no HTTP, an answer to
requests that offer another protocol, a lane past the task for requests that need none, and no timer for each request.
"""

import asyncio
import json
import math
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from server.machine import descriptors
from server.web.errors import Busy, HeaderTimeout, Malformed, MethodNotAllowed, RequestError, refusal_of
from server.web.headers import SECURITY
from server.web.lane import Lane, Ride

HEADER_SECONDS = 10.0  # from the first byte of a request, or the connection's opening, to the end of its header
HELD_SECONDS = 0.05  # how long a request is held back for its body: a client that sends it apart sends it at once
HELD_BYTES = 262_144  # a lane is for small requests
SCARCE_SECONDS = 1.0  # for a whole request, where descriptors run out
PROBES = frozenset({b"/health", b"/livez", b"/readyz", b"/metrics"})  # are answered then as well


class Protocol(HttpToolsProtocol):
    """One connection. A connection that does not send a whole header in time is answered 408 and closed.

    A plain POST to the lane's path is held back until its body is here and then offered to the lane. If the body is
    late or large, or the lane does not take the request, uvicorn gets it as if nothing had happened.

    A connection with one of the last descriptors (descriptors.py) is for one request: a probe, or else it hears 503.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lane: Lane | None = getattr(self.app, "lane", None)
        self._lane_path = self._lane.path if self._lane is not None else None
        self._deadline: asyncio.TimerHandle | None = None
        self._in_header = False
        self._held: dict[bytes, bytes] | None = None  # the header of the request that is held back
        self._held_body = b""
        self._held_timer: asyncio.TimerHandle | None = None
        self._ride: Ride | None = None  # the last request that the lane took
        self._is_scarce = False  # that its descriptor is one of the last
        self._is_unwelcome = False  # that its request is refused as soon as it is here
        self._idle_since = math.inf  # loop seconds; infinite while a request is under way
        self._defaults: list[tuple[bytes, bytes]] = []
        self._default_lines = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        limit = descriptors.limit()
        left, reserve = limit - transport.get_extra_info("socket").fileno(), descriptors.reserve(limit)
        self._is_scarce = left <= reserve
        if left <= reserve // 4:  # these are for files
            self._refuse(_lack())
            return
        self._deadline = self.loop.call_later(SCARCE_SECONDS if self._is_scarce else HEADER_SECONDS, self._give_up)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._in_header and self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._give_up)
        elif self._held is not None and self._held_timer is None:
            self._held_timer = self.loop.call_later(HELD_SECONDS, self._hand_over)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._held is not None:
            self._hand_over()
        self._cancel_deadline()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)
        if self._ride is not None:
            self._ride.leave()
            self._ride = None

    def shutdown(self) -> None:
        if self._held is not None:
            self._hand_over()
        super().shutdown()

    def on_message_begin(self) -> None:
        self._in_header = True
        # What uvicorn does, but for the ASGI scope, which only a request that is handed over needs.
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():  # `_parse` comes back to this request
            return
        self._in_header = False
        if self._is_scarce and self.url.partition(b"?")[0] not in PROBES:
            self._is_unwelcome = True
            return
        self._cancel_deadline()
        if self.url == self._lane_path and self._is_plain():
            self._held = dict(self.headers)
            if b"content-length" in self._held:
                return
        self._hand_over()

    def on_body(self, body: bytes) -> None:
        if self._is_unwelcome:
            return
        if self._held is None:
            super().on_body(body)
            return
        self._held_body += body
        if len(self._held_body) > HELD_BYTES:
            self._hand_over()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        if self._is_unwelcome:
            self._give_up()
            return
        if self._held is not None and self._lane is not None:
            self._ride = self._lane.take(self, self._held, self._held_body)
            if self._ride is not None:
                self._let_go()
                self.cycle = cast(RequestResponseCycle, self._ride)
                return
            self._hand_over()
        super().on_message_complete()

    def respond(self, status: int, headers: bytes, body: bytes, keep_alive: bool) -> None:
        """Answer the request that the lane took."""
        if self.transport.is_closing():
            return
        if self.server_state.default_headers is not self._defaults:  # uvicorn makes a new Date each second
            self._defaults = self.server_state.default_headers
            self._default_lines = b"".join([b"%b: %b\r\n" % header for header in self._defaults])
        end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], self._default_lines, headers, end, body)))
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        # What uvicorn does, but that the timer of an idle connection is left to run and looks at the time itself.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch_idleness(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch_idleness(min(left, self.timeout_keep_alive))
        else:
            super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence is plain text
        self._refuse(Malformed("the request is not valid HTTP; check its request line and headers"))

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = math.inf

    def _watch_idleness(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _parse(self, data: bytes) -> None:
        """Feed the parser, and ignore every offer to go on in another protocol, as a server may (RFC 9110, 7.8).

        The parser takes an offer for agreed: it stops behind that header, and would read the body as the next request.
        So a new one is given the header without the offer, and then what follows it: the same one would read nothing
        more after an offer with `Connection: close`.
        """
        rest = memoryview(data)
        while rest:
            try:
                self.parser.feed_data(rest)
                return
            except httptools.HttpParserUpgrade as stop:
                rest = rest[stop.args[0] :]
            if self.parser.get_method() == b"CONNECT":
                self._refuse(
                    MethodNotAllowed("this is no proxy: CONNECT is not taken", {"Allow": "GET, HEAD, POST, DELETE"})
                )
                return
            header = self._header_without_offer()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            self.parser.feed_data(header)

    def _header_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _is_plain(self) -> bool:
        """Whether nothing about this request and its connection needs more than a simple answer."""
        parser, before = self.parser, cast("RequestResponseCycle | None", self.cycle)
        return (
            parser.get_method() == b"POST"
            and (before is None or before.response_complete)  # else it is pipelined
            and not self.flow.write_paused
            and not self.expect_100_continue
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
        )

    def _hand_over(self) -> None:
        """Give uvicorn the request, with what is here of its body."""
        url, headers, expects, body = self.url, self.headers, self.expect_100_continue, self._held_body
        self._let_go()
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the list that the scope has
        super().on_headers_complete()
        if self._is_scarce:
            self.cycle.default_headers = [*self.cycle.default_headers, (b"connection", b"close")]
        if body:
            super().on_body(body)

    def _let_go(self) -> None:
        self._held, self._held_body = None, b""
        if self._held_timer is not None:
            self._held_timer.cancel()
            self._held_timer = None

    def _give_up(self) -> None:
        self._cancel_deadline()
        if not self.transport.is_closing():
            late = HeaderTimeout("the request's headers took too long to arrive")
            self._refuse(_lack() if self._is_unwelcome else late)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, error: RequestError) -> None:
        status, code, own = refusal_of(error)
        body = json.dumps({"error": str(error), "code": code}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *SECURITY,
            *((name.lower().encode(), value.encode()) for name, value in own.items()),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)
        self.transport.close()


def _lack() -> Busy:
    return Busy("the service has no file descriptors left for more connections; GET /health says how many it has")
