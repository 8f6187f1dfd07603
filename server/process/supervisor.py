"""The parent of several workers: it keeps them alive, and never loads the application itself.

It ends when it is told to, with 0; or if not one worker could ever start. A service that has served is not given up.
"""

import logging
import select
import signal
import socket
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from server.observe.crew import Crew
from server.process.counts import Counts
from server.process.place import Place
from server.process.signals import FORCED, STOPS
from server.process.supervised import arguments
from server.settings import Settings

LOOK_SECONDS = 1.0
TOLD_SECONDS = 300.0  # that /health speaks of a death
TRIES = 5  # of each place, before a service that has never served is given up
LATE_SECONDS = 15.0  # beyond all that a stopping worker may take

logger = logging.getLogger("relearn")


class Supervisor:
    """So many workers as the settings say, on one listener."""

    def __init__(self, settings: Settings, listener: socket.socket, flags: Sequence[str]) -> None:
        """`flags` are those that the settings came from: each worker reads them again."""
        self._stop_seconds = settings.drain_seconds + settings.grace_seconds + LATE_SECONDS
        self._listener = listener
        self._counts = Counts(settings.workers)
        command = partial(arguments, listener=listener, counts=self._counts.path, flags=flags)
        looks = max(round(settings.hang_seconds / LOOK_SECONDS), 2)
        self._places = [Place(partial(command, place=number), listener, looks) for number in range(settings.workers)]
        self._signals: list[int] = []  # that tell to stop
        self._deaths: Counter[str] = Counter()  # by cause
        self._recent: list[tuple[float, str]] = []  # of whom /health speaks: when, and who died of what
        self._told = b""

    def run(self) -> int:
        """Keep the workers until SIGTERM or Ctrl-C; the exit code."""
        if self._counts.problem is not None:
            logger.error("%s", self._counts.problem)
        wake, waker = socket.socketpair()
        for end in (wake, waker):
            end.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOPS:
            signal.signal(number, lambda each, _: self._signals.append(each))
        try:
            return self._keep(wake)
        finally:
            self._counts.close()

    def _keep(self, wake: socket.socket) -> int:
        look = 0.0
        while True:
            self._fill()
            due = min([LOOK_SECONDS, *(seconds for place in self._places if (seconds := place.due_seconds))])
            _sleep(wake, due)
            if self._signals:
                return self._stop(wake)
            self._collect()
            if time.monotonic() >= look:
                look = time.monotonic() + LOOK_SECONDS
                for place in self._places:
                    place.look()
            if all(place.failures >= TRIES and not place.has_served for place in self._places):
                logger.error("no worker could start in %d tries each: the service ends", TRIES)
                return 1
            self._tell()

    def _fill(self) -> None:
        for place in self._places:
            try:
                if place.fill():
                    place.tell(self._told)
            except OSError as error:  # no memory, no processes, no descriptors
                self._note(f"a worker could not be started: {error}", "no start", place)

    def _collect(self) -> None:
        for number, place in enumerate(self._places):
            ended = place.collect()
            if ended is not None:
                self._counts.drop_gauges(number)
                self._note(f"worker {ended[0]} died of {ended[1]}", ended[1], place)

    def _note(self, death: str, cause: str, place: Place) -> None:
        self._deaths[cause] += 1
        self._recent.append((time.monotonic(), death))
        logger.error("%s; the next starts in %g seconds", death, round(place.due_seconds, 1))

    def _tell(self) -> None:
        """Let the workers know what has changed."""
        line = Crew.line(self._problems(), self._deaths)
        if line != self._told:
            self._told = line
            for place in self._places:
                place.tell(line)

    def _problems(self) -> list[str]:
        problems = [self._counts.problem] if self._counts.problem is not None else []
        failing = sum(place.fails for place in self._places)
        if failing:
            problems.append(f"{failing} of {len(self._places)} workers can't start, which is tried again; see the log")
        self._recent = [each for each in self._recent if time.monotonic() - each[0] < TOLD_SECONDS]
        if self._recent:
            times = "once" if len(self._recent) == 1 else f"{len(self._recent)} times"
            problems.append(
                f"{times} in the last {TOLD_SECONDS / 60:g} minutes a worker ended untold and was replaced: "
                f"{self._recent[-1][1]}"
            )
        return problems

    def _stop(self, wake: socket.socket) -> int:
        """Let the workers end as they do at the signal that came; 0 if all of them did so."""
        # First: the last worker can then empty the queue of connections and close the door behind it (web/shutdown.py).
        self._listener.close()
        deadline, code, asked = time.monotonic() + self._stop_seconds, 0, 0
        while True:
            for number in (told := self._signals.copy()):
                asked += number == signal.SIGINT
                self._send(signal.SIGKILL if asked > 1 else number)
            del self._signals[: len(told)]
            for place in self._places:
                ended = place.collect()
                if ended is not None and ended[1] != "exit code 0" and asked < 2:
                    logger.error("worker %d died of %s while it stopped", *ended)
                    code = 1
            if all(place.pid is None for place in self._places):
                return FORCED if asked > 1 else code
            if time.monotonic() > deadline:
                logger.error("not all workers stopped within %g seconds: they are killed", self._stop_seconds)
                self._send(signal.SIGKILL)
            _sleep(wake, LOOK_SECONDS)

    def _send(self, number: int) -> None:
        for place in self._places:
            place.send(number)


def _sleep(wake: socket.socket, seconds: float) -> None:
    """Until a signal comes, at most so long."""
    if select.select([wake], [], [], seconds)[0]:
        wake.recv(4096)
