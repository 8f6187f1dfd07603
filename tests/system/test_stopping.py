"""SIGTERM under load: what was accepted is answered, and the process ends."""

import os
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.digits import Digits
from tests.live import LiveServer
from tests.load import Load


@pytest.mark.parametrize("workers", [1, 2])
def test_no_accepted_request_is_lost_on_sigterm(tmp_path: Path, digits: Digits, workers: int) -> None:
    pngs = [digits.png(position) for position in range(50)]
    with LiveServer(tmp_path, "--workers", str(workers), "--drain-seconds", "0.5") as server:
        with Load(server.url, pngs, clients=16) as load:
            load.wait_for(lambda so_far: len(so_far.replies) > 500)
            server.send(signal.SIGTERM)
            code = server.wait()
        assert code == 0
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        assert all(reply.content["prediction"] == digits.classes[reply.position] for reply in load.replies[:100])


@pytest.mark.parametrize("workers", [1, 2])
def test_who_waits_at_the_door_is_answered(tmp_path: Path, digits: Digits, workers: int) -> None:
    """Connections that the kernel took while the server stood still, with drain_seconds 0: not one is reset."""
    data = digits.png(0)
    head = (
        f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with LiveServer(tmp_path, "--workers", str(workers)) as server:
        address = urlsplit(server.url)
        os.killpg(server.pid, signal.SIGSTOP)
        wires = [socket.create_connection((address.hostname, address.port), timeout=60) for _ in range(40)]
        for wire in wires[:20]:
            wire.sendall(head.encode() + data)
        server.send(signal.SIGTERM)
        os.killpg(server.pid, signal.SIGCONT)
        for wire in wires[20:]:
            wire.sendall(head.encode() + data)
        answers = [b"".join(iter(lambda wire=wire: wire.recv(65536), b"")) for wire in wires]  # type: ignore[misc]
        for wire in wires:
            wire.close()
        assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * 40
        assert server.wait() == 0


def test_it_says_that_it_stops_and_a_second_signal_is_harmless(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--drain-seconds", "3") as server:
        server.send(signal.SIGTERM)
        server.send(signal.SIGTERM)
        while (answer := server.get("/readyz")).status_code == 200:
            pass
        assert answer.json()["error"] == "the service is stopping"
        assert answer.headers["Connection"] == "close"
        assert server.get("/livez").status_code == 200
        assert server.predict(digits.png(0)).json()["prediction"] == 7
        assert server.wait() == 0


def test_a_request_whose_body_is_half_sent_is_finished(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--drain-seconds", "1") as server:
        data = digits.png(0)
        address = urlsplit(server.url)
        head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
        head += f"Content-Length: {len(data)}\r\n\r\n"
        with socket.create_connection((address.hostname, address.port), timeout=30) as wire:
            wire.sendall(head.encode() + data[:50])
            server.send(signal.SIGTERM)
            while server.get("/readyz").status_code == 200:
                pass
            wire.sendall(data[50:])
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"prediction":7' in answer


def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        server.stop(signal.SIGINT)
        assert "Traceback" not in "".join(server.log)
