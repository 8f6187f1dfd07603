"""Each stage of a connection has a deadline of its own: it comes while all others are far away."""

import asyncio
import time
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tests.server.web.talk import echo
from tests.server.web.test_pressure import GET, Line, Waits, answer, run

SOON = 0.05  # seconds
FAR = dict.fromkeys(("header_seconds", "idle_seconds", "body_silence_seconds", "unread_seconds", "answer_seconds"), 1e3)
POST = b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"
PREDICT = POST.replace(b"/ ", b"/predict ", 1)


def line_of(application: Any = answer, lane: Waits | None = None, **settings: Any) -> Line:
    return Line(application, lane, **(FAR | settings))


def statuses(line: Line) -> list[bytes]:
    return [part[:3] for part in line.wire.written.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    ("setting", "sent", "expected", "ends"),
    [
        ("header_seconds", [], [b"408"], False),
        ("header_seconds", [b"GET / HT"], [b"408"], False),
        ("header_seconds", [GET, b"GET / HT"], [b"200", b"408"], False),
        ("idle_seconds", [GET], [b"200"], True),
        ("body_silence_seconds", [POST], [b"500"], False),  # this application does not know what it is told
        ("body_silence_seconds", [POST + b"x"], [b"500"], False),
        ("unread_seconds", [b"nonsense\r\n\r\n"], [b"400"], True),
    ],
)
def test_a_stage_ends_at_its_deadline(setting: str, sent: list[bytes], expected: list[bytes], ends: bool) -> None:
    async def main() -> None:
        soon: dict[str, Any] = {setting: SOON}
        line = line_of(echo([]), **soon)
        for data in sent:
            await line.send(data)
        await line.until(lambda: statuses(line) == expected and (line.wire.has_ended or not ends))

    run(main)


def test_a_body_that_nobody_reads_has_a_deadline() -> None:
    async def main() -> None:
        line = line_of(unread_seconds=SOON)
        await line.send(POST + b"x")
        await line.until(lambda: line.wire.has_ended)
        assert statuses(line) == [b"200"]

    run(main)


def test_a_body_that_trickles_ends_by_its_pace() -> None:
    async def main() -> None:
        line = line_of(echo([]), body_silence_seconds=0.5, pace_limit_bytes=10**6)
        await line.send(POST)
        for _ in range(90):
            if line.wire.has_ended:
                break
            await line.send(b"x")
            await asyncio.sleep(0.02)
        assert line.wire.has_ended

    run(main)


def test_a_byte_at_every_turn_puts_no_end_off() -> None:
    """What comes while a deadline is judged counts by how much it is."""

    async def main() -> None:
        line, late = line_of(echo([]), body_silence_seconds=SOON, pace_limit_bytes=10**6), time.monotonic() + 10
        await line.send(POST.replace(b"100", b"10000000"))
        while not line.wire.has_ended and time.monotonic() < late:
            line.protocol.data_received(b"x")
            await asyncio.sleep(0)
        assert line.wire.has_ended

    run(main)


def test_of_a_body_that_nobody_reads_few_bytes_are_taken() -> None:
    async def main() -> None:
        line = line_of(unread_limit_bytes=1000)
        await line.send(POST.replace(b"100", b"1000000") + b"x")
        await line.send(b"x" * 900)
        assert not line.wire.has_ended
        await line.send(b"x" * 200)
        assert line.wire.has_ended

    run(main)


@pytest.mark.parametrize("read_bytes", [0, 10])
def test_who_reads_nothing_or_too_little_is_cut_off(read_bytes: int) -> None:
    async def main() -> None:
        line = line_of(answer_seconds=SOON, pace_limit_bytes=10**6)
        line.wire.unread = 10_000
        line.protocol.pause_writing()
        for _ in range(200):
            if line.wire.aborted:
                break
            line.wire.unread -= read_bytes
            await asyncio.sleep(0.01)
        assert line.wire.aborted

    run(main)


def test_a_held_request_whose_body_is_late_is_handed_over() -> None:
    async def main() -> None:
        line = line_of(lane=Waits(), body_silence_seconds=SOON)
        await line.send(PREDICT + b"x")
        await line.until(lambda: statuses(line) == [b"200"])

    run(main)


@pytest.mark.parametrize("end", ["shutdown", "connection_lost"])
def test_a_held_request_hears_of_the_end(end: str) -> None:
    heard: list[str] = []

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(scope["path"])
        heard.append((await receive())["type"])

    async def main() -> None:
        line = line_of(listen, Waits())
        await line.send(PREDICT)
        assert heard == []
        if end == "shutdown":
            line.protocol.shutdown()
            await line.until(lambda: heard == ["/predict"])
        else:
            line.protocol.connection_lost(None)
            await line.until(lambda: heard == ["/predict", "http.disconnect"])

    run(main)


@pytest.mark.parametrize("sent", [b"1;" + b"e" * 3000, b"0\r\nT: " + b"e" * 3000])
def test_what_stands_beside_a_chunked_body_is_bounded(sent: bytes) -> None:
    async def main() -> None:
        line = line_of(echo([]), header_limit_bytes=2000, url_limit_bytes=300)
        await line.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        for place in range(0, len(sent), 100):
            await line.send(sent[place : place + 100])
        await line.until(lambda: line.wire.has_ended)

    run(main)
