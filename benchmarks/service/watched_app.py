"""Our application with a heart that beats in its event loop: GET /held says for how long at most it stood still.

What the machine's other processes take is not counted: of a gap between two beats counts what this one computed in it,
but not for how long the loop's thread could have gone on and had no core (schedstat, proc(5)).
"""

import asyncio
import contextlib
import os
from pathlib import Path
from time import perf_counter, process_time

from starlette.types import Receive, Scope, Send

from server.app import create_app
from server.configuration import load
from server.machine.descriptors import raise_limit
from server.machine.memory import share_one_pool
from server.machine.priority import favour_this_thread

BEAT_SECONDS = 0.0005


class Watched:
    """An ASGI application around ours, which has its lane as well."""

    def __init__(self) -> None:
        self._app = create_app(load([], os.environ))
        self.lane = self._app.lane  # type: ignore[attr-defined]
        self._longest = 0.0
        self._heart: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._heart = asyncio.create_task(self._beat())
        elif scope["path"] == "/held":
            body = b"%.9f" % self._longest
            self._longest = 0.0
            headers = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, send)

    async def _beat(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                begun, computed, waited = perf_counter(), process_time(), _waited_seconds()
                await asyncio.sleep(BEAT_SECONDS)
                gap = perf_counter() - begun - BEAT_SECONDS - (_waited_seconds() - waited)
                self._longest = max(self._longest, min(gap, process_time() - computed))


def _waited_seconds() -> float:
    """For how long this thread has waited for a core so far."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def app() -> Watched:
    share_one_pool()
    favour_this_thread()
    raise_limit()
    return Watched()
