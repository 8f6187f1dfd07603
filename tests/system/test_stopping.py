"""SIGTERM under load: what was accepted is answered, and the process ends."""

import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.digits import Digits
from tests.live import PLAIN, LiveServer
from tests.load import Load


@pytest.mark.parametrize("workers", [1, 2])
def test_no_accepted_request_is_lost_on_sigterm(tmp_path: Path, digits: Digits, workers: int) -> None:
    pngs = [digits.png(position) for position in range(50)]
    with LiveServer(tmp_path, "--workers", str(workers), "--drain-seconds", "0.5") as server:
        with Load(server.url, pngs, clients=16, pause_seconds=0) as load:
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


def test_an_endpoint_that_is_taken_out_late_costs_no_request(tmp_path: Path, digits: Digits) -> None:
    """As in a cluster: new connections come for a while after SIGTERM, and readiness is asked now and then."""
    with LiveServer(tmp_path, "--drain-seconds", "4") as server:
        statuses = []

        def ask() -> None:
            answer = httpx.post(f"{server.url}/predict", content=digits.png(0), timeout=60, **PLAIN)
            statuses.append(answer.status_code)

        ask()
        server.send(signal.SIGTERM)
        sent = time.monotonic()
        while server.get("/readyz").status_code == 200:
            ask()
        while time.monotonic() - sent < 1:  # nobody was told yet
            ask()
        assert server.wait() == 0
        assert time.monotonic() - sent >= 4  # it waited for who comes late
        assert set(statuses) == {200}
        with pytest.raises(httpx.ConnectError):
            ask()


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


def half_a_request(server: LiveServer, path: str, content_type: str) -> socket.socket:
    """A connection on which only the beginning of a body was sent."""
    address = urlsplit(server.url)
    wire = socket.create_connection((address.hostname, address.port), timeout=60)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: 5000\r\n\r\n"
    wire.sendall(head.encode() + b"abc")
    time.sleep(0.5)  # until it is under way; the test holds without
    return wire


BODIES = [
    ("/predict", "image/png"),
    ("/upload", "multipart/form-data; boundary=x"),
    ("/retrain", "application/json"),
]


@pytest.mark.parametrize("workers", [1, 2])
def test_bodies_that_never_become_whole_are_refused_when_the_grace_is_over(tmp_path: Path, workers: int) -> None:
    with LiveServer(tmp_path, "--workers", str(workers), "--grace-seconds", "1") as server:
        wires = [half_a_request(server, *body) for body in BODIES]
        server.send(signal.SIGTERM)
        answers = [b"".join(iter(lambda wire=wire: wire.recv(65536), b"")) for wire in wires]  # type: ignore[misc]
        assert server.wait() == 0
        for wire in wires:
            wire.close()
        server.stop()
    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 503 "] * 3
    assert all(b"stopped before this request was whole" in answer for answer in answers)
    assert "Traceback" not in "".join(server.log)
    assert sum(" 503 " in line for line in server.access) == 3


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.long(seconds=1)), 2])
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_it_and_again_at_once(tmp_path: Path, workers: int, times: int) -> None:
    """In a terminal every process of the group gets it."""
    with LiveServer(tmp_path, "--workers", str(workers), "--grace-seconds", "1" if times == 1 else "60") as server:
        with half_a_request(server, "/upload", "multipart/form-data; boundary=x"):
            os.killpg(server.pid, signal.SIGINT)
            if times == 2:
                time.sleep(0.5)  # two at once are one to the kernel
                os.killpg(server.pid, signal.SIGINT)
            assert server.wait() == (0 if times == 1 else 130)
        server.stop()
    assert "Traceback" not in "".join(server.log)
    assert "died" not in "".join(server.log)


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGINT, 1),
        (signal.SIGTERM, 2),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.long(seconds=3)),
        pytest.param(signal.SIGTERM, 1, marks=pytest.mark.long(seconds=2)),
    ],
)
def test_a_signal_at_any_moment_of_the_start_ends_it_without_a_word(
    tmp_path: Path, number: signal.Signals, workers: int
) -> None:
    for seconds in (0.0, 0.2, 0.6, 1.5):
        server = LiveServer(tmp_path, "--workers", str(workers))
        server.launch()
        while not handles_signals(server.pid):  # before that it is the interpreter who starts
            time.sleep(0.01)
        time.sleep(seconds)  # whatever it does by then
        os.killpg(server.pid, number)
        os.killpg(server.pid, number)
        assert server.stop(number) in (0, 130)
        assert "Traceback" not in "".join(server.log)
        assert "ERROR" not in "".join(server.log)


def handles_signals(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM, by proc(5)."""
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_clients_that_leave_and_pictures_that_are_none_leave_no_traceback(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        for body in BODIES:
            half_a_request(server, *body).close()
        assert server.upload([("a.png", b"none")], ["7"]).status_code == 415
        server.client.close()
        assert server.stop() == 0
    assert "Traceback" not in "".join(server.log)
