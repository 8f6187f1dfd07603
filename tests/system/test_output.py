"""The access log on stdout, behind a pipe: no line is missing."""

import re
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.digits import Digits
from tests.live import LiveServer

PATIENCE_SECONDS = 30.0  # a bound for a slow machine
LINE = re.compile(r"\S+Z (GET|POST) \S+ \d{3} \d+\.\d\dms model=\S+ id=\S+\n")


def wait_for_lines(server: LiveServer, number: int, word: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(word in line for line in list(server.access)) < number:
        assert time.monotonic() < deadline, server.access
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_answered_request_is_a_line_at_the_tick_and_at_the_end(
    tmp_path: Path, digits: Digits, workers: int
) -> None:
    with LiveServer(tmp_path, "--workers", str(workers)) as server:
        for position in range(10):
            httpx.get(f"{server.url}/livez?{position}", trust_env=False, timeout=60)  # a connection for any worker
            server.predict(digits.png(position))
        wait_for_lines(server, 10, " POST /predict 200 ")
        for _ in range(10):
            assert server.get("/last").status_code == 404
        server.client.close()
        server.stop(signal.SIGTERM)
        assert sum(" /last 404 " in line for line in server.access) == 10
        assert all(LINE.fullmatch(line) for line in server.access)
