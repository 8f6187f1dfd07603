"""A place is filled, watched and filled again: at once the first time, then at growing distances."""

import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.process import place
from server.process.place import LONGEST_PAUSE_SECONDS, Place

BEATS = "import socket, sys, time; s = socket.socket(fileno=int(sys.argv[1])); s.send(b'{beat}'); time.sleep(600)"
SLEEPS = "import time; time.sleep(600)"
ENDS = "raise SystemExit(7)"
PATIENCE_SECONDS = 60.0  # a bound for a slow machine


class Clock:
    """The monotonic clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("server.process.place.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def made() -> Iterator[Callable[[str], Place]]:
    """Makes places whose workers run a program; a worker is missed after three looks."""
    places: list[Place] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def make(program: str) -> Place:
            command = lambda line: [sys.executable, "-c", program, str(line.fileno())]  # noqa: E731 - it has one use
            places.append(Place(command, listener, 3))
            return places[-1]

        yield make
        for each in places:
            each.send(signal.SIGKILL)
            while each.pid is not None:
                each.collect()


def end_of(filled: Place) -> str:
    for _ in range(round(PATIENCE_SECONDS / 0.02)):
        ended = filled.collect()
        if ended is not None:
            return ended[1]
        time.sleep(0.02)
    raise AssertionError("it has not ended")


def beaten(filled: Place) -> None:
    """Wait for its first beat."""
    for _ in range(round(PATIENCE_SECONDS / 0.02)):
        filled.look()
        if filled._beats:
            return
        filled._missed = 0
        time.sleep(0.02)
    raise AssertionError("no beat")


def test_a_worker_that_stands_still_is_killed(made: Callable[[str], Place]) -> None:
    filled = made(BEATS.format(beat="+"))
    assert filled.fill()
    beaten(filled)
    for _ in range(3):
        filled.look()
    assert end_of(filled) == "hang"


def test_a_worker_that_beats_is_left_alone(made: Callable[[str], Place], clock: Clock) -> None:
    filled = made(BEATS.format(beat="+"))
    filled.fill()
    beaten(filled)
    clock.now += 10**6  # in which nobody looked
    filled.look()
    filled.look()
    assert filled.collect() is None
    assert Path(f"/proc/{filled.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_worker_that_starts_has_more_time(made: Callable[[str], Place]) -> None:
    filled = made(SLEEPS)
    filled.fill()
    for _ in range(place.START_LOOKS - 1):
        filled.look()
    assert not filled._hangs
    filled.look()
    assert end_of(filled) == "hang"


def test_who_ends_at_start_is_tried_again_at_growing_distances(made: Callable[[str], Place], clock: Clock) -> None:
    filled = made(ENDS)
    pauses: list[float] = []
    for _ in range(10):
        clock.now += filled.due_seconds
        assert filled.fill()
        assert end_of(filled) == "exit code 7"
        pauses.append(filled.due_seconds)
        assert not filled.due_seconds or not filled.fill(), "it is not time yet"
    assert pauses[0] == 0
    assert pauses[1:] == [min(0.5 * 2**number, LONGEST_PAUSE_SECONDS) for number in range(9)]
