"""stdout and stderr that lead nowhere: the service serves, and stops as ever."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import PLAIN, ROOT, LiveServer

WAYS = {
    "closed": "exec 0<&- 1>&- 2>&-",
    "stdout closed": "exec 1>&-",
    "no reader": "exec 1> >(exit 0) 2> >(exit 0); wait",
    "a full disk": "exec 1>/dev/full 2>/dev/full",
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long(seconds=2))])
@pytest.mark.parametrize("way", WAYS)
def test_the_service_goes_on_where_nobody_can_read_what_it_says(
    tmp_path: Path, digits: Digits, workers: int, way: str
) -> None:
    port = free_port()
    folders = ("--artifacts", str(tmp_path / "artifacts"), "--data", str(tmp_path / "data"))
    flags = ("--port", str(port), "--workers", str(workers), "--drain-seconds", "0", *folders)
    command = [str(LiveServer.python), "-m", "server", *flags]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("RELEARN_", "PYTHON"))}
    shell = ["bash", "-c", f'{WAYS[way]}; exec "$@"', "bash", *command]
    url = f"http://127.0.0.1:{port}"

    def predict() -> bool:
        try:
            files = {"file": ("a.png", digits.png(0), "image/png")}
            return bool(httpx.post(url + "/predict", files=files, **PLAIN, timeout=60).json()["prediction"] == 7)
        except httpx.TransportError:
            return False

    with subprocess.Popen(shell, cwd=ROOT, env=own, stdin=subprocess.DEVNULL) as process:
        try:
            eventually(predict, "the service")
            assert all(predict() for _ in range(100))
            health = httpx.get(url + "/health", **PLAIN, timeout=60).json()
            assert (health["status"], health["problems"]) == ("healthy", [])
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
    for path in (tmp_path / "artifacts").rglob("*"):  # no line ended in a file that took a free descriptor
        assert path.is_dir() or b" POST /predict 200 " not in path.read_bytes()
