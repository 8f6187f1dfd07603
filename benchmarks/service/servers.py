"""The servers under test: started on a free port and a core of their own, watched from outside, and stopped."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.service.client import Address

START_SECONDS = 120.0  # longest wait for a server to answer
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

# The flags that server/__main__.py gives uvicorn.
UVICORN_FLAGS = [
    *("--loop=uvloop", "--http=httptools", "--ws=none", "--interface=asgi3", "--lifespan=on"),
    *("--no-access-log", "--no-proxy-headers", "--no-server-header", "--log-level=warning", "--timeout-keep-alive=75"),
]


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    address: Address
    started: float  # perf_counter seconds at which its process was asked for
    log: Path

    @property
    def processes(self) -> list[int]:
        """The process ids of the server and of its workers."""
        found = [self.process.pid]
        for parent in found:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            found += [int(child) for child in children]
        return found

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        total = 0
        for pid in self.processes:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / _TICKS

    def call(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        """What it answers to JSON; raises HTTPError for a refusal."""
        host, port = self.address
        data = json.dumps(content).encode() if content is not None else None
        request = urllib.request.Request(f"http://{host}:{port}{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                answer: dict[str, Any] = json.loads(response.read())
                return answer
        except urllib.error.HTTPError as error:
            error.add_note(error.read().decode())
            raise

    def resident_bytes(self) -> int:
        """Resident memory of its largest process."""
        return resident_bytes(self.processes)


def resident_bytes(pids: Sequence[int]) -> int:
    """Resident memory of the largest of some processes."""
    return max(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES for pid in pids)


@contextlib.contextmanager
def ours(core: int | None = 0, flags: Sequence[str] = (), folder: Path | None = None) -> Iterator[Server]:
    """Our server with its defaults, keeping what it makes in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        state = folder or Path(made)
        command = [sys.executable, "-m", "server", "--port", "0", "--artifacts", str(state / "artifacts")]
        command += ["--data", str(state / "data"), "--trainer", "none", "--drain-seconds", "0", *flags]
        with _running(command, core) as server:
            yield server


@contextlib.contextmanager
def bare(core: int | None = 0, flags: Sequence[str] = ()) -> Iterator[Server]:
    """The bare application under the same uvicorn."""
    command = [sys.executable, "-m", "uvicorn", "benchmarks.service.bare_app:app", *UVICORN_FLAGS, *flags]
    with _running(command, core) as server:
        yield server


@contextlib.contextmanager
def watched(core: int | None = 0) -> Iterator[Server]:
    """Our application, which says for how long its event loop stood still."""
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        command = [sys.executable, "-m", "uvicorn", "benchmarks.service.watched_app:app", "--factory", *UVICORN_FLAGS]
        folders = {"RELEARN_ARTIFACTS": f"{made}/artifacts", "RELEARN_DATA": f"{made}/data", "RELEARN_TRAINER": "none"}
        with _running([*command, "--http=server.web.protocol:Protocol"], core, folders) as server:
            yield server


@contextlib.contextmanager
def fastapi(python: Path, core: int | None = 0) -> Iterator[Server]:
    """The FastAPI peer, in its own environment, under the same uvicorn."""
    with _running(
        [str(python), "-m", "uvicorn", "benchmarks.service.fastapi_peer:app", *UVICORN_FLAGS], core
    ) as server:
        yield server


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """This process, and what it starts, on one core; None changes nothing."""
    before = os.sched_getaffinity(0)
    if core is not None and len(before) > 1:
        os.sched_setaffinity(0, {sorted(before)[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _running(command: list[str], core: int | None, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as folder:
        log = Path(folder) / "log"
        if "uvicorn" in command:
            command = [*command, "--port", str(_free_port())]
        started = time.perf_counter()
        with log.open("wb") as output, on_core(core):
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | dict(environment or {})
            )
        try:
            yield Server(process, _await_answer(command, process, log), started, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_answer(command: list[str], process: subprocess.Popen[bytes], log: Path) -> Address:
    """Where the server listens, as soon as it has answered."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        port = int(command[-1]) if "uvicorn" in command else _announced_port(log)
        if port is not None and _answers(("127.0.0.1", port)):
            return "127.0.0.1", port
        time.sleep(0.005)
    raise RuntimeError(f"{' '.join(command)} did not answer:\n{log.read_text()[-2000:]}")


def _announced_port(log: Path) -> int | None:
    found = re.search(r"serves on http://127\.0\.0\.1:(\d+)", log.read_text())
    return int(found[1]) if found else None


def _answers(address: Address) -> bool:
    try:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
