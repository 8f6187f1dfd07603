"""The express lane and the long way answer alike, and nobody can tell by which of them a request went."""

import json
import re
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import orjson
import pytest

from tests.digits import Digits
from tests.live import LiveServer

Bytes = bytes | bytearray


def connect(server: LiveServer) -> socket.socket:
    address = urlsplit(server.url)
    assert address.hostname is not None
    assert address.port is not None
    connection = socket.create_connection((address.hostname, address.port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def post(body: Bytes, *lines: bytes, path: bytes = b"/predict", kind: bytes = b"image/png") -> bytes:
    head = [b"POST %b HTTP/1.1" % path, b"Host: 127.0.0.1", b"Content-Type: " + kind, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, *lines, b"", bytes(body)])


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer: status, headers, body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1)  # so that nothing of a following answer is taken
        assert piece, data
        data += piece
    lines = data.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    body = b""
    while len(body) < int(headers["content-length"]):
        body += connection.recv(int(headers["content-length"]) - len(body))
    return int(lines[0].split(" ")[1]), headers, body


def ask(server: LiveServer, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
    """One request sent in pieces, each of which the server has when the next is sent."""
    with connect(server) as connection:
        for piece in pieces[:-1]:
            connection.sendall(piece)
            time.sleep(0.12)  # longer than a request is held back for its body
        connection.sendall(pieces[-1])
        return read_answer(connection)


def comparable(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], object]:
    """An answer without what differs from one request to the next."""
    status, headers, body = answer
    changing = ("date", "x-request-id", "server-timing", "content-length", "ratelimit")
    content = json.loads(body) if headers["content-type"] == "application/json" else body
    return status, {name: text for name, text in headers.items() if name not in changing}, content


BODIES: dict[str, Callable[[bytes], bytes]] = {
    "a picture": lambda png: png,
    "a picture cut": lambda png: png[:-9],
    "a picture with a wrong checksum": lambda png: png[:60] + bytes([png[60] ^ 1]) + png[61:],
    "no picture": lambda _: b"hello",
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("kind", [b"image/png", b"application/octet-stream", b"text/plain", b""])
def test_both_ways_answer_alike(server: LiveServer, digits: Digits, what: str, kind: bytes) -> None:
    body = BODIES[what](digits.png(0))
    short = ask(server, post(body, kind=kind))
    long = ask(server, post(body, path=b"/predict?", kind=kind))
    assert comparable(short) == comparable(long)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", short[1]["x-request-id"])
    assert ("server-timing" in short[1]) == ("server-timing" in long[1]) == (short[0] == 200)


INFER = b"/v2/models/digits/infer"
RAW = b"Inference-Header-Content-Length: 0"
ALL = orjson.dumps({"inputs": [{"name": "image", "datatype": "UINT8", "shape": [1, 28, 28, 1], "data": [0] * 784}]})
TENSORS: dict[str, tuple[Callable[[bytes], bytes], tuple[bytes, ...]]] = {
    "a picture": (lambda pixels: pixels, (RAW,)),
    "one that may be packed": (lambda pixels: pixels, (RAW, b"Accept-Encoding: gzip, deflate")),
    "a pixel too few": (lambda pixels: pixels[1:], (RAW,)),
    "two pictures": (lambda pixels: 2 * pixels, (RAW,)),
    "nothing": (lambda _: b"", (RAW,)),
    "no length": (lambda pixels: pixels, ()),
    "a length that is none": (lambda pixels: pixels, (b"Inference-Header-Content-Length: -0",)),
    "JSON": (lambda _: ALL, ()),
    "JSON and nothing behind it": (lambda _: ALL, (b"Inference-Header-Content-Length: %d" % len(ALL),)),
    "a problem, if it is one": (lambda _: b"", (RAW, b"Accept: application/problem+json")),
}


@pytest.mark.parametrize("what", TENSORS)
def test_both_ways_answer_tensors_alike(server: LiveServer, digits: Digits, what: str) -> None:
    make, lines = TENSORS[what]
    body = make(digits.images[0].tobytes())
    short, long = (ask(server, post(body, *lines, path=path)) for path in (INFER, INFER + b"?"))
    assert comparable(short) == comparable(long)
    assert (short[0] == 200) == (what in ("a picture", "one that may be packed") or what.startswith("JSON"))
    assert ("server-timing" in short[1]) == ("server-timing" in long[1]) == (short[0] == 200)


def test_a_body_that_comes_after_its_header_is_the_same_request(server: LiveServer, digits: Digits) -> None:
    request = post(digits.png(0))
    head = request.index(b"\r\n\r\n") + 4
    whole = comparable(ask(server, request))
    assert whole[0] == 200
    assert comparable(ask(server, request[:head], request[head:])) == whole
    assert comparable(ask(server, request[: head + 9], request[head + 9 :])) == whole
    assert comparable(ask(server, request[:7], request[7:])) == whole


def test_pipelined_requests_are_answered_in_order(server: LiveServer, digits: Digits) -> None:
    paths = (b"/predict", b"/predict", b"/livez?", b"/predict", b"/predict?")
    with connect(server) as connection:
        connection.sendall(b"".join(post(digits.png(n), path=path) for n, path in enumerate(paths)))
        answers = [read_answer(connection) for _ in paths]
    assert [status for status, _, _ in answers] == [200, 200, 405, 200, 200]
    found = [json.loads(body)["prediction"] for status, _, body in answers if status == 200]
    assert found == [int(digits.classes[n]) for n in (0, 1, 3, 4)]


def test_an_own_request_id_comes_back(server: LiveServer, digits: Digits) -> None:
    assert ask(server, post(digits.png(0), b"X-Request-ID: mine-1"))[1]["x-request-id"] == "mine-1"
    assert ask(server, post(digits.png(0), b"X-Request-ID: not mine"))[1]["x-request-id"] != "not mine"


def test_a_client_that_asks_for_it_has_its_connection_closed(server: LiveServer, digits: Digits) -> None:
    with connect(server) as connection:
        connection.sendall(post(digits.png(0), b"Connection: close"))
        status, headers, _ = read_answer(connection)
        assert (status, headers["connection"]) == (200, "close")
        assert connection.recv(1) == b""


def test_a_body_over_the_limit_is_refused_on_both_ways(
    tmp_path_factory: pytest.TempPathFactory, digits: Digits
) -> None:
    with LiveServer(tmp_path_factory.mktemp("small"), "--body-limit-bytes", "100") as small:
        short = ask(small, post(digits.png(0)))
        assert short[0] == 413
        assert comparable(short) == comparable(ask(small, post(digits.png(0), path=b"/predict?")))


def test_a_body_that_says_it_is_compressed_is_refused_on_both_ways(server: LiveServer, digits: Digits) -> None:
    for path in (b"/predict", b"/predict?"):
        assert ask(server, post(digits.png(0), b"Content-Encoding: gzip", path=path))[0] == 415
