"""A connection from its opening to its end: one state machine that owns order, deadlines, back-pressure and the end.

Bytes become requests in parser.py, a request becomes an answer in lane.py or exchange.py, and what is written leaves
by wire.py. One request is read at a time: what a client sends ahead waits unread, most of it in the kernel.
"""

import asyncio
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp
from uvicorn.server import ServerState

from server.web.access import Record
from server.web.deadline import Deadline
from server.web.errors import BodyTimeout, HeaderTimeout, Malformed, RequestError, refusal_of
from server.web.exchange import Exchange, scope_of
from server.web.lane import Lane, Ride
from server.web.pace import Pace
from server.web.parser import Head, Parser
from server.web.response import STATUS_LINES, lines_of, refusal
from server.web.room import Lack
from server.web.terms import Terms
from server.web.wire import Wire

HELD_BYTES = 262_144  # of a body that waits for the lane, which is for small requests
SCARCE_SECONDS = 1.0  # for the header of a connection for which there is hardly room
STOP_SECONDS = 2.0  # that a client may read nothing of its answer, once the service stops
PROBES = frozenset({b"/health", b"/livez", b"/readyz", b"/metrics"})  # are answered where there is hardly room


class Stage:
    """What is awaited of the client. All have a deadline but ANSWER, where it is the service that is awaited.

    It is no Enum, whose members take six times as long to look up.
    """

    IDLE = "a request"
    HEADER = "the rest of its header"
    BODY = "the rest of its body; the answer may have begun, or be whole"
    ANSWER = "nothing: the request is whole, or will never be, and the answer is under way"
    LINGER = "that it sees the end: the last answer is written, and what still comes is dropped"
    CLOSING = "that it reads what is written"


