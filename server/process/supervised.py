"""`python -m server.process.supervised`: one worker of several, as its supervisor starts it (place.py).

Over one socket it says each second that its event loop runs, and whether it serves; it hears how the others are, and
from the socket's end that its supervisor is gone: then it goes too, since nobody would replace it or stop it.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from server.configuration import load
from server.machine.background import Background
from server.observe.crew import Crew
from server.process.signals import end_at_once
from server.process.worker import config_of

BEAT_SECONDS = 1.0
STARTS, SERVES = b".", b"+"
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl.h


class Supervised(uvicorn.Server):
    """A server that beats."""

    def __init__(self, config: uvicorn.Config, line: socket.socket) -> None:
        super().__init__(config)
        self._line = line

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C in a terminal comes twice, from there and from the supervisor; to force an end is for the latter."""
        if sig != signal.SIGINT or not self.should_exit:
            super().handle_exit(sig, frame)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        beating = Background(self._beat)
        beating.start()
        await super().serve(sockets)
        await beating.stop()

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # a supervisor that stands still has heard enough
                self._line.send(SERVES if self.started else STARTS, socket.MSG_DONTWAIT)
            await asyncio.sleep(BEAT_SECONDS)


def main() -> None:
    """Serve until SIGTERM, as the arguments say that `arguments` made."""
    end_at_once()
    line, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    for each in (listener, line):
        each.set_inheritable(False)
    place, counts, flags = int(sys.argv[3]), sys.argv[4], sys.argv[5:]
    die_with_the_supervisor()
    crew = Crew(place)
    threading.Thread(target=listen, args=(line, crew.hear), name="supervisor", daemon=True).start()
    if counts:
        count_in(Path(counts), place)
    Supervised(config_of(load(flags, os.environ), crew), line).run([listener])


def arguments(line: socket.socket, listener: socket.socket, place: int, counts: str, flags: Sequence[str]) -> list[str]:
    """The command of a worker. It counts in files of its place in the folder `counts`, or alone if that is empty."""
    sockets = str(line.fileno()), str(listener.fileno())
    return [sys.executable, "-m", "server.process.supervised", *sockets, str(place), counts, *flags]


def listen(line: socket.socket, hear: Callable[[bytes], None]) -> None:
    """Hear what the supervisor says, and end with it, even if the event loop stands still."""
    with contextlib.suppress(OSError), line.makefile("rb") as told:
        for each in told:
            hear(each)
    os.kill(os.getpid(), signal.SIGKILL)


def die_with_the_supervisor() -> None:
    """Have the kernel see to it where it can: it ends also a process that is stopped."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def count_in(folder: Path, place: int) -> None:
    """Let prometheus_client count in the files of a place: whoever fills it next counts on."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # which the library reads when it is imported
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
