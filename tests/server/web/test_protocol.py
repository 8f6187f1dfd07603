"""A connection on which something else than HTTP/1.1 is offered answers what it answers without the offer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.web.protocol import Protocol
from tests.server.web.talk import Asked, Talk, cut, echo, talk

OFFERS = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
    b"upgrade: websocket\r\nconnection: upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    b"Upgrade: TLS/1.0\r\nConnection: keep-alive, Upgrade\r\n",
    b"Upgrade:\r\nUPGRADE: h2c\r\nConnection: Upgrade\r\n",
    b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n",
)
SMUGGLED = b"POST /smuggled HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"


def exchange(pieces: list[bytes]) -> Talk:
    asked: list[Asked] = []
    return talk(pieces, Protocol, echo(asked), asked)


def framed(method: bytes, path: bytes, body: bytes, chunked: bool, offer: bytes) -> bytes:
    head = b"%b %b HTTP/1.1\r\nHost: h\r\n%b" % (method, path, offer)
    if chunked:
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
    return head + (b"Content-Length: %d\r\n" % len(body) if body else b"") + b"\r\n" + body


requests = st.tuples(
    st.sampled_from([b"POST", b"GET", b"PUT", b"DELETE", b"M-SEARCH"]),
    st.sampled_from([b"/", b"/predict", b"/predict?include=input", b"/a%20b"]),
    st.sampled_from([b"", b"\r\n\r\n", b'{"epochs": 1}', SMUGGLED, SMUGGLED * 3]) | st.binary(max_size=40),
    st.booleans(),
    st.sampled_from([*OFFERS[:-1], b""]),  # not the one that closes
)


@settings(max_examples=300, deadline=None)
@given(st.lists(requests, min_size=1, max_size=4), st.lists(st.integers(0, 10_000), max_size=8))
def test_an_offer_to_upgrade_changes_nothing(
    listed: list[tuple[bytes, bytes, bytes, bool, bytes]], places: list[int]
) -> None:
    offered = b"".join(framed(*request) for request in listed)
    plain = b"".join(framed(*request[:4], b"") for request in listed)
    asked, answered, closed = exchange(cut(offered, places))
    assert (asked, answered, closed) == exchange([plain])
    assert [body for _, _, body in asked] == [request[2] for request in listed]
    assert not closed


@pytest.mark.parametrize("offer", OFFERS)
def test_each_byte_apart_is_the_same_request(offer: bytes) -> None:
    request = framed(b"POST", b"/predict", SMUGGLED, False, offer)
    asked, _, closed = exchange([request[place : place + 1] for place in range(len(request))])
    assert asked == [("POST", "/predict", SMUGGLED)]
    assert closed == (b"close" in offer)


@pytest.mark.parametrize("target", [b"example.com:443", b"/predict", b"http://example.com/"])
def test_a_tunnel_is_refused_and_the_connection_closed(target: bytes) -> None:
    asked, answered, closed = exchange([b"CONNECT " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED])
    assert asked == []
    assert answered.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nallow: " in answered.lower()
    assert b"connection: close\r\n" in answered
    assert closed


def test_an_offer_over_http_1_0_is_ignored() -> None:
    asked, _, closed = exchange(
        [b"POST / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab"]
    )
    assert asked == [("POST", "/", b"ab")]
    assert closed
