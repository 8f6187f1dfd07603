"""Is a process that wrote its name into a row still there? The kernel tells of this machine's, heartbeats of others'.

A name holds what makes a process unique: the machine as it is seen from inside (its name, its process namespace), the
process id and the clock tick at which it started. Where the machine is another, or another container, only the number
that the process counts up can tell, and only whoever watches it for a while: by counting looks and not seconds, a clock
that jumps, or an observer that was itself stopped, declares nobody dead.
"""

import os
import socket
import time
from functools import cache
from pathlib import Path

LOOK_SECONDS = 1.0  # between two looks that count
STALLED_LOOKS = 15  # at a heartbeat that did not change; each beats every BEAT_SECONDS
BEAT_SECONDS = 3.0


def own() -> str:
    """The name of this process."""
    return f"{_place()} {os.getpid()} {_started(os.getpid())}"


def is_alive(name: str) -> bool | None:
    """Whether the process of that name lives; None if that can't be seen from here."""
    if place_of(name) != _place():
        return None
    pid, started = name.split(" ")[-2:]
    return pid.isdecimal() and started == _started(int(pid))


def place_of(name: str) -> str:
    """The machine, or container, in a name."""
    return name.rpartition(" ")[0].rpartition(" ")[0]


def pid_of(name: str) -> int:
    """The process id in a name."""
    return int(name.split(" ")[-2])


def _place() -> str:
    return _place_of(os.getpid())


@cache
def _place_of(_: int) -> str:
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        namespace = "-"
    return f"{socket.gethostname().replace(' ', '-')} {namespace}"


def _started(pid: int) -> str:
    """The clock tick at which a process started, of proc(5); "" for one that is gone, or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "-" if _exists_without_proc(pid) else ""
    return "" if fields[0] in "ZX" else fields[19]


def _exists_without_proc(pid: int) -> bool:
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


class Heartbeats:
    """The heartbeats that one observer has seen."""

    def __init__(self) -> None:
        self._seen: dict[object, tuple[int, int, float]] = {}  # key -> heartbeat, looks without change, time of a look

    def stalled(self, key: object, heartbeat: int) -> bool:
        """Look at a heartbeat; whether it did not change over so many looks that its process must be gone."""
        now = time.monotonic()
        known, looks, looked = self._seen.get(key, (None, 0, now))
        if known != heartbeat:
            looks, looked = 0, now
        elif now - looked >= LOOK_SECONDS:
            looks, looked = looks + 1, now
        self._seen[key] = (heartbeat, looks, looked)
        return looks >= STALLED_LOOKS

    def is_gone(self, key: object, name: str, heartbeat: int) -> bool:
        """Whether the process of that name, which counts up `heartbeat`, is gone."""
        alive = is_alive(name)
        if alive is None:
            return self.stalled(key, heartbeat)
        return not alive
