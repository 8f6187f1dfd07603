"""Neither side of a connection is ahead of the other by more than a little, and each hears when the other is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from server.settings import Settings
from server.web.access import AccessLog, RequestIds
from server.web.connection import HELD_BYTES, STOP_SECONDS
from server.web.exchange import AHEAD_BYTES
from server.web.lane import Connection, Ride
from server.web.protocol import Protocol
from server.web.terms import TERMS, Terms
from tests.server.web.talk import Pipe, settle

GET = b"GET / HTTP/1.1\r\n\r\n"
HEAD = [(b"content-length", b"2")]


class Wire(Pipe):
    """A transport that knows whether it is read from, and how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.aborted = True, False
        self.unread = 0  # bytes that the client has not taken

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def get_write_buffer_size(self) -> int:
        return self.unread

    def abort(self) -> None:
        self.aborted = self.has_ended = True

    def write_eof(self) -> None: ...


class Waits:
    """A lane that answers nothing, and its only ride."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []  # whose requests it took
        self.left = False

    def take(self, connection: Connection, headers: dict[bytes, bytes], body: bytes) -> Ride | None:
        assert headers[b"content-length"] == b"%d" % len(body)
        self.connections.append(connection)
        return self

    def leave(self) -> None:
        self.left = True


class Line:
    """A connection on a wire, with an application behind it."""

    def __init__(self, application: ASGIApp, lane: Waits | None = None, **settings: Any) -> None:
        self.wire, self.server, self.stopping = Wire(), ServerState(), asyncio.Event()
        log = AccessLog(lambda _: (), lambda _: None)
        terms = Terms(Settings(**settings), log, RequestIds("0"), self.stopping, {b"/predict": lane} if lane else {})
        config = Config(application, ws="none", lifespan="off", log_config=None, log_level="critical")
        config.load()
        self.protocol = Protocol(config, self.server, {TERMS: terms}, asyncio.get_running_loop())
        self.protocol.connection_made(self.wire)

    async def send(self, data: bytes) -> None:
        self.protocol.data_received(data)
        await settle(self.wire)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - a wire has no event
                await asyncio.sleep(0.01)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEAD})
    await send({"type": "http.response.body", "body": b"ok"})


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await main()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run(whole())


def test_an_answer_waits_while_its_client_is_behind() -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def main() -> None:
        line = Line(stream)
        line.protocol.pause_writing()
        await line.send(GET)
        assert len(line.wire.written) < 1000
        line.protocol.resume_writing()
        await line.until(lambda: line.wire.written.endswith(b"0\r\n\r\n"))

    run(main)


def test_no_request_is_begun_for_a_client_who_is_behind() -> None:
    asked: list[str] = []

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await answer(scope, receive, send)

    async def main() -> None:
        line = Line(count)
        write = line.wire.write

        def fill(data: bytes | bytearray | memoryview) -> None:
            write(data)
            line.protocol.pause_writing()

        line.wire.write = fill  # type: ignore[method-assign]
        await line.send(GET * 5)
        assert len(asked) == 1
        line.protocol.resume_writing()
        await line.until(lambda: len(asked) == 2)

    run(main)


def test_what_comes_during_an_answer_is_left_in_the_kernel() -> None:
    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        line = Line(wait)
        await line.send(GET)
        assert line.wire.reads
        await line.send(b"x" * 65536)
        assert not line.wire.reads

    run(main)


def test_a_body_that_nobody_asks_for_is_left_in_the_kernel() -> None:
    ask = asyncio.Event()
    got: list[int] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await ask.wait()
        message: dict[str, Any] = {"more_body": True}
        while message["more_body"]:
            message = dict(await receive())
            got.append(len(message["body"]))
        await answer(scope, receive, send)

    async def main() -> None:
        line = Line(slow)
        size = 4 * AHEAD_BYTES
        await line.send(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size)
        sent = 0
        while line.wire.reads and sent < size:
            await line.send(b"x" * 10_000)
            sent += 10_000
        assert AHEAD_BYTES < sent <= AHEAD_BYTES + 10_000
        ask.set()
        await line.until(lambda: line.wire.reads)
        while sent < size:
            await line.until(lambda: line.wire.reads)
            await line.send(b"x" * min(10_000, size - sent))
            sent += min(10_000, size - sent)
        await line.until(lambda: line.wire.written.endswith(b"ok"))
        assert sum(got) == size

    run(main)


def test_a_large_body_is_not_held_for_the_lane() -> None:
    async def main() -> None:
        for size, begun in ((HELD_BYTES, b""), (HELD_BYTES + 1, b"HTTP/1.1 200 OK")):
            lane = Waits()
            line = Line(answer, lane)
            await line.send(b"POST /predict HTTP/1.1\r\nContent-Length: %d\r\n\r\nx" % size)
            assert line.wire.written.startswith(begun)
            assert bool(line.wire.written) == bool(begun)
            assert not lane.connections

    run(main)


def test_who_does_not_read_his_last_answer_is_cut_off() -> None:
    async def main() -> None:
        line = Line(answer, answer_seconds=0.05)
        line.wire.unread = 1000
        await line.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert line.wire.has_ended
        await line.until(lambda: line.wire.aborted)

    run(main)


def test_who_does_not_read_does_not_hold_up_the_end() -> None:
    async def main() -> None:
        line = Line(answer, answer_seconds=1000.0)
        line.protocol.pause_writing()
        line.wire.unread = 1000
        line.protocol.shutdown()
        begun = asyncio.get_running_loop().time()
        await line.until(lambda: line.wire.aborted)
        assert asyncio.get_running_loop().time() - begun >= STOP_SECONDS

    run(main)


@pytest.mark.parametrize("lane", [None, Waits()])
def test_answers_close_once_the_service_stops(lane: Waits | None) -> None:
    async def main() -> None:
        for stops in (False, True):
            line = Line(answer, lane)
            if stops:
                line.stopping.set()
            await line.send(b"POST /predict HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
            if lane is not None:
                lane.connections[-1].respond(200, b"content-length: 2\r\n", b"ok")
            assert (b"connection: close" in line.wire.written) == stops
            assert line.wire.has_ended == stops

    run(main)


def test_an_application_hears_that_its_client_left() -> None:
    heard: list[str] = []

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        while not heard or heard[-1] != "http.disconnect":
            heard.append((await receive())["type"])

    async def main() -> None:
        line = Line(wait)
        await line.send(GET)
        line.protocol.connection_lost(None)
        await line.until(lambda: heard == ["http.request", "http.disconnect"])

    run(main)


def test_the_lane_hears_that_its_client_left() -> None:
    async def main() -> None:
        lane = Waits()
        line = Line(answer, lane)
        await line.send(b"POST /predict HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
        assert (len(lane.connections), lane.left) == (1, False)
        line.protocol.connection_lost(None)
        assert lane.left

    run(main)


def test_who_was_not_told_to_send_his_body_is_not_read_on() -> None:
    async def main() -> None:
        line = Line(answer)
        await line.send(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 18\r\n\r\n")
        assert b"connection: close" in line.wire.written
        before = line.wire.written
        await line.send(GET)
        assert line.wire.written == before

    run(main)


@pytest.mark.parametrize("body", [b"o", b"okk"])
def test_an_answer_of_another_length_is_broken_off(body: bytes) -> None:
    async def lie(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEAD})
        await send({"type": "http.response.body", "body": body})

    async def main() -> None:
        line = Line(lie)
        await line.send(GET)
        assert line.wire.has_ended
        assert not line.wire.written.startswith(b"HTTP/1.1 200")

    run(main)


def test_an_application_that_fails_is_answered_for() -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        line = Line(fail)
        await line.send(GET)
        assert line.wire.written.startswith(b"HTTP/1.1 500 ")

    run(main)
