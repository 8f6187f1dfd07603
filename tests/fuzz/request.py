"""The HTTP parser: the same requests, or a refusal at the same one, however what is sent is cut."""

from itertools import pairwise

from server.settings import Settings
from server.web.errors import HeaderTooLarge, Malformed, MethodNotAllowed, UrlTooLong
from server.web.parser import Parser

SETTINGS = Settings(
    header_limit_bytes=800, header_limit_lines=12, url_limit_bytes=150, content_type_limit_bytes=100
)  # that a search comes to
CUTS = 8  # bytes in front that say where it is cut
REFUSALS = (HeaderTooLarge, Malformed, MethodNotAllowed, UrlTooLong)
EXAMPLES = (
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\r\n\r\nGET /a%20b?c=d HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    b"CONNECT h:443 HTTP/1.1\r\n\r\n",
    b"GET /" + b"a" * 160 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 14 + b"\r\n",
    b"GET / HTTP/1.1\r\na: " + b"b" * 900 + b"\r\n\r\n",
    b"PUT * HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
)


def seeds() -> list[bytes]:
    return [bytes(range(1, 9)) + example for example in EXAMPLES]


def check(data: bytes) -> None:
    places, sent = data[:CUTS], data[CUTS:]
    if sent:
        assert read(cut(sent, places)) == read([sent])
        assert read([sent[at : at + 1] for at in range(len(sent))]) == read([sent])


def cut(data: bytes, places: bytes) -> list[bytes]:
    """Data in pieces: each place is so many bytes after the one before."""
    ends, at = [0], 0
    for place in places:
        at += place
        if 0 < at < len(data):
            ends.append(at)
    return [data[start:stop] for start, stop in pairwise([*sorted(set(ends)), len(data)])]


def read(pieces: list[bytes]) -> list[object]:
    """The requests in what is sent, and how it ends: with a refusal, or in the midst of one."""
    parser = Parser(SETTINGS)
    found: list[object] = []
    try:
        for piece in pieces:
            at = 0
            while at < len(piece):
                before, at = at, parser.feed(piece, at)
                assert before < at <= len(piece)
                if parser.whole:
                    assert parser.head is not None
                    is_last = not parser.head.keep_alive  # what follows is nobody's business
                    found.append((parser.head, parser.finish()))
                    if is_last:
                        return found
        found.append((parser.head, parser.take_body()))
    except REFUSALS:  # of what is wrong in two ways the one that is met first is told
        found.append("refused")
    parser.close()
    return found
