"""A stop that loses nothing: on SIGTERM first say so, then serve on for a while, then let uvicorn close.

While draining, /readyz answers 503 so that a load balancer looks elsewhere, and every answer closes its connection so
that clients open no new request on one that is about to go. uvicorn then closes its listeners, finishes what it
accepted and ends. A second SIGTERM changes nothing; Ctrl-C (SIGINT) does not wait for the drain.
"""

import asyncio
import signal
import threading
from types import FrameType


class Shutdown:
    """Whether the service is stopping, and the signal handler that begins it."""

    def __init__(self, drain_seconds: float) -> None:
        self.stopping = asyncio.Event()
        self._drain_seconds = drain_seconds

    def install(self) -> None:
        """Stand before uvicorn's handler for SIGTERM; to be called on the running loop, after uvicorn set its own."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        proceed = signal.getsignal(signal.SIGTERM)
        if not callable(proceed):
            return
        then = proceed

        def begin(number: int, _: FrameType | None) -> None:
            loop.call_soon_threadsafe(drain, number)

        def drain(number: int) -> None:
            if not self.stopping.is_set():
                self.stopping.set()
                loop.call_later(self._drain_seconds, then, number, None)

        signal.signal(signal.SIGTERM, begin)
