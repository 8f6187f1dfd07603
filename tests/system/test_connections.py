"""A connection has a deadline at every moment, what it may bring is bounded, and its answers come whole, in order."""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.digits import Digits, encoded
from tests.live import PLAIN, LiveServer
from tests.system.test_express import connect, post, read_answer

HEADER_BYTES, HEADER_LINES, URL_BYTES, TYPE_BYTES, UNREAD_BYTES = 2000, 20, 300, 80, 100_000
SECONDS = 1.0  # every deadline of these tests' server
SLACK_SECONDS = 10.0  # a bound for a slow machine
FLAGS = {
    "--header-limit-bytes": HEADER_BYTES,
    "--header-limit-lines": HEADER_LINES,
    "--url-limit-bytes": URL_BYTES,
    "--content-type-limit-bytes": TYPE_BYTES,
    "--unread-limit-bytes": UNREAD_BYTES,
    "--header-seconds": SECONDS,
    "--idle-seconds": SECONDS,
    "--body-silence-seconds": SECONDS,
    "--unread-seconds": SECONDS,
    "--answer-seconds": SECONDS,
    "--pace-limit-bytes": 1000,
    "--trainer": "none",
}
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    flags = [str(each) for pair in FLAGS.items() for each in pair]
    with LiveServer(tmp_path_factory.mktemp("strict"), *flags) as live:
        yield live


def trickle(connection: socket.socket, piece: bytes, seconds: float) -> bytes:
    """Send a piece every so often and for so long, or until the server ends it; all that it answered meanwhile."""
    connection.settimeout(0.05)
    answered, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            data = connection.recv(65536)
            if not data:
                return answered
            answered += data
            continue
        try:
            connection.sendall(piece)
        except OSError:
            return answered
    raise AssertionError(f"still open after {seconds} s: {answered[-200:]!r}")


def rest_of(connection: socket.socket) -> bytes:
    """All that is answered until the end."""
    connection.settimeout(SLACK_SECONDS)
    answered = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            answered += data
    return answered


def statuses(answered: bytes) -> list[int]:
    return [int(part[:3]) for part in answered.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    ("before", "piece", "expected"),
    [
        (b"", b"\r\n", [408]),
        (b"GET", b"", [408]),
        (b"GET /livez HTTP/1.1\r\nX: ", b"a", [408]),
        (LIVEZ, b"\r\n", [200, 408]),
        (LIVEZ, b"", [200]),
        (LIVEZ + b"\r\n", b"", [200]),
        (LIVEZ + b"GET /livez HT", b"", [200, 408]),
        (post(b"x" * 50, path=b"/nothing")[:-40], b"", [404]),
        (post(b"x" * 50)[:-40], b"", [408]),
        (post(b"x" * 50, path=b"/predict?")[:-40], b"", [408]),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n", b"a", [200]),
        (b"POST /predict/batch HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", [415]),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", [408]),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"e", [408]),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: ", b"e", [408]),
    ],
)
def test_no_byte_disarms_a_deadline(strict: LiveServer, before: bytes, piece: bytes, expected: list[int]) -> None:
    with connect(strict) as connection:
        connection.sendall(before)
        begun = time.monotonic()
        answered = trickle(connection, piece, 4 * SECONDS + SLACK_SECONDS)
        assert time.monotonic() - begun > SECONDS / 2
    assert statuses(answered) == expected


def test_a_slow_body_that_comes_on_is_taken(strict: LiveServer, digits: Digits) -> None:
    """For several times as long as a body may be silent."""
    body = digits.png(0) + bytes(6000)
    request = post(body, path=b"/predict?", kind=b"text/plain")
    with connect(strict) as connection:
        connection.sendall(request[: -len(body)])
        for place in range(0, len(body), 400):
            connection.sendall(body[place : place + 400])
            time.sleep(0.2)
        assert read_answer(connection)[0] == 415


def test_a_body_slower_than_its_pace_is_not(strict: LiveServer) -> None:
    request = post(bytes(6000), path=b"/predict?")
    with connect(strict) as connection:
        connection.sendall(request[:-6000])
        assert statuses(trickle(connection, bytes(20), 10 * SECONDS + SLACK_SECONDS)) == [408]


