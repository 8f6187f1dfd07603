"""Whatever is sent, and however it is cut, the answers are those of plain uvicorn to one request at a time."""

from typing import NamedTuple

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.web.protocol import Protocol
from tests.server.web.talk import Asked, Talk, cut, echo, talk


class Answer(NamedTuple):
    status: int
    body: bytes
    closes: bool


class Answers:
    """The answers in what a client received, read by a parser of its own."""

    def __init__(self, received: bytes) -> None:
        self.listed: list[Answer] = []
        self._body = b""
        self._closes = False
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(received)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._closes = self._closes or (name.lower(), value.lower()) == (b"connection", b"close")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        body = self._body if status == 200 else b""  # each words its refusals in its own way
        self.listed.append(Answer(status, body, self._closes))
        self._body, self._closes = b"", False


def ours(pieces: list[bytes]) -> Talk:
    asked: list[Asked] = []
    return talk(pieces, Protocol, echo(asked), asked)


def uvicorns(pieces: list[bytes]) -> Talk:
    asked: list[Asked] = []
    return talk(pieces, HttpToolsProtocol, echo(asked), asked)


def declared(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chunked(body: bytes, size: int, trailer: bytes) -> bytes:
    pieces = [body[place : place + size] for place in range(0, len(body), size)]
    chunks = b"".join(b"%x;e=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n"


bodies = st.binary(max_size=30) | st.sampled_from(
    [b"\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"0\r\n\r\n", b"x" * 300, b"\r\n" * 9, b"GET /b HTTP/1.1\r\n\r\n"]
)
lines = st.sampled_from(
    [b"", b"Host: h\r\n", b"A:\r\nB: c\r\n", b"Connection: keep-alive\r\n", b"x:" + b" y" * 60 + b"\r\n"]
)
starts = st.tuples(
    st.sampled_from([b"", b"", b"\r\n", b"\r\n\r\n\r\n"]),
    st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"QUERY"]),
    st.sampled_from([b"/", b"/predict", b"/a%20b?c=d", b"http://h/x", b"*"]),
).map(lambda parts: b"%b%b %b HTTP/1.1\r\n" % parts)
valid = st.builds(
    lambda start, header, body: start + header + body,
    starts,
    lines,
    st.just(b"\r\n")
    | bodies.map(declared)
    | st.builds(chunked, bodies, st.integers(1, 40), st.sampled_from([b"", b"T: 1\r\n"])),
)
last = st.sampled_from(
    [
        b"",
        b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /last HTTP/1.0\r\n\r\n",
        b"POST /last HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
        b"POST /last HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
    ]
)
broken = st.sampled_from(
    [
        b"nonsense\r\n\r\n",
        b"GET  /  HTTP/1.1 x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\nA: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\n\r\n\r\n",
        b"GET / HTTP/1.1\r\nA b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        b"GET h HTTP/1.1\r\n\r\n",
        b"GET http://h HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(valid, max_size=4), last | broken, st.lists(st.integers(0, 100_000), max_size=10))
def test_answers_and_order_are_those_of_uvicorn(requests: list[bytes], end: bytes, places: list[int]) -> None:
    listed = [*requests, *filter(None, [end])]
    if not listed:
        return
    one_by_one = uvicorns(listed)
    cut_anyhow = ours(cut(b"".join(listed), places))
    assert cut_anyhow.asked == one_by_one.asked
    assert Answers(cut_anyhow.answered).listed == Answers(one_by_one.answered).listed
    assert cut_anyhow.ended == one_by_one.ended
    assert len(Answers(cut_anyhow.answered).listed) == len(listed)


@settings(max_examples=100, deadline=None)
@given(st.lists(valid, min_size=1, max_size=3))
def test_valid_requests_are_answered_in_the_same_bytes(requests: list[bytes]) -> None:
    assert ours(requests).answered == uvicorns(requests).answered


@settings(max_examples=200, deadline=None)
@given(
    st.lists(valid, max_size=2),
    st.sampled_from([b"x\r\n", b"1\r\nab\r\n", b"-1\r\n", b"2\r\nab\n0\n\n", b"2\r\nab\r\n\r\n\r\n"]),
    st.lists(st.integers(0, 100_000), max_size=6),
)
def test_a_body_that_breaks_ends_the_connection_after_the_answers_before_it(
    requests: list[bytes], chunks: bytes, places: list[int]
) -> None:
    asked: list[Asked] = []
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = b"".join(requests) + head + chunks + b"GET /never HTTP/1.1\r\n\r\n"
    told = talk(cut(sent, places), Protocol, echo(asked), asked)
    assert "/never" not in [path for _, path, _ in asked]
    assert len(asked) == len(requests)
    assert told.ended
    assert [answer.status for answer in Answers(told.answered).listed[:-1]] == [200] * len(requests)


def test_a_coding_that_is_not_known_is_refused_before_the_application_is_asked() -> None:
    """uvicorn asks it, and answers 400 meanwhile."""
    told = ours([b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabcde"])
    assert (told.asked, told.ended) == ([], True)
    assert [answer.status for answer in Answers(told.answered).listed] == [400]


@pytest.mark.parametrize("line", [b"GET /a", b"GET /a HTTP/0.9", b"GET /a HTTP/2.0", b"PRI * HTTP/2.0"])
@pytest.mark.parametrize("ends", [b"\r\n\r\n", b"\n\r\n"])
def test_another_version_is_refused_however_it_is_cut(line: bytes, ends: bytes) -> None:
    """The parser takes the line alone for a request of HTTP/0.9, but not where another follows in the same piece."""
    sent = line + ends + b"GET /b HTTP/1.1\r\n\r\n"
    for pieces in ([sent], [sent[at : at + 1] for at in range(len(sent))]):
        told = ours(pieces)
        assert (told.asked, told.ended) == ([], True)
        assert [answer.status for answer in Answers(told.answered).listed] == [400]
