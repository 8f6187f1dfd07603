"""Open job pages: connections that follow a job's events (SSE) and note the newest that each was told of."""

import re
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

from benchmarks.service.client import Address

BUFFER_BYTES = 262_144
_ID = re.compile(rb"(?:^|\n)id: (\d+)\n")


class Followers:
    """Some connections on the events of one job; a context that closes them."""

    def __init__(self, address: Address, job: str, count: int) -> None:
        self.newest = [0] * count
        self._rest = [b""] * count  # of what came, what may be the beginning of an id
        self._selector = selectors.DefaultSelector()
        self._open = ExitStack()
        request = f"GET /retrain/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        for number in range(count):
            connection = self._open.enter_context(socket.create_connection(address, timeout=10))
            connection.sendall(request.encode())
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, number)

    def __enter__(self) -> "Followers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._selector.close()
        self._open.close()

    def read(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Take what comes for some seconds, or until something is so."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not until():
            for key, _ in self._selector.select(left):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(BUFFER_BYTES)
                assert data, "the server closed the stream of a job that goes on"
                self._note(key.data, data)

    def all_know(self, event: int) -> bool:
        """Whether everybody was told of an event."""
        return min(self.newest) >= event

    def _note(self, number: int, data: bytes) -> None:
        data = self._rest[number] + data
        self._rest[number] = data[-32:]
        found = _ID.findall(data[-4096:]) or _ID.findall(data)
        if found:
            self.newest[number] = int(found[-1])