def header(size: int, lines: int = 3) -> bytes:
    """A whole request of so many bytes, in so many lines of header."""
    head = b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * (lines - 1)
    return head + b"x: " + b"y" * (size - len(head) - 7) + b"\r\n\r\n"


LIMITS = {
    "header bytes below": (header(HEADER_BYTES - 1), 200),
    "header bytes at": (header(HEADER_BYTES), 200),
    "header bytes above": (header(HEADER_BYTES + 1), 431),
    "header lines at": (header(1000, HEADER_LINES), 200),
    "header lines above": (header(1000, HEADER_LINES + 1), 431),
    "URL at": (b"GET /livez?%b HTTP/1.1\r\n\r\n" % (b"u" * (URL_BYTES - 7)), 200),
    "URL above": (b"GET /livez?%b HTTP/1.1\r\n\r\n" % (b"u" * (URL_BYTES - 6)), 414),
    "Content-Type at": (post(b"x", kind=b"a/" + b"b" * (TYPE_BYTES - 2)), 415),
    "Content-Type above": (post(b"x", kind=b"a/" + b"b" * (TYPE_BYTES - 1)), 431),
}


@pytest.mark.parametrize("what", LIMITS)
@pytest.mark.parametrize("size", [10**6, 7])
def test_a_header_is_bounded(strict: LiveServer, what: str, size: int) -> None:
    request, expected = LIMITS[what]
    with connect(strict) as connection:
        for place in range(0, len(request), size):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request[place : place + size])
        status, headers, body = read_answer(connection)
        assert (status, "x-request-id" in headers) == (expected, True)
        if status in (414, 431):
            assert json.loads(body)["code"] == {414: "url_too_long", 431: "header_too_large"}[status]
            assert headers["connection"] == "close"


