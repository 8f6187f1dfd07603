"""Many connections: as many as the system allows; and when no more can be had, a word instead of a reset."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.digits import Digits
from tests.live import PLAIN, LiveServer

PATIENCE_SECONDS = 60.0  # a bound for a slow machine


@contextlib.contextmanager
def connections(server: LiveServer, number: int) -> Iterator[list[socket.socket]]:
    """So many connections, each of which has had an answer and is kept alive; those that were refused are closed."""
    host, port = server.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        kept = []
        for _ in range(number):
            each = stack.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS))
            each.sendall(f"GET /v2 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = each.recv(65536)
            if answer.startswith(b"HTTP/1.1 200 "):
                kept.append(each)
            else:
                assert answer.startswith(b"HTTP/1.1 503 "), answer
                assert b"descriptors" in answer
        yield kept


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long(seconds=2))])
def test_more_connections_than_the_soft_limit_are_served(tmp_path: Path, digits: Digits, workers: int) -> None:
    flags = ("--workers", str(workers))
    with (
        LiveServer(tmp_path, *flags, descriptors=(1024, 4096)) as server,
        connections(server, 1100 * workers) as kept,
    ):
        assert len(kept) == 1100 * workers
        assert server.predict(digits.png(0)).status_code == 200
        assert server.get("/health").json()["problems"] == []


def test_without_descriptors_probes_are_answered_and_others_refused(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, descriptors=(200, 200)) as server:
        with connections(server, 300) as kept:
            assert 50 < len(kept) < 200
            for path in ("/livez", "/readyz", "/metrics"):
                answer = httpx.get(server.url + path, **PLAIN, timeout=60)
                assert (answer.status_code, answer.headers["Connection"]) == (200, "close")
            health = httpx.get(server.url + "/health", **PLAIN, timeout=60).json()
            assert health["status"] == "degraded"
            assert "of 200 file descriptors are in use" in "".join(health["problems"])
            refused = server.predict(digits.png(0))
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert refused.headers["Connection"] == "close"
            deadline = time.monotonic() + PATIENCE_SECONDS
            while "of 200 file descriptors are in use" not in "".join(server.log):
                assert time.monotonic() < deadline, server.log
                time.sleep(0.02)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while httpx.get(server.url + "/health", **PLAIN, timeout=60).json()["problems"]:
            assert time.monotonic() < deadline
        assert server.predict(digits.png(0)).status_code == 200


def test_connections_that_ask_nothing_hold_no_probe_up(tmp_path: Path) -> None:
    with LiveServer(tmp_path, descriptors=(200, 200)) as server, contextlib.ExitStack() as stack:
        host, port = server.url.removeprefix("http://").split(":")
        for _ in range(400):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(server.url + "/livez", **PLAIN, timeout=10)
                if answer.status_code == 200:
                    break
                assert answer.status_code == 503
            assert time.monotonic() < deadline
