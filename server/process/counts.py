"""The files in which the workers of one server count together, each mapped into memory: those of /metrics and `limits`,
those of the last minutes, of what each version answered and how fast, of what stands beside it, and of other models.

Writing to a mapped file for which the disk has no room kills a process (SIGBUS). So all the room is taken here, once,
before the first worker starts, in memory where the system has such a folder; after that no full disk matters.
"""

import contextlib
import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO

NAME = "relearn-metrics-"
LOCK = "lock"  # held while the folder's server lives
IN_MEMORY = "/dev/shm"  # noqa: S108 - a folder of its own is made in it
GAUGES = ("gauge_livesum", "gauge_livemin", "gauge_livemax")  # of those that live
# A counter's line takes some 200 bytes, and there is one for each route, method and status that was ever answered.
BYTES = {"counter": 2**20, "histogram": 2**17} | dict.fromkeys(GAUGES, 2**14)
RATES, RATES_BYTES = "rates", 2**19  # of all workers (web/tallies.py): for some 10,000 addresses in two minutes
MINUTES, MINUTES_BYTES = "minutes_{}", 2**18  # the last minutes, as observe/board.py keeps them
USAGE, USAGE_BYTES = "usage_{}", 2**13  # what each version answered (observe/usage.py)
ROLLOUTS, ROLLOUTS_BYTES = "rollouts_{}", 2**16  # what stands beside what serves (observe/rollouts.py)
STAGES, STAGES_BYTES = "stages_{}", 2**14  # how long each version took (observe/stages.py)
NAMED, NAMED_BYTES = "named_{}", 2**16  # the models beside the default (observe/named.py)
DRIFT, DRIFT_BYTES = "drift_{}", 2**18 + 8  # the last answers, as observe/drift.py keeps them


class Counts:
    """The folder; its path is "" where none could be had, and `problem` says why."""

    def __init__(self, places: int) -> None:
        self.path = ""
        self.problem: str | None = None
        self._lock: IO[bytes] | None = None
        for parent in (IN_MEMORY, None):  # None: TMPDIR, or what there is in its place
            try:
                self._make(parent or tempfile.gettempdir(), places)
            except OSError as error:
                self.close()
                self.problem = f"the workers' counts are not put together, /metrics answers for one of them: {error}"
            else:
                self.problem = None
                return

    def drop_gauges(self, place: int) -> None:
        """Take out what the worker of a place said of itself; what it counted stays."""
        for name in GAUGES if self.path else ():
            with contextlib.suppress(OSError), Path(self.path, f"{name}_{place}.db").open("r+b") as file:
                file.write(bytes(8))  # the length that is in use; the room is kept

    def close(self) -> None:
        if self.path:
            shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
        self.path, self._lock = "", None

    def _make(self, parent: str, places: int) -> None:
        _sweep(parent)
        self.path = tempfile.mkdtemp(prefix=NAME, dir=parent)
        self._lock = Path(self.path, LOCK).open("wb")  # noqa: SIM115 - as long as the server lives
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        Path(self.path, RATES).write_bytes(bytes(RATES_BYTES))
        for place in range(places):
            for name, size in BYTES.items():
                Path(self.path, f"{name}_{place}.db").write_bytes(bytes(size))
            Path(self.path, MINUTES.format(place)).write_bytes(bytes(MINUTES_BYTES))
            Path(self.path, USAGE.format(place)).write_bytes(bytes(USAGE_BYTES))
            Path(self.path, ROLLOUTS.format(place)).write_bytes(bytes(ROLLOUTS_BYTES))
            Path(self.path, STAGES.format(place)).write_bytes(bytes(STAGES_BYTES))
            Path(self.path, NAMED.format(place)).write_bytes(bytes(NAMED_BYTES))
            Path(self.path, DRIFT.format(place)).write_bytes(bytes(DRIFT_BYTES))


def _sweep(parent: str) -> None:
    """Remove what servers that were killed have left."""
    for folder in Path(parent).glob(f"{NAME}*"):
        with contextlib.suppress(OSError), (folder / LOCK).open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
