"""A stop that loses nothing: on SIGTERM say so, serve on for a while, close the door, then let uvicorn end.

While draining, /readyz answers 503 so that a load balancer looks elsewhere, and every answer closes its connection so
that clients open no new request on one that is about to go. Then the connections that wait at the door are taken in,
the listeners closed, and whoever was taken in last gets time to send a request. uvicorn then finishes what is under way
and ends. A second SIGTERM changes nothing; Ctrl-C (SIGINT) does not wait.
"""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import threading
from pathlib import Path
from types import FrameType

import uvicorn

from server.web.protocol import Protocol

ARRIVAL_SECONDS = 1.0  # for the requests of connections that were taken in last
LOOK_SECONDS = 0.01


class Shutdown:
    """Whether the service is stopping, and what happens on the way."""

    def __init__(self, drain_seconds: float) -> None:
        self.stopping = asyncio.Event()
        self._drain_seconds = drain_seconds
        self._task: asyncio.Task[None] | None = None

    def install(self) -> None:
        """Stand before uvicorn's handler for SIGTERM; to be called on the running loop, after uvicorn set its own.

        Without uvicorn's handler, or off the main thread, nothing is done.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        if not isinstance(server, uvicorn.Server):
            return
        loop = asyncio.get_running_loop()

        def begin() -> None:
            if self._task is None:
                self.stopping.set()
                self._task = loop.create_task(self._stop(server))

        def on_signal(_: int, __: FrameType | None) -> None:
            loop.call_soon_threadsafe(begin)

        signal.signal(signal.SIGTERM, on_signal)

    async def _stop(self, server: uvicorn.Server) -> None:
        await asyncio.sleep(self._drain_seconds)
        await _close_door(server)
        await _await_arrivals(server)
        server.should_exit = True  # its handler would have it killed by the signal in the end


async def _close_door(server: uvicorn.Server) -> None:
    """Take in every connection that the kernel has accepted for us, then close the listeners at once.

    A listener that is closed resets the connections in its queue, whose clients may have sent their requests already.
    """
    loop = asyncio.get_running_loop()
    taken: list[socket.socket] = []
    for door in server.servers:
        queues = [socket.socket(fileno=os.dup(listener.fileno())) for listener in door.sockets]
        door.close()
        for queue in queues:
            queue.setblocking(False)
            taken += _waiting(queue)
            _close_everywhere(queue)
    for connection in taken:
        await loop.connect_accepted_socket(lambda: _protocol(server, loop), connection)


def _waiting(queue: socket.socket) -> list[socket.socket]:
    connections = []
    while True:
        try:
            connections.append(queue.accept()[0])
        except OSError:
            return connections


def _close_everywhere(listener: socket.socket) -> None:
    """Close every descriptor that this process has of a listener, since the last one keeps it open.

    Whoever made those will close them later, by number: until then they are descriptors of the null device.
    """
    descriptors = Path("/proc/self/fd")
    identity = os.fstat(listener.fileno()).st_ino
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    for path in descriptors.iterdir() if descriptors.is_dir() else ():
        with contextlib.suppress(OSError):
            status = os.fstat(int(path.name))
            if stat.S_ISSOCK(status.st_mode) and status.st_ino == identity:
                os.dup2(null, int(path.name), inheritable=False)
    os.close(null)
    listener.close()


def _protocol(server: uvicorn.Server, loop: asyncio.AbstractEventLoop) -> asyncio.Protocol:
    return server.config.http_protocol_class(
        config=server.config,  # type: ignore[call-arg] # uvicorn's own protocols take these four
        server_state=server.server_state,
        app_state=server.lifespan.state,
        _loop=loop,
    )


async def _await_arrivals(server: uvicorn.Server) -> None:
    """Wait until every connection has begun a request, for a while."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ARRIVAL_SECONDS
    while loop.time() < deadline and any(  # noqa: ASYNC110 - uvicorn's connections have no event to wait for
        isinstance(connection, Protocol) and not connection.has_asked for connection in server.server_state.connections
    ):
        await asyncio.sleep(LOOK_SECONDS)
