"""Each limit of docs/limits.md on a running server: what is below it or at it is taken, and what is above is not."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from server.settings import Settings
from tests.digits import Digits, encoded
from tests.faults.stage import eventually
from tests.live import PLAIN, ROOT, LiveServer
from tests.server.layouts.test_tree import packed
from tests.system.test_bounds import padded
from tests.system.test_connections import LIVEZ, header, rest_of, statuses
from tests.system.test_express import connect, post, read_answer

SECONDS = 1.5  # of every deadline here
FLAGS = {
    "--header-limit-bytes": 2000,
    "--header-limit-lines": 20,
    "--url-limit-bytes": 300,
    "--content-type-limit-bytes": 80,
    "--body-limit-bytes": 50_000,
    "--bodies-limit-bytes": 90_000,
    "--json-limit-bytes": 1000,
    "--unread-limit-bytes": 100_000,
    "--image-limit-pixels": 10_000,
    "--image-limit-bytes": 20_000,
    "--webp-limit-pixels": 400,
    "--upload-limit-files": 9,
    "--zip-limit-files": 8,
    "--zip-limit-bytes": 30_000,
    "--queue-limit": 8,
    "--batch-limit": 8,
    "--header-seconds": SECONDS,
    "--idle-seconds": SECONDS,
    "--body-silence-seconds": SECONDS,
    "--unread-seconds": SECONDS,
    "--answer-seconds": SECONDS,
    "--trainer": "none",
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    flags = [str(each) for pair in FLAGS.items() for each in pair]
    with LiveServer(tmp_path_factory.mktemp("limits"), *flags) as live:
        yield live


def sent(server: LiveServer, request: bytes) -> int:
    with connect(server) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        return read_answer(connection)[0]


def of_files(number: int, path: str) -> Callable[[LiveServer, Digits], int]:
    def ask(server: LiveServer, digits: Digits) -> int:
        parts = [("files", (f"{each}.png", digits.png(each), "image/png")) for each in range(number)]
        labels = {"labels": [str(each) for each in digits.classes[:number]], "source": "correction"}
        answer = server.post(path, files=parts, data=labels if path == "/upload" else {})
        return answer.status_code

    return ask


def of_zip(files: int = 1, size: int = 0) -> Callable[[LiveServer, Digits], int]:
    """An upload of one zip with so many pictures, one of which is made so large that the zip unpacks to `size`."""

    def ask(server: LiveServer, digits: Digits) -> int:
        pictures = {f"{digits.classes[each]}/{each}.png": digits.png(each) for each in range(files)}
        whole = sum(map(len, pictures.values()))
        first = next(iter(pictures))
        pictures[first] += os.urandom(max(0, size - whole))
        return server.post("/upload", files={"files": ("set.zip", packed(pictures))}).status_code

    return ask


def unread(number: int) -> Callable[[LiveServer, Digits], int]:
    """After the answer to a call that reads none of its body: whether the next is answered."""

    def ask(server: LiveServer, _: Digits) -> int:
        with connect(server) as connection:
            head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % number
            connection.sendall(head)
            assert read_answer(connection)[0] == 200
            with contextlib.suppress(OSError):
                connection.sendall(bytes(number))
                time.sleep(0.3)  # until it was passed over
                connection.sendall(LIVEZ)
            return len(statuses(rest_of(connection)))

    return ask


def beside(arrived: int) -> Callable[[LiveServer, Digits], int]:
    """A body of 50,000 bytes while so much of another has come."""

    def ask(server: LiveServer, digits: Digits) -> int:
        with connect(server) as other:
            other.sendall(post(bytes(arrived + 1), path=b"/predict?")[:-1])
            time.sleep(0.3)  # until it has come
            return sent(server, post(padded(50_000, digits), path=b"/predict?"))

    return ask


def raw(request: bytes) -> Callable[[LiveServer, Digits], int]:
    return lambda server, _: sent(server, request)


def body_of(size: int) -> Callable[[LiveServer, Digits], int]:
    return lambda server, digits: sent(server, post(padded(size, digits)))


def picture(width: int, height: int, kind: str = "PNG", mode: str = "L") -> Callable[[LiveServer, Digits], int]:
    """One with a bar in it."""
    pixels = np.full((height, width), 255, np.uint8)
    pixels[height // 5 : -height // 5, width // 2 : width // 2 + 2] = 0
    file = encoded(Image.fromarray(pixels).convert(mode), kind, **({"lossless": True} if kind == "WEBP" else {}))
    return raw(post(file, kind=b"image/" + kind.lower().encode()))


def json(size: int) -> Callable[[LiveServer, Digits], int]:
    return raw(post(b'{"epochs": 0}'.ljust(size), path=b"/retrain", kind=b"application/json"))


# What is below, at and above each, and what becomes of it.
SIZES: dict[str, tuple[list[Callable[[LiveServer, Digits], int]], list[int]]] = {
    "header_limit_bytes": ([raw(header(size)) for size in (1999, 2000, 2001)], [200, 200, 431]),
    "header_limit_lines": ([raw(header(1000, lines)) for lines in (19, 20, 21)], [200, 200, 431]),
    "url_limit_bytes": (
        [raw(b"GET /livez?%b HTTP/1.1\r\n\r\n" % (b"u" * (size - 7))) for size in (299, 300, 301)],
        [200, 200, 414],
    ),
    "content_type_limit_bytes": (
        [raw(post(b"x", kind=b"a/" + b"b" * (size - 2))) for size in (79, 80, 81)],
        [415, 415, 431],
    ),
    "body_limit_bytes": ([body_of(size) for size in (49_999, 50_000, 50_001)], [200, 200, 413]),
    "bodies_limit_bytes": ([beside(size) for size in (39_999, 40_000, 40_001)], [200, 200, 503]),
    "json_limit_bytes": ([json(size) for size in (999, 1000, 1001)], [422, 422, 413]),
    "unread_limit_bytes": ([unread(size) for size in (99_999, 100_000, 100_001)], [1, 1, 0]),
    "image_limit_pixels": ([picture(width, 100) for width in (99, 100, 101)], [200, 200, 413]),
    "image_limit_bytes": ([picture(width, 50, mode="RGB") for width in (99, 100, 101)], [200, 200, 413]),  # 4 a pixel
    "webp_limit_pixels": ([picture(width, 20, "WEBP") for width in (19, 20, 21)], [200, 200, 413]),
    "upload_limit_files": ([of_files(number, "/upload") for number in (8, 9, 10)], [201, 201, 413]),
    "zip_limit_files": ([of_zip(files=number) for number in (7, 8, 9)], [201, 201, 413]),
    "zip_limit_bytes": ([of_zip(size=size) for size in (29_999, 30_000, 30_001)], [201, 201, 413]),
    "queue_limit": ([of_files(number, "/predict/batch") for number in (7, 8, 9)], [200, 200, 503]),
}


@pytest.mark.parametrize("limit", SIZES)
def test_a_size_is_taken_up_to_its_limit(strict: LiveServer, digits: Digits, limit: str) -> None:
    asks, expected = SIZES[limit]
    assert [ask(strict, digits) for ask in asks] == expected


def within(connection: socket.socket, begin: bytes, seconds: float, rest: bytes) -> list[int]:
    """What is answered to a request whose rest comes after so long."""
    connection.sendall(begin)
    time.sleep(seconds)
    with contextlib.suppress(OSError):
        connection.sendall(rest)
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
    return statuses(rest_of(connection))


LONG = post(b"x" * 50, path=b"/predict?", kind=b"text/plain")
PASSED_OVER = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n" + b"x" * 50
# What is sent at once and what after a while, and what is answered if that is in time, and if not.
DEADLINES: dict[str, tuple[bytes, bytes, list[int], list[int]]] = {
    "header_seconds": (LIVEZ[:10], LIVEZ[10:], [200], [408]),
    "idle_seconds": (LIVEZ, LIVEZ, [200, 200], [200]),
    "body_silence_seconds": (LONG[:-20], LONG[-20:], [415], [408]),
    "unread_seconds": (PASSED_OVER[:-20], PASSED_OVER[-20:] + LIVEZ, [200, 200], [200]),
}


@pytest.mark.parametrize("limit", DEADLINES)
def test_a_deadline_is_kept_and_no_earlier(strict: LiveServer, limit: str) -> None:
    begin, rest, in_time, too_late = DEADLINES[limit]
    with connect(strict) as connection:
        assert within(connection, begin, 0.4 * SECONDS, rest) == in_time
    with connect(strict) as connection:
        assert within(connection, begin, 2 * SECONDS, rest) == too_late


@pytest.mark.parametrize(("seconds", "whole"), [(0.4 * SECONDS, True), (2 * SECONDS, False)])
def test_an_answer_waits_so_long_for_its_reader(strict: LiveServer, seconds: float, whole: bool) -> None:
    """Of more answers than the system's buffers take, the last are cut off once nobody has read for the time given."""
    number = 600
    with connect(strict) as connection:
        connection.sendall(LIVEZ.replace(b"/livez", b"/openapi.json") * number)
        connection.shutdown(socket.SHUT_WR)
        if not whole:
            wait_until_full(connection)  # from when on the time counts
        time.sleep(seconds)
        pieces = []
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(2**20):
                pieces.append(piece)
        assert (statuses(b"".join(pieces)) == [200] * number) == whole


