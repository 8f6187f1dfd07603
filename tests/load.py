"""Clients that keep asking while something happens to the server, and keep what they were answered."""

import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """The answer to one request: which image it was, the status, and the JSON."""

    position: int
    status: int
    content: dict[str, Any]


class Load:
    """So many clients, each predicting one image after another until the block ends; at most `limit` requests each.

    Between two requests each pauses: some hundreds a second show what thousands do, for a fraction of the processor.
    Where a server is to be full there is no pause; where a trainer of the lowest priority works beside it a longer one.
    """

    def __init__(
        self, url: str, pngs: list[bytes], clients: int = 4, limit: int = 20_000, pause_seconds: float = 0.004
    ) -> None:
        self._address = urlsplit(url).netloc
        self._pngs = pngs
        self._limit = limit
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]
        self._started = threading.Semaphore(0)
        self.replies: list[Reply] = []
        self.errors: list[Exception] = []  # of requests that were sent and got no whole answer
        self.refused_connections = 0

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        for _ in self._threads:
            self._started.acquire(timeout=30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for(self, condition: Callable[["Load"], bool], seconds: float = 60) -> None:
        """Go on until a condition holds; fails if it never does."""
        done = threading.Event()
        deadline = threading.Timer(seconds, done.set)
        deadline.start()
        try:
            while not condition(self):
                assert not done.wait(0.005), f"never held; {len(self.replies)} replies, {self.errors[:3]}"
        finally:
            deadline.cancel()

    def _run(self, first: int) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=60)
        for number in range(self._limit):
            if self._stop.wait(self._pause_seconds):
                break
            position = (first + number * len(self._threads)) % len(self._pngs)
            try:
                if connection.sock is None:
                    connection.connect()
            except OSError:  # the listener is closed: nothing was accepted, so nothing was lost
                self.refused_connections += 1
                break
            try:
                connection.request("POST", "/predict", self._pngs[position], {"Content-Type": "image/png"})
                response = connection.getresponse()
                self.replies.append(Reply(position, response.status, json.loads(response.read())))
                if response.getheader("Connection") == "close":  # it asks its clients to go elsewhere
                    break
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(error)
                break
            finally:
                if number == 0:
                    self._started.release()
        connection.close()
