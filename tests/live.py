"""A real server process, started as a user starts it, in folders of its own and on a free port."""

import contextlib
import os
import re
import signal
import ssl
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx

ROOT = Path(__file__).parents[1]
START_SECONDS = 120.0  # a bound for a slow machine, not an expectation
TRAINING_SECONDS = 1800.0  # the same: a trainer has the lowest priority
# What httpx is to do for plain HTTP on this machine. By itself it looks for a proxy, and reads the certificates of all
# authorities for each new client, which takes as long as ten requests.
PLAIN: dict[str, Any] = {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
_ADDRESS = re.compile(r"Relearn serves on (http://[^\s\"]+)")
_GRPC_ADDRESS = re.compile(r"Relearn serves gRPC on ([^\s\"]+)")


class LiveServer:
    """`python -m server` from the serve environment, as a context manager."""

    python = ROOT / ".venv-serve/bin/python"
    module = "server"

    def __init__(
        self,
        folder: Path,
        *flags: str,
        environment: dict[str, str] | None = None,
        descriptors: tuple[int, int] | None = None,
    ) -> None:
        """`descriptors`: the soft and the hard limit that it starts with."""
        self.folder = folder
        self.artifacts = folder / "artifacts"
        self.data = folder / "data"
        self.flags = flags
        self.environment = environment or {}
        self.descriptors = descriptors
        self.url = ""
        self.log: list[str] = []  # stderr, line by line
        self.access: list[str] = []  # stdout, line by line
        self.reads_access = threading.Event()  # cleared: whoever reads stdout pauses
        self.reads_access.set()
        self.client = httpx.Client(timeout=120.0, **PLAIN)
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.client.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it is ready to answer."""
        self.launch()
        self.url = self._wait_until_ready()

    def launch(self) -> None:
        """Start, and wait for nothing."""
        command = [
            str(self.python),
            *("-m", self.module, "--port", "0", "--drain-seconds", "0", "--promote-wait-seconds", "60"),
            *("--artifacts", str(self.artifacts), "--data", str(self.data)),
            *("--baseline", str(ROOT / "artifacts/baseline"), "--trainer-python", str(ROOT / ".venv-train/bin/python")),
            *self.flags,
        ]
        if self.descriptors is not None:
            soft, hard = self.descriptors
            command = ["sh", "-c", f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"', "sh", *command]
        own = ("RELEARN_", "PYTHON")  # a user's shell has neither
        environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        self.log, self.access = [], []
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        always = threading.Event()
        always.set()
        for stream, lines, may_read in (
            (self._process.stderr, self.log, always),
            (self._process.stdout, self.access, self.reads_access),
        ):
            assert stream is not None
            reader = threading.Thread(target=_keep, args=(stream, lines, may_read), daemon=True)
            reader.start()
            self._readers.append(reader)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code, negative for a signal."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            code = process.wait(120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            self.collect_output()
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()
        return code

    def collect_output(self) -> None:
        """Wait for the readers of a process that has ended."""
        for reader in self._readers:
            reader.join(10)
        self._readers.clear()

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(120)

    def get(self, path: str, **options: object) -> httpx.Response:
        return self.client.get(self.url + path, **options)  # type: ignore[arg-type]

    def post(self, path: str, **options: object) -> httpx.Response:
        return self.client.post(self.url + path, **options)  # type: ignore[arg-type]

    def predict(self, png: bytes) -> httpx.Response:
        return self.post("/predict", files={"file": ("digit.png", png, "image/png")})

    def upload(self, files: list[tuple[str, bytes]], labels: list[str], **fields: str) -> httpx.Response:
        parts = [("files", (name, data, "image/png")) for name, data in files]
        return self.post("/upload", files=parts, data={"labels": labels, **fields})

    def _wait_until_ready(self) -> str:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            found = _ADDRESS.search("".join(self.log))
            if found:
                try:
                    httpx.get(found[1] + "/livez", **PLAIN, timeout=10)
                except httpx.TransportError:
                    pass
                else:
                    return found[1]
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        raise AssertionError(f"the server did not start: {''.join(self.log)}")


class GrpcServer(LiveServer):
    """A live server that speaks gRPC as well, by an environment that has the package."""

    python = ROOT / ".venv-dev/bin/python"

    def __init__(self, folder: Path, *flags: str, environment: dict[str, str] | None = None) -> None:
        super().__init__(folder, "--grpc-port", "0", *flags, environment=environment)

    @property
    def address(self) -> str:
        """Of gRPC."""
        found = _GRPC_ADDRESS.search("".join(self.log))
        assert found is not None
        return found[1]


def _keep(stream: IO[str], lines: list[str], may_read: threading.Event) -> None:
    for line in stream:
        may_read.wait()
        lines.append(line)
