"""The record of every request, kept in memory until the tick: then one log line each, and the metrics' counts.

A tick takes a millisecond or two for all its records, so it is done in parts, of which each has a turn of the event
loop: a request that comes meanwhile waits for one part.

A line: time, method, path, status, milliseconds, model version, client's address, name of the key, request id,
separated by spaces; or the same as a JSON object. A path stands as it was sent, percent-encoded, so that it can't break
the line; what has none because it is no HTTP has -.
"""

import asyncio
import re
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from server.machine.json_lines import line as json_line

TICK_SECONDS = 0.1
TICK_RECORDS = 256  # at this many the tick comes early
LINES = 64  # that are made in a part
PATH_LIMIT = 200  # characters
CLIENT_LEFT = 499  # nginx's status for the log; nobody is there to read it

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Answering(Protocol):
    """What of a model is needed to count its answers."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def score_threshold(self) -> float | None: ...


class Told(Protocol):
    """What of a prediction is counted; serving/prediction.py has them."""

    @property
    def model(self) -> Answering: ...
    @property
    def best(self) -> int: ...
    @property
    def probabilities(self) -> NDArray[np.float32]: ...
    @property
    def score(self) -> np.float32 | None: ...
    @property
    def ink(self) -> float: ...
    @property
    def model_input(self) -> NDArray[np.uint8] | None: ...


@dataclass(slots=True)
class Record:
    """One answered request."""

    method: str
    path: bytes  # as sent
    route: str  # the pattern it matched, for metrics
    request_id: str
    started: float  # perf_counter seconds
    status: int = 0
    seconds: float = 0.0
    version: str = "-"
    decode_seconds: float = 0.0
    queue_seconds: float = 0.0
    infer_seconds: float = 0.0
    batch_size: int = 0  # 0 for all but predictions
    client: str = "-"  # its address
    by: str = "-"  # the name of its key, where one is asked for
    answers: Sequence[Told] = ()  # that were sent


class FollowedId(str):
    """The id of a request that is a part of a trace: observe/tracing.py makes them."""

    @property
    @abstractmethod
    def traceparent(self) -> str:
        """By which others go on with the trace: https://www.w3.org/TR/trace-context."""


class RequestIds:
    """Names requests: by the client's own id where it is a plain word, to follow it across services; else a new one."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix  # tells workers and starts apart
        self._given = 0

    def of(self, headers: dict[bytes, bytes]) -> str:
        own = headers.get(b"x-request-id")
        if own is not None and _REQUEST_ID.fullmatch(own):
            return own.decode()
        self._given += 1
        return f"{self._prefix}-{self._given:x}"


class AccessLog:
    """Collects records; `write` and `count` get them in bulk. To be used from one event loop."""

    def __init__(
        self,
        count: Callable[[Sequence[Record]], Iterable[None]],
        write: Callable[[str], object],
        as_json: bool = False,
    ) -> None:
        """What `count` gives is gone through a step in each turn of the loop: it counts in parts of under 0.3 ms."""
        self._count = count
        self._write = write
        self._form = _as_json if as_json else _as_words
        self._pending: list[Record] = []
        self._parts: Iterator[None] = iter(())  # what is left of the last tick
        self._timer: asyncio.TimerHandle | None = None  # for the next tick
        self._turn: asyncio.Handle | None = None  # for the next part of the last one
        self._wall_offset = time.time() - time.perf_counter()
        self._second = 0  # the second of the last line, and how it is written
        self._stamp = ""

    def add(self, record: Record) -> None:
        if not self._pending:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        self._pending.append(record)
        if len(self._pending) >= TICK_RECORDS:
            self._tick()

    def flush(self) -> None:
        """Write and count all there is, here and now: before a scrape and at the end."""
        self._finish()
        for _ in self._told(self._taken()):
            pass

    def _tick(self) -> None:
        """Begin to write and count what is pending."""
        self._finish()  # the tick before, if the loop had too few turns since: no more than one is ever left
        self._parts = self._told(self._taken())
        self._turn = asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        for _ in self._parts:
            self._turn = asyncio.get_running_loop().call_soon(self._go_on)
            return

    def _finish(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
        for _ in self._parts:
            pass

    def _taken(self) -> Sequence[Record]:
        if self._timer is not None:
            self._timer.cancel()
        records, self._pending = self._pending, []
        return records

    def _told(self, records: Sequence[Record]) -> Iterator[None]:
        """Write and count these, a part at each step."""
        if not records:
            return
        self._wall_offset = time.time() - time.perf_counter()
        lines: list[str] = []
        for first in range(0, len(records), LINES):
            lines += [self._line(record) for record in records[first : first + LINES]]
            yield
        self._write("".join(lines))
        yield from self._count(records)

    def _line(self, record: Record) -> str:
        moment = self._wall_offset + record.started
        second = int(moment)
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return self._form(record, f"{self._stamp}.{int((moment - second) * 1000):03d}Z")


def _as_words(record: Record, moment: str) -> str:
    return (
        f"{moment} {record.method} {_path(record)} {record.status} {record.seconds * 1000:.2f}ms "
        f"model={record.version} client={record.client} key={record.by} id={record.request_id}\n"
    )


def _as_json(record: Record, moment: str) -> str:
    return json_line(
        {
            "time": moment,
            "method": record.method,
            "path": _path(record),
            "status": record.status,
            "milliseconds": round(record.seconds * 1000, 2),
            "model": record.version,
            "client": record.client,
            "key": record.by,
            "id": record.request_id,
        }
    )


def _path(record: Record) -> str:
    return record.path[:PATH_LIMIT].decode("ascii", "backslashreplace")
