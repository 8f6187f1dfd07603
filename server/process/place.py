"""One worker's place: the process that fills it, or the moment at which the next may try.

Whether a worker hangs is a number of looks without a beat, not of seconds: a machine that slept, or a supervisor that
was itself stopped, takes nobody for dead.
"""

import contextlib
import logging
import signal
import socket
import subprocess
import time
from collections.abc import Callable

from server.process.signals import held_back
from server.process.supervised import SERVES

STEADY_SECONDS = 10.0  # a worker that served so long did not fail to start
PAUSE_SECONDS = 0.5  # before the second try in a row; doubled with each
LONGEST_PAUSE_SECONDS = 30.0
START_LOOKS = 120  # for a first beat: a busy machine imports slowly

logger = logging.getLogger("relearn")


class Place:
    """A worker that is started, watched and started again."""

    def __init__(self, command: Callable[[socket.socket], list[str]], listener: socket.socket, hang_looks: int) -> None:
        """`command` starts a worker that has the socket it is given, and the listener."""
        self._command = command
        self._listener = listener
        self._hang_looks = hang_looks
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._missed = 0  # looks since the last beat
        self._beats = False  # whether this process ever did
        self._serves_since: float | None = None  # monotonic, as all moments here
        self._hangs = False  # and was killed for it
        self._due = 0.0  # when the next may start
        self.has_served = False  # whether any process here ever did
        self.failures = 0  # starts in a row that led to nothing

    @property
    def pid(self) -> int | None:
        """Of the process that is here."""
        return self._process.pid if self._process is not None else None

    @property
    def fails(self) -> bool:
        """Whether nobody serves here, and not only for a moment."""
        return self.failures > 1 and (self._process is None or self._serves_since is None)

    @property
    def due_seconds(self) -> float:
        """Until the next start; 0 for one that is due or done."""
        return 0.0 if self._process is not None else max(self._due - time.monotonic(), 0.0)

    def fill(self) -> bool:
        """Start a process, if there is none and it is time; whether it did. Raises OSError."""
        if self._process is not None or self.due_seconds:
            return False
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs, held_back():
                handed = self._listener.fileno(), theirs.fileno()
                self._process = subprocess.Popen(self._command(theirs), pass_fds=handed)
        except OSError:
            ours.close()
            self._pause()
            raise
        self._line, self._serves_since = ours, None
        self._missed, self._beats, self._hangs = 0, False, False
        return True

    def tell(self, line: bytes) -> None:
        """Tell the process something; one that does not listen misses it."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.send(line)

    def look(self) -> None:
        """Look for a beat, and kill a process that missed too many."""
        if self._process is None or self._line is None or self._hangs:
            return
        beats = b""
        with contextlib.suppress(OSError):
            beats = self._line.recv(4096)
        if beats:
            self._missed, self._beats = 0, True
            if SERVES in beats and self._serves_since is None:
                self._serves_since, self.has_served = time.monotonic(), True
            return
        self._missed += 1
        if self._missed >= (self._hang_looks if self._beats else max(self._hang_looks, START_LOOKS)):
            logger.error("worker %d stands still since %d looks, one a second: it is killed", self.pid, self._missed)
            self._hangs = True
            self.send(signal.SIGKILL)

    def collect(self) -> tuple[int, str] | None:
        """Empty the place if its process has ended; which that was, and of what it died."""
        if self._process is None or self._line is None or self._process.poll() is None:
            return None
        pid, code = self._process.pid, self._process.returncode
        self._line.close()
        self._process = self._line = None
        if self._serves_since is not None and time.monotonic() - self._serves_since >= STEADY_SECONDS:
            self.failures = 0
        self._pause()
        return pid, "hang" if self._hangs else _signal_name(-code) if code < 0 else f"exit code {code}"

    def send(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _pause(self) -> None:
        """The first that died is replaced at once."""
        seconds = min(PAUSE_SECONDS * 2 ** (self.failures - 1), LONGEST_PAUSE_SECONDS) if self.failures else 0.0
        self._due = time.monotonic() + seconds
        self.failures += 1


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