def wait_until_full(connection: socket.socket) -> None:
    """Until what has come, and is not read, grows no more."""
    before, unread = 0, 0
    while not unread or before < unread:
        time.sleep(0.5)
        before, unread = unread, int.from_bytes(fcntl.ioctl(connection, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_connections_up_to_their_number(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--connection-limit", "5") as server, contextlib.ExitStack() as stack:
        server.client.close()
        eventually(lambda: "Relearn serves" in "".join(server.log), "the start")
        time.sleep(0.3)  # until the last of those who waited for it is forgotten
        found = []
        for _ in range(6):
            connection = stack.enter_context(connect(server))
            connection.sendall(LIVEZ.replace(b"/livez", b"/models"))
            found.append(read_answer(connection)[0])
        assert found == [200] * 5 + [503]


@pytest.mark.parametrize("seconds", ["0.001", "60"])
def test_images_wait_for_a_thread_so_long(tmp_path: Path, seconds: str) -> None:
    """Eight of them: each takes a tenth of a second to be read, and few are read at once."""
    noise = encoded(Image.effect_noise((2500, 2500), 90), "PNG", compress_level=1)
    with LiveServer(tmp_path, "--queue-timeout-seconds", seconds) as server, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(8)]
        for connection in connections:
            connection.sendall(post(noise))
        found = [read_answer(connection)[0] for connection in connections]
        assert (503 in found) == (seconds == "0.001")


@pytest.mark.parametrize("name", ["drain_seconds", "grace_seconds"])
def test_an_end_takes_so_long(tmp_path: Path, name: str) -> None:
    with LiveServer(tmp_path, f"--{name.replace('_', '-')}", "2") as server:
        body = post(bytes(100), path=b"/predict?", kind=b"text/plain")
        with connect(server) as connection:
            connection.sendall(body[:-50])
            eventually(lambda: server.get("/stats").status_code == 200, "it is under way")
            server.send(signal.SIGTERM)
            begun = time.monotonic()
            if name == "drain_seconds":
                with httpx.Client(base_url=server.url, **PLAIN) as client:
                    eventually(lambda: client.get("/readyz").status_code == 503, "it says so")
                assert server.get("/livez").status_code == 200
                connection.sendall(body[-50:])
                assert read_answer(connection)[0] == 415
            else:
                assert statuses(rest_of(connection)) == [503]
            server.client.close()
            assert server.wait() == 0
            assert 1.8 < time.monotonic() - begun < 20


# Those that have a test of their own, under tests/.
APART = {
    "connection_limit": "system/test_limits.py::test_connections_up_to_their_number",
    "pace_limit_bytes": "system/test_connections.py::test_a_body_slower_than_its_pace_is_not",
    "answer_seconds": "system/test_limits.py::test_an_answer_waits_so_long_for_its_reader",
    "threads_queue_limit": "server/web/test_threads.py"
    "::test_as_many_may_wait_as_the_limit_says_and_one_more_is_refused_at_once",
    "queue_timeout_seconds": "system/test_limits.py::test_images_wait_for_a_thread_so_long",
    "drain_seconds": "system/test_limits.py::test_an_end_takes_so_long",
    "grace_seconds": "system/test_limits.py::test_an_end_takes_so_long",
}


def test_no_limit_is_without_a_test() -> None:
    assert {*SIZES, *DEADLINES, *APART} == Settings().limits.keys()
    for file, name in (each.split("::") for each in APART.values()):
        assert f"def {name}(" in (ROOT / "tests" / file).read_text()
