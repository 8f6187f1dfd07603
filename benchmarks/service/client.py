"""A load client on raw sockets: light enough to saturate the server from one core, and it checks every answer.

About 15 microseconds a request in one thread over epoll, where httpx takes 500 and aiohttp 150. It runs closed loops
(each connection sends its next request when it has the answer) and paced ones (requests are due at fixed moments, and
the time one waits for a free connection counts as its latency, so that a stalled server can't hide behind fewer
requests).
"""

import gc
import re
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_BUFFER_BYTES = 262_144
_ACCEPT_SECONDS = 2e-4
_DRAIN_SECONDS = 10.0  # how long answers are awaited after the last request

Address = tuple[str, int]


class Request(NamedTuple):
    """One request as it goes over the wire, and what the answer's body has to begin with."""

    data: bytes
    answer: bytes


class Sample(NamedTuple):
    """One answered request."""

    started: float  # perf_counter seconds at which it was sent, or was due
    seconds: float
    status: int
    right: bool  # whether the body begins as it should; for a refusal, whether it is one of ours
    request: int  # its place among those that are sent in turn
    answer: bytes  # head and body, if answers are kept


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    started: float = 0.0
    request: int = 0
    received: bytes = b""
    unsent: memoryview | None = None
    waits: bool = False  # for an answer
    body_at: int = 0
    end: int = 0  # length of the whole answer, once its header is here


@dataclass
class Run:
    """What a client saw."""

    seconds: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    lost: int = 0  # requests without an answer: connection closed, or nothing in time

    @property
    def answered(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.status == 200]

    @property
    def wrong(self) -> int:
        """Answers with another status than 200 or 503, or with a body that is not what it should be."""
        return sum(1 for sample in self.samples if not sample.right or sample.status not in (200, 503))

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return len(self.answered) / self.seconds


def load(
    address: Address,
    requests: Sequence[Request],
    connections: int,
    seconds: float,
    rate: float | None = None,
    back_off_seconds: float = 0.0,
    keeps_answers: bool = False,
) -> Run:
    """Send `requests` in turn for some seconds over `connections` kept alive; paced if a rate (requests/s) is given.

    A connection whose request was refused (503) sends its next one after `back_off_seconds`.
    """
    client = _Client(address, requests, connections, rate, back_off_seconds, keeps_answers)
    gc.disable()  # of all the samples: some 20 ms each time, which would be told as the server's
    try:
        return client.run(seconds)
    finally:
        gc.enable()
        client.close()


class _Client:
    def __init__(
        self,
        address: Address,
        requests: Sequence[Request],
        connections: int,
        rate: float | None,
        back_off: float,
        keeps_answers: bool,
    ) -> None:
        self._requests = requests
        self._next = 0
        self._interval = 1 / rate if rate else 0.0
        self._back_off = back_off
        self._keeps_answers = keeps_answers
        self._result = Run()
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        self._idle: list[_Connection] = []
        self._resting: list[tuple[float, _Connection]] = []  # refused ones, in the order in which they come back
        for _ in range(connections):
            made = socket.create_connection(address, timeout=10)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setblocking(False)
            connection = _Connection(made)
            self._connections[made.fileno()] = connection
            self._idle.append(connection)
            self._poll.register(made, select.EPOLLIN)
        # A saturated libuv accepts one connection a turn of its loop; here it is the requests that are measured.
        time.sleep(0.05 + connections * _ACCEPT_SECONDS)

    def run(self, seconds: float) -> Run:
        begun = now = due = time.perf_counter()
        end = begun + seconds
        waiting = 0
        while now < end or (waiting and now < end + _DRAIN_SECONDS):
            if now < end:
                while self._resting and self._resting[0][0] <= now:
                    self._idle.append(self._resting.pop(0)[1])
                while self._idle and (not self._interval or due <= now):
                    self._send(self._idle.pop(), due if self._interval else now)
                    due += self._interval
            pause = min(end - now, due - now if self._interval and self._idle else 0.1)
            if self._resting:
                pause = min(pause, self._resting[0][0] - now)
            events = self._poll.poll(max(pause, 0.0) if now < end else 0.1)
            now = time.perf_counter()
            for descriptor, event in events:
                connection = self._connections[descriptor]
                if event & select.EPOLLOUT:
                    self._continue(connection)
                if event & ~select.EPOLLOUT:
                    now = self._receive(connection)
            waiting = sum(connection.waits for connection in self._connections.values()) if now >= end else 1
        self._result.seconds = seconds
        self._result.lost += sum(connection.waits for connection in self._connections.values())
        return self._result

    def close(self) -> None:
        self._poll.close()
        for connection in self._connections.values():
            # A reset, so that thousands of runs do not leave thousands of ports waiting for a minute.
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.socket.close()

    def _send(self, connection: _Connection, started: float) -> None:
        connection.request = self._next
        request = self._requests[self._next]
        self._next = (self._next + 1) % len(self._requests)
        connection.started = started
        connection.waits = True
        try:
            sent = connection.socket.send(request.data)
        except OSError:
            sent = len(request.data)  # the connection is gone: reading will say so
        if sent < len(request.data):
            connection.unsent = memoryview(request.data)[sent:]
            self._poll.modify(connection.socket, select.EPOLLIN | select.EPOLLOUT)

    def _continue(self, connection: _Connection) -> None:
        if connection.unsent is not None:
            try:
                connection.unsent = connection.unsent[connection.socket.send(connection.unsent) :]
            except OSError:
                connection.unsent = None
        if not connection.unsent:
            connection.unsent = None
            self._poll.modify(connection.socket, select.EPOLLIN)

    def _receive(self, connection: _Connection) -> float:
        try:
            data = connection.socket.recv(_BUFFER_BYTES)
        except BlockingIOError:
            return time.perf_counter()
        except OSError:
            data = b""
        if not data:
            self._result.lost += connection.waits
            connection.waits = False
            self._poll.unregister(connection.socket)
            return time.perf_counter()
        if connection.received:
            data = connection.received + data
        if not connection.end:
            head_end = data.find(b"\r\n\r\n")
            length = _LENGTH.search(data, 0, head_end) if head_end >= 0 else None
            if length is not None:
                connection.body_at = head_end + 4
                connection.end = head_end + 4 + int(length[1])
        now = time.perf_counter()
        if not connection.end or len(data) < connection.end:
            connection.received = data
            return now
        status = int(data[9:12])
        expected = b'{"error":' if status == 503 else self._requests[connection.request].answer
        right = data.startswith(expected, connection.body_at)
        answer = data if self._keeps_answers else b""
        sample = Sample(connection.started, now - connection.started, status, right, connection.request, answer)
        self._result.samples.append(sample)
        connection.received, connection.end, connection.waits = b"", 0, False
        if status == 503 and self._back_off:
            self._resting.append((now + self._back_off, connection))
        else:
            self._idle.append(connection)
        return now