class Connection:
    """One connection. What is written to it waits in its wire, which has a deadline of its own in every stage."""

    def __init__(
        self,
        application: ASGIApp,
        server: ServerState,
        state: dict[str, Any],
        terms: Terms,
        wire: Wire,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.client = wire.client[0] if wire.client is not None else "-"
        self.has_asked = False  # for anything yet
        self._application = application
        self._server = server
        self._state = state
        self._terms = terms
        self._lane: Lane | None = None  # that the last request is offered to
        self._settings = terms.settings
        self._wire = wire
        self._loop = loop
        self._parser = Parser(self._settings)
        self._deadline = Deadline(loop, self._be_late)
        self._stage = Stage.HEADER
        self._input, self._at = b"", 0  # what came, and how far it was parsed
        self._has_end = False  # the client sends nothing more; it may still read
        self._is_last = False  # the answer that is under way, or the next
        self._lack: Lack | None = None  # why it is not welcome
        self._defaults: list[tuple[bytes, bytes]] = []
        self._default_lines = b""
        self._forget_request()

    def _forget_request(self) -> None:
        self._exchange: Exchange | None = None
        self._ride: Ride | None = None
        self._held: Head | None = None  # a request that waits for its body, to be offered to the lane
        self._has_answer = False  # it has begun: nothing is wanted of a body that still comes
        self._is_answered = False  # it is whole
        self._drops = False  # what comes: nobody wants it, and the client shall hear why
        self._pace: Pace | None = None  # of a body that did not come with its header
        self._is_full = False  # the application has enough of the body for now
        self._dropped_bytes = 0

    # What the transport tells.

    def open(self, lack: Lack | None) -> None:
        self._lack = lack
        if lack is not None and lack.is_dire:
            self.refuse(lack.error)
        else:
            self._allow(self._settings.header_seconds if lack is None else SCARCE_SECONDS)

    def receive(self, data: bytes) -> None:
        if self._drops:
            self._dropped_bytes += len(data)
            if self._lack is not None and self._stage is Stage.LINGER:
                self._close()  # what it asked for is read, so that it sees the refusal; its descriptor is wanted
            elif self._dropped_bytes > self._settings.unread_limit_bytes:
                self._be_late()
            if self._stage is not Stage.BODY:
                return
        self._input = self._input[self._at :] + data if self._input else data
        self._at = 0
        if self._stage is Stage.ANSWER:
            self._wire.read(False)
        else:
            self._advance()

    def receive_end(self) -> None:
        """The client sends nothing more. Whether it is gone only writing to it can tell."""
        self._has_end = True
        if self._stage is Stage.BODY and self._has_answer and not self._is_answered:
            self._cut(Malformed("the request's body ended before its end"))
        elif self._stage is Stage.ANSWER:
            self._is_last = True
        else:
            self._close()

    def pause_writing(self) -> None:
        self._wire.pause()

    def resume_writing(self) -> None:
        self._wire.resume()
        if self._stage is Stage.ANSWER and self._is_answered:
            self._go_idle()

    def lose(self) -> None:
        self._stage = Stage.CLOSING
        self._deadline.cancel()
        self._wire.release()
        self._parser.close()
        if self._held is not None:
            self._start(self._held)
        if self._exchange is not None:
            self._exchange.leave()
        if self._ride is not None:
            self._ride.leave()

    def stop(self) -> None:
        """The service stops: end now, or after the answer that is under way."""
        self._wire.hurry(STOP_SECONDS)
        if self._held is not None:
            self._start(self._held)  # as a task, which hears of the end of the grace
        if self._stage in (Stage.BODY, Stage.ANSWER) and not self._is_answered:
            self._is_last = True
        elif self._stage is not Stage.LINGER:
            self._close()

    # What a ride or an exchange asks for.

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        if self._stage is Stage.CLOSING:
            return
        keep_alive = not (self._is_last or self._terms.stopping.is_set())
        end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
        self._wire.write(b"".join((STATUS_LINES[status], self.default_lines, headers, end, body)))
        self.end_answer(keep_alive)

    @property
    def default_lines(self) -> bytes:
        if self._server.default_headers is not self._defaults:  # uvicorn makes a new Date each second
            self._defaults = self._server.default_headers
            self._default_lines = lines_of(self._defaults)
        return self._default_lines

    def write(self, data: bytes) -> None:
        self._wire.write(data)

    async def writable(self) -> None:
        await self._wire.writable()

    def want_body(self, want: bool) -> None:
        if want is not self._is_full or self._pace is None:
            return
        self._is_full = not want
        if not want:
            self._pace.hold(self._loop.time())
            self._deadline.clear()
            self._wire.read(False)
        elif self._stage is Stage.BODY:
            self._deadline.set(self._pace.go_on(self._loop.time()))
            self._loop.call_soon(self._go_on)

    def begin_answer(self, keep_alive: bool) -> bool:
        self._has_answer = True
        if self._stage is Stage.BODY:
            self._drops, self._is_full = True, False
            self._parser.take_body()
            self._allow(self._settings.unread_seconds)
            self._loop.call_soon(self._go_on)
        return keep_alive and not (self._is_last or self._terms.stopping.is_set())

    def end_answer(self, keep_alive: bool) -> None:
        self._server.total_requests += 1
        self._exchange = self._ride = None
        self._is_answered = True
        if not keep_alive or self._is_last:
            self._end()
        elif self._stage is Stage.ANSWER:
            self._go_idle()

    def refuse(self, error: RequestError) -> None:
        """Answer with an error where no application does, and end."""
        parser, terms = self._parser, self._terms
        request_id = terms.ids.of(dict(parser.headers))
        record = Record(parser.method, parser.url or b"-", "none", request_id, perf_counter(), client=self.client)
        record.status = refusal_of(error).status
        terms.log.add(record)
        self._wire.write(refusal(error, self.default_lines, request_id))
        self._drops = self._stage is not Stage.ANSWER
        self.end_answer(False)

    def break_off(self) -> None:
        self._close()

    # What moves it on.

    def _advance(self) -> None:
        """Read on in what is here, to the end of one request at most."""
        parser = self._parser
        try:
            self._at = parser.feed(self._input, self._at)
        except RequestError as error:
            if self._stage is Stage.BODY:
                self._cut(error)
            else:
                self.refuse(error)
            return
        if self._at == len(self._input):
            self._input, self._at = b"", 0
        if parser.head is None:
            if self._stage is Stage.IDLE:
                self._stage = Stage.HEADER
                self._allow(self._settings.header_seconds)
        elif self._stage is Stage.BODY:
            self._take_body()
        else:
            self._begin(parser.head)
        if self._input:
            self._wire.read(False)
            if self._stage is Stage.BODY:
                self._loop.call_soon(self._go_on)
        elif not (self._is_full or self._wire.is_reading):
            self._wire.read(True)

    def _go_on(self) -> None:
        """Come back to what is here of a body, after the others had their turn."""
        if self._stage is Stage.BODY and not self._is_full:
            if self._input:
                self._advance()
            else:
                self._wire.read(True)

    def _begin(self, head: Head) -> None:
        """Begin with a request, whose header is here, and maybe more."""
        self._stage = Stage.BODY
        self.has_asked = True
        if self._lack is not None:
            if head.url.partition(b"?")[0] not in PROBES:
                if self._parser.whole:
                    self._stage = Stage.ANSWER
                self.refuse(self._lack.error)
                return
            self._is_last = True
        self._lane = self._terms.lanes.get(head.url)
        if self._lane is not None and _is_plain(head):
            if self._parser.whole:  # as most are
                self._stage = Stage.ANSWER
                self._deadline.clear()
                self._offer(head, self._parser.finish())
                return
            self._held = head
            self._take_body()
        elif self._start(head):
            self._take_body()

    def _start(self, head: Head) -> bool:
        """Let the application answer a request; whether it can."""
        self._held = None
        try:
            scope = scope_of(head, self._wire, self._state)
        except Malformed as error:
            self.refuse(error)
            return False
        self._exchange = Exchange(self, scope, head)
        task = self._loop.create_task(self._exchange.run(self._application))
        task.add_done_callback(self._server.tasks.discard)
        self._server.tasks.add(task)
        return True

    def _take_body(self) -> None:
        """Pass on what is here of the body; at its end it is the service that is awaited."""
        parser, whole = self._parser, self._parser.whole
        if whole:
            self._stage = Stage.ANSWER
            self._drops = False
            self._deadline.clear()
        elif not self._has_answer:
            self._await_body(parser.body_bytes)
        if self._held is not None and not whole:
            return
        body = parser.finish() if whole else parser.take_body()
        if self._held is not None:
            self._offer(self._held, body)
        elif self._exchange is not None:
            self._exchange.add(body, whole)
        elif whole:
            self._go_idle()

    def _await_body(self, brought_bytes: int) -> None:
        now = self._loop.time()
        if self._pace is None:
            self._pace = Pace(now, self._settings.body_silence_seconds, self._settings.pace_limit_bytes)
            self._deadline.set(self._pace.deadline(now))
        moment = self._pace.after(brought_bytes, now)
        if moment is not None:
            self._deadline.set(moment)

    def _offer(self, head: Head, body: bytes) -> None:
        """Offer a request to the lane, or else let the application answer it."""
        assert self._lane is not None
        self._held = None
        self._ride = self._lane.take(self, head.fields, body)
        if self._ride is None and self._start(head) and self._exchange is not None:
            self._exchange.add(body, True)

    def _cut(self, error: RequestError) -> None:
        """Read no more of a body that will never be whole: the connection ends after the answer."""
        self._drops = self._is_last = True
        self._stage = Stage.ANSWER
        self._input = b""
        self._deadline.clear()
        self._wire.read(False)
        if self._held is not None:
            self._start(self._held)
        if self._is_answered:
            self._close()
        elif self._exchange is not None:
            self._exchange.fail(error)

    def _go_idle(self) -> None:
        """The answer is whole and so was its request: on to the next, if the client reads what it was answered."""
        if self._wire.behind is not None:
            return
        self._forget_request()
        self._stage = Stage.IDLE
        if self._input:
            self._advance()
        elif self._has_end:
            self._close()
        else:
            self._deadline.set(self._loop.time() + self._settings.idle_seconds)
            if not self._wire.is_reading:
                self._wire.read(True)

    def _end(self) -> None:
        """The last answer is written; a client that may still be sending is let to finish, so that it hears it."""
        may_send = self._drops or self._stage is Stage.BODY or self._input
        self._drops, self._input = True, b""
        if self._has_end or not may_send:
            self._close()
            return
        self._stage = Stage.LINGER
        self._allow(self._settings.unread_seconds if self._lack is None else SCARCE_SECONDS)
        self._wire.finish()
        self._wire.read(True)

    def _close(self) -> None:
        self._stage = Stage.CLOSING
        self._drops = True
        self._deadline.clear()
        self._wire.close()

    def _allow(self, seconds: float) -> None:
        """So much time for this stage, whatever comes meanwhile."""
        self._deadline.set(self._loop.time() + seconds)

    def _be_late(self) -> None:
        if self._stage is Stage.HEADER:
            late = HeaderTimeout("the request's header took too long to arrive")
            self.refuse(late if self._lack is None else self._lack.error)
        elif self._stage is Stage.BODY:
            self._cut(BodyTimeout("the request's body took too long to arrive; send it faster or in smaller pieces"))
        elif self._stage is not Stage.ANSWER:
            self._close()


def _is_plain(head: Head) -> bool:
    """Whether a request is small, and nothing about it needs more than a simple answer."""
    length = head.fields.get(b"content-length")
    return (
        head.method == b"POST"
        and length is not None
        and int(length) <= HELD_BYTES
        and head.version == "1.1"
        and head.keep_alive
        and b"expect" not in head.fields
    )
