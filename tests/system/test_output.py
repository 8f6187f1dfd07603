"""The access log on stdout, behind a pipe: no line is missing, and a reader that pauses costs nobody an answer."""

import json
import re
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from server.web.keys import Scope, new_key
from tests.digits import Digits
from tests.live import PLAIN, LiveServer

PATIENCE_SECONDS = 60.0  # a bound for a slow machine
LINE = re.compile(r"\S+Z (GET|POST) \S+ \d{3} \d+\.\d\dms model=\S+ client=127\.0\.0\.1 key=\S+ id=\S+\n")
LOST = re.compile(r"\S+Z (\d+) lines were lost here: they could not be written in time\n")


def wait_for_lines(server: LiveServer, number: int, word: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(word in line for line in list(server.access)) < number:
        assert time.monotonic() < deadline, server.access
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long(seconds=2))])
def test_every_answered_request_is_a_line_at_the_tick_and_at_the_end(
    tmp_path: Path, digits: Digits, workers: int
) -> None:
    with LiveServer(tmp_path, "--workers", str(workers)) as server:
        for position in range(10):
            httpx.get(f"{server.url}/livez?{position}", **PLAIN, timeout=60)  # a connection for any worker
            server.predict(digits.png(position))
        wait_for_lines(server, 10, " POST /predict 200 ")
        for _ in range(10):
            assert server.get("/last").status_code == 404
        server.client.close()
        server.stop(signal.SIGTERM)
        assert sum(" /last 404 " in line for line in server.access) == 10
        assert all(LINE.fullmatch(line) for line in server.access)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long(seconds=2))])
def test_every_line_may_be_json(tmp_path: Path, digits: Digits, workers: int) -> None:
    key, line = new_key("watcher", list(Scope))
    environment = {"RELEARN_KEYS": line, "RELEARN_LOG_FORMAT": "json"}
    with LiveServer(tmp_path, "--workers", str(workers), environment=environment) as server:
        server.predict(digits.png(0))
        assert server.get("/models").status_code == 401
        assert server.get("/models", headers={"X-API-Key": key}).status_code == 200
        assert server.post("/models/0/promote", headers={"X-API-Key": key}, json={}).status_code == 200
        server.client.close()
        server.stop(signal.SIGTERM)
        requests = [json.loads(line) for line in server.access]
        told = {(each["path"], each["status"], each["model"], each["key"]) for each in requests}
        assert {("/predict", 200, "0", "-"), ("/models", 401, "-", "-"), ("/models", 200, "-", "watcher")} <= told
        assert all(each["id"] and each["milliseconds"] > 0 and each["client"] == "127.0.0.1" for each in requests)
        events = [json.loads(line) for line in server.log]
        assert any("by=watcher" in each["message"] for each in events)
        assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, events))
        assert key not in "".join([*server.access, *server.log])


def ask(server: LiveServer, number: int) -> None:
    """So many answered requests with long lines, on one connection."""
    host, port = server.url.removeprefix("http://").split(":")
    request = f"GET /{'x' * 190} HTTP/1.1\r\nHost: {host}\r\nX-Request-ID: {'i' * 64}\r\n\r\n".encode()
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        file = connection.makefile("rb")
        for _ in range(number):
            connection.sendall(request)
            assert file.readline() == b"HTTP/1.1 404 Not Found\r\n"
            length = 0
            while (line := file.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            file.read(length)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long(seconds=2))])
def test_a_reader_that_pauses_stops_nothing_and_is_told_how_many_lines_it_missed(tmp_path: Path, workers: int) -> None:
    asked = 2500 * workers  # lines of over 300 bytes: more than a pipe and what may wait behind it
    with LiveServer(tmp_path, "--workers", str(workers)) as server:
        server.reads_access.clear()
        for _ in range(asked // 250):
            ask(server, 250)
        assert server.get("/livez").status_code == 200
        counted = re.search(r"^relearn_log_lines_lost_total (\S+)$", server.get("/metrics").text, re.MULTILINE)
        assert counted is not None
        assert 0 < float(counted[1]) < asked
        server.reads_access.set()
        wait_for_lines(server, 1, "were lost here")
        server.client.close()
        server.stop()
        told = [match for line in server.access if (match := LOST.fullmatch(line))]
        requests = [line for line in server.access if LINE.fullmatch(line)]
        assert len(told) + len(requests) == len(server.access)
        kept = sum("/xxx" in line for line in requests)
        missed = sum(int(match[1]) for match in told)
        assert missed > 0
        assert asked - 10 <= kept + missed <= asked + 10  # a few others may be among the lost


def test_the_end_does_not_wait_for_a_reader_that_never_comes_back(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        server.reads_access.clear()
        ask(server, 500)
        server.send(signal.SIGTERM)
        assert server.wait() == 0
        server.reads_access.set()