@pytest.mark.parametrize(
    ("begin", "piece", "expected"),
    [
        (b"GET /livez HTTP/1.1\r\nX: ", b"a" * 65536, [431]),
        (b"GET /", b"a" * 65536, [414]),
        (b"", b"\r\n" * 32768, [431]),
        (b"GET /livez HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n", b"a" * 65536, [200]),
        (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n", b"a" * 65536, [404]),
        (b"GET /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 10000, [200]),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"e" * 65536, [431]),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: ", b"e" * 65536, [431]),
        (b"nonsense\r\n\r\n", b"a" * 65536, [400]),
    ],
)
def test_what_nobody_reads_is_bounded(strict: LiveServer, begin: bytes, piece: bytes, expected: list[int]) -> None:
    with connect(strict) as connection:
        connection.settimeout(SLACK_SECONDS)
        sent = 0
        with contextlib.suppress(OSError):
            connection.sendall(begin)
            while sent < 40 * 2**20:
                connection.sendall(piece)
                sent += len(piece)
        assert sent < 40 * 2**20
        received = b""
        with contextlib.suppress(OSError):
            received = rest_of(connection)
    assert statuses(received) in (expected, [])  # a reset may have taken the answer along


def test_what_is_sent_ahead_waits_unread_and_is_answered_in_order(strict: LiveServer, digits: Digits) -> None:
    paths = (b"/predict", b"/predict?", b"/nothing")
    requests = b"".join(post(digits.png(n), path=paths[n % 3]) for n in range(300))
    with connect(strict) as connection:
        connection.sendall(requests + b"nonsense\r\n\r\n")
        answers = [read_answer(connection) for _ in range(301)]
        assert connection.recv(1) == b""
    assert [status for status, _, _ in answers] == [200, 200, 404] * 100 + [400]
    found = [json.loads(body)["prediction"] for status, _, body in answers if status == 200]
    assert found == [int(digits.classes[n]) for n in range(300) if n % 3 < 2]


def send_for_ever(connection: socket.socket, data: bytes) -> None:
    while True:
        connection.sendall(data)


def resident_bytes(pid: int) -> int:
    return 1024 * int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


@pytest.mark.parametrize("request_", [LIVEZ, post(b"x"), post(b"x", path=b"/predict?")], ids=["get", "lane", "long"])
def test_who_never_reads_is_closed_and_costs_little(strict: LiveServer, request_: bytes) -> None:
    before = resident_bytes(strict.pid)
    with connect(strict) as connection:
        connection.settimeout(SLACK_SECONDS)
        with pytest.raises(ConnectionError):
            send_for_ever(connection, request_ * 500)
    assert resident_bytes(strict.pid) - before < 20 * 2**20
    assert strict.get("/livez").status_code == 200


def open_job(server: LiveServer) -> str:
    server.post("/retrain", json={"force": True})
    return str(server.get("/retrain/jobs").json()["jobs"][0]["job"])


@pytest.mark.parametrize("ahead", [b"nonsense\r\n\r\n", b"GET /livez HT", LIVEZ[:-2] + b"X: " + b"a" * 5000, b"\r\n"])
def test_nothing_is_written_into_an_event_stream(strict: LiveServer, ahead: bytes) -> None:
    job = open_job(strict)
    with connect(strict) as connection:
        connection.sendall(f"GET /retrain/jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + ahead)
        time.sleep(1.5 * SECONDS)
        assert strict.client.delete(f"{strict.url}/retrain/jobs/{job}").status_code == 202
        stream, _, after = rest_of(connection).partition(b"0\r\n\r\n")
    assert stream.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"event: result" in stream
    assert b"HTTP/1.1 4" not in stream
    assert statuses(after) in ([400], [408], [431], [])


@pytest.mark.parametrize(
    "ahead", [b"nonsense\r\n\r\n", b"GET /livez HT", b"\r\n"], ids=["nonsense", "half a header", "a blank line"]
)
def test_nothing_stands_in_for_a_waiting_answer(tmp_path: Path, ahead: bytes) -> None:
    with LiveServer(tmp_path, "--header-seconds", "1", "--trainer", "none") as server, connect(server) as connection:
        wait = post(b'{"force": true}', path=b"/retrain?wait=true", kind=b"application/json")
        connection.sendall(wait)
        time.sleep(0.2)
        connection.sendall(ahead)
        time.sleep(1.5)
        job = server.get("/retrain/jobs").json()["jobs"][0]["job"]
        server.client.delete(f"{server.url}/retrain/jobs/{job}")
        answered = rest_of(connection)
    assert statuses(answered)[0] == 409
    assert b"cancelled" in answered.split(b"HTTP/1.1 ")[1]


def test_who_has_sent_all_and_said_so_has_its_answer(strict: LiveServer, digits: Digits) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="%b"; filename="a.png"\r\n\r\n%b\r\n%b--b--\r\n'
    label = b'--b\r\nContent-Disposition: form-data; name="labels"\r\n\r\n%d\r\n' % digits.classes[0]
    kind = b"multipart/form-data; boundary=b"
    ways = {
        "lane": (post(digits.png(0)), 200),
        "long": (post(digits.png(0), path=b"/predict?include=input"), 200),
        "batch": (post(form % (b"files", digits.png(0), b""), path=b"/predict/batch", kind=kind), 200),
        "upload": (post(form % (b"files", digits.png(0), label), path=b"/upload", kind=kind), 201),
        "jpeg": (post(jpeg(digits)), 200),
        "get": (LIVEZ, 200),
        "ahead": (post(digits.png(0)) * 2 + LIVEZ, 200),
    }
    for way, (request, status) in ways.items():
        for _ in range(5):
            with connect(strict) as connection:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                answered = rest_of(connection)
            assert statuses(answered) == [status] * (3 if way == "ahead" else 1), way


def jpeg(digits: Digits) -> bytes:
    return encoded(Image.fromarray(digits.images[0]).resize((640, 640)), "JPEG")


def test_who_has_said_so_hears_of_events_to_their_end(strict: LiveServer) -> None:
    job = open_job(strict)
    with connect(strict) as connection:
        connection.sendall(f"GET /retrain/jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        strict.client.delete(f"{strict.url}/retrain/jobs/{job}")
        answered = rest_of(connection)
    assert b"event: result" in answered
    assert answered.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET /livez HTTP/1.1\r\nX: " + b"a" * 3000])
def test_what_is_no_request_has_its_line_and_its_count(strict: LiveServer, request_: bytes) -> None:
    with connect(strict) as connection:
        connection.sendall(request_)
        status, headers, _ = read_answer(connection)
    text = strict.get("/metrics").text
    deadline = time.monotonic() + SLACK_SECONDS
    while not (lines := [line for line in strict.access if line.rstrip().endswith("id=" + headers["x-request-id"])]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert f" {status} " in lines[0]
    assert " client=127.0.0.1 " in lines[0]
    assert f'route="none",status="{status}"' in text


def test_beyond_their_number_connections_are_refused_and_probes_answered(tmp_path: Path) -> None:
    limit = 20
    with LiveServer(tmp_path, "--connection-limit", str(limit)) as server, contextlib.ExitStack() as stack:
        server.client.close()
        server.client = type(server.client)(timeout=60, **PLAIN)
        kept = [stack.enter_context(connect(server)) for _ in range(limit)]
        for each in kept:
            each.sendall(LIVEZ.replace(b"/livez", b"/models"))
            assert read_answer(each)[0] == 200
        for path, status in ((b"/models", 503), (b"/livez", 200), (b"/health", 200)):
            with connect(server) as connection:
                connection.sendall(LIVEZ.replace(b"/livez", path))
                answer = read_answer(connection)
                assert (answer[0], answer[1]["connection"]) == (status, "close")
        kept.pop().close()
        deadline = time.monotonic() + SLACK_SECONDS
        while server.get("/models").status_code != 200:
            assert time.monotonic() < deadline


@pytest.mark.parametrize("path", ["/predict", "/predict?", "/livez", "events"])
def test_who_does_not_read_does_not_hold_up_the_end(tmp_path: Path, digits: Digits, path: str) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--grace-seconds", "90") as server, connect(server) as connection:
        if path == "events":
            request = f"GET /retrain/jobs/{open_job(server)}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        else:
            request = LIVEZ if path == "/livez" else post(digits.png(0), path=path.encode())
        connection.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            for _ in range(1 if path == "events" else 10**6):
                connection.sendall(request * 100 if path != "events" else request)
        server.client.close()
        begun = time.monotonic()
        code = server.stop(signal.SIGTERM)
        assert time.monotonic() - begun < 60  # the grace is 90
        assert code == 0
        assert "Traceback" not in "".join(server.log)


def test_a_body_that_stays_away_ends_with_the_grace_and_without_a_traceback(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--grace-seconds", "1") as server, connect(server) as connection:
        connection.sendall(post(bytes(100), path=b"/predict?")[:-50])
        time.sleep(0.3)
        server.client.close()
        assert server.stop(signal.SIGTERM) == 0
        assert "Traceback" not in "".join(server.log)
        assert statuses(rest_of(connection)) == [503]


def test_who_hears_the_end_and_stays_is_closed(strict: LiveServer) -> None:
    before = len(os.listdir(f"/proc/{strict.pid}/fd"))  # noqa: PTH208 - the names are of no matter
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(connect(strict))
            connection.sendall(b"nonsense\r\n\r\n")
            assert statuses(rest_of(connection)) == [400]
        deadline = time.monotonic() + SLACK_SECONDS
        while len(os.listdir(f"/proc/{strict.pid}/fd")) >= before + 10:  # noqa: PTH208
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_who_leaves_in_the_middle_of_a_body_has_its_line(strict: LiveServer) -> None:
    with connect(strict) as connection:
        connection.sendall(post(b"x" * 50, b"X-Request-ID: left-in-the-middle")[:-40])
    deadline = time.monotonic() + SLACK_SECONDS
    while not (lines := [line for line in strict.access if line.rstrip().endswith("id=left-in-the-middle")]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert " 499 " in lines[0]
