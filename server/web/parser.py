"""A connection's bytes as requests: httptools, held to one request at a time and to limits.

It is fed no further than to the end of a header or of a body, so that what a client sent ahead waits as it came. What
is no body is counted while it arrives: httptools joins what comes in pieces, again and again.
"""

from typing import NamedTuple

import httptools

from server.settings import Settings
from server.web.errors import HeaderTooLarge, Malformed, MethodNotAllowed, UrlTooLong

CHUNKED_BYTES = 8192  # of a chunked body that are parsed at a time: of chunks of one byte that takes a millisecond
TURN_BYTES = 4 * CHUNKED_BYTES  # of it in one call of `feed`, after which it is the others' turn
TURN_FEEDS = 64
_END = b"\r\n\r\n"  # of a header, and of a chunked body with its trailer; llhttp takes no other


class Head(NamedTuple):
    """A request's line and header."""

    method: bytes
    url: bytes  # as sent
    version: str
    headers: list[tuple[bytes, bytes]]  # names in lower case
    fields: dict[bytes, bytes]  # the same by name; of several the last
    keep_alive: bool


class Parser:
    """Reads one request after the other: `head` once it is here, `body` as far as it is, and `whole` at its end."""

    def __init__(self, settings: Settings) -> None:
        self._header_bytes_limit = settings.header_limit_bytes
        self._lines_limit = settings.header_limit_lines
        self._url_limit = settings.url_limit_bytes
        self._content_type_limit = settings.content_type_limit_bytes
        # What is smaller can't go beyond any of these: a line has four bytes at least.
        self._unchecked_bytes = min(self._url_limit, self._content_type_limit, 4 * self._lines_limit)
        self._http = httptools.HttpRequestParser(self)
        self.reset()

    def reset(self) -> None:
        """Begin the next request."""
        self.head: Head | None = None
        self.body: bytes | bytearray = b""  # that was not taken yet
        self.body_bytes = 0  # that came in all
        self.whole = False
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self._begun = False
        self._header_bytes = 0
        self._left = 0  # bytes of a body whose length was declared
        self._beside_bytes = 0  # of a chunked body since the last byte that belonged to it
        self._tail = b""  # the last bytes that may be the beginning of an end

    def close(self) -> None:
        """Let go of httptools' parser, which holds this one."""
        del self._http

    def feed(self, data: bytes, at: int) -> int:
        """Read on from a place in `data`, to the end of the request, of `data` or of a turn's work; the place reached.

        Raises Malformed, HeaderTooLarge, UrlTooLong or MethodNotAllowed, after which nothing more can be read.
        """
        try:
            if self.head is None:
                if not (at or self._header_bytes) and len(data) <= self._header_bytes_limit and self._read_all(data):
                    return len(data)
                at = self._read_header(data, at)
            if self.whole or self.head is None or at == len(data):
                return at
            return self._read_declared(data, at) if self._left else self._read_chunks(data, at)
        except httptools.HttpParserError:
            part = "body is not chunked as HTTP has it" if self.head else "line and header are not valid HTTP"
            raise Malformed(f"the request's {part}") from None

    @property
    def method(self) -> str:
        """As far as it is known; - before that."""
        return self._http.get_method().decode() if self.url else "-"

    def take_body(self) -> bytes:
        """What came of the body since the last call."""
        body, self.body = bytes(self.body), b""
        return body

    def finish(self) -> bytes:
        """What came of the body since the last call, of a request that is whole; begin the next."""
        body = bytes(self.body)
        self.reset()
        return body

    def _read_all(self, data: bytes) -> bool:
        """Read a small piece at one go, as most requests come; if it holds more than one, or anything is odd about it,
        nothing was read."""
        try:
            self._http.feed_data(data)
            is_odd = self.head is None and (b"\n\r\n" in data or b"\n\n" in data)  # as the preface of HTTP/2
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            is_odd = True
        if is_odd:
            self._http = httptools.HttpRequestParser(self)
            self.reset()
            return False
        if not self.whole:
            self._tail = data[-3:]
            if self.head is None:
                self._header_bytes = len(data)
            elif self._left:
                self._left -= self.body_bytes
        if len(data) - self.body_bytes > self._unchecked_bytes:
            self._check()
        return True

    def _read_header(self, data: bytes, at: int) -> int:
        if not self._begun and data[at] in b"\r\n":  # blank lines, which httptools skips
            begin = len(data) - len(data[at:].lstrip(b"\r\n"))
            self._header_bytes += begin - at
            at = begin
        end = self._end_of_block(data, at, len(data))
        room = max(self._header_bytes_limit - self._header_bytes, 0)
        self._execute(data[at : min(end, at + room)])
        self._header_bytes += end - at
        self._check()
        if self._header_bytes > self._header_bytes_limit:
            raise HeaderTooLarge(f"the request's header is larger than {self._header_bytes_limit:,} bytes")
        if self.head is None and end > at and not self._tail:  # as at the preface of HTTP/2
            raise Malformed("the request's header ends, and is none of HTTP/1")
        return end

    def _check(self) -> None:
        if len(self.url) > self._url_limit:
            raise UrlTooLong(f"the request's URL is longer than {self._url_limit:,} bytes")
        if len(self.headers) > self._lines_limit:
            raise HeaderTooLarge(f"the request's header has more than {self._lines_limit} lines")
        if self.head is not None and len(self.head.fields.get(b"content-type", b"")) > self._content_type_limit:
            raise HeaderTooLarge(f"the request's Content-Type is longer than {self._content_type_limit:,} bytes")

    def _read_declared(self, data: bytes, at: int) -> int:
        end = min(at + self._left, len(data))
        self._http.feed_data(data[at:end])
        self._left -= end - at
        return end

    def _read_chunks(self, data: bytes, at: int) -> int:
        stop = min(at + TURN_BYTES, len(data))
        for _ in range(TURN_FEEDS):
            end = self._end_of_block(data, at, min(at + CHUNKED_BYTES, stop))
            before = self.body_bytes
            self._http.feed_data(data[at:end])
            self._beside_bytes = 0 if self.body_bytes > before else self._beside_bytes + end - at
            if self._beside_bytes > self._header_bytes_limit:
                raise HeaderTooLarge(f"there are more than {self._header_bytes_limit:,} bytes beside the body's own")
            at = end
            if self.whole or at == stop:
                break
        return at

    def _end_of_block(self, data: bytes, at: int, stop: int) -> int:
        """The place behind the first blank line between two others, which may have begun in an earlier piece."""
        place = (self._tail + data[at : min(at + 3, stop)]).find(_END)
        if place >= 0:
            end = at + place + len(_END) - len(self._tail)
        else:
            end = data.find(_END, at, stop) + len(_END)
            if end < len(_END):
                self._tail = (self._tail + data[max(at, stop - 3) : stop])[-3:]
                return stop
        self._tail = b""
        return end

    def _execute(self, header: bytes) -> None:
        """Feed the parser, and ignore every offer to go on in another protocol, as a server may (RFC 9110, 7.8).

        The parser takes an offer for agreed: it stops behind that header, and would read the body as the next request.
        So a new one is given the header without the offer: the same one would read nothing more after an offer with
        `Connection: close`.
        """
        try:
            self._http.feed_data(header)
            return
        except httptools.HttpParserUpgrade:
            method = self._http.get_method()
        if method == b"CONNECT":
            raise MethodNotAllowed("this is no proxy: CONNECT is not taken", {"Allow": "GET, HEAD, POST, DELETE"})
        lines = [b"%b %b HTTP/%b" % (method, self.url, self._http.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self._begun, self.url, self.headers = False, b"", []
        self._http = httptools.HttpRequestParser(self)
        self._http.feed_data(b"\r\n".join([*lines, b"", b""]))

    # What httptools calls.

    def on_message_begin(self) -> None:
        if self._begun:
            raise AssertionError("httptools was fed beyond the end of a request")
        self._begun = True

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is None:  # else it is a trailer
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        http = self._http
        if http.should_upgrade():  # `_execute` comes back to this request
            return
        version = http.get_http_version()
        if version[0] != "1":  # of HTTP/0.9 a line alone is a request, or is not, by how it is cut
            raise ValueError(version)
        fields = dict(self.headers)
        self._left = int(fields.get(b"content-length", 0))
        self.head = Head(http.get_method(), self.url, version, self.headers, fields, http.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        self.body_bytes += len(body)
        if not self.body:
            self.body = body
            return
        if isinstance(self.body, bytes):
            self.body = bytearray(self.body)
        self.body += body

    def on_message_complete(self) -> None:
        self.whole = not self._http.should_upgrade()
