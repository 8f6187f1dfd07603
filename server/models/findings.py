"""What came of first loads, for all workers of a server: a model is tried once, whoever of them meets it first.

Each model has a small file in the folder that they share. Who tries it holds the file, and leaves in it what came of
that; the others wait, and read it. The kernel lets the file go with its holder.
"""

import contextlib
import fcntl
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

LOOK_SECONDS = 0.1  # between looks whether it is free, or the version not wanted any more
WAIT_SECONDS = 90.0  # beyond all that a trial may take: who holds on longer stands still
NAME = "first-load-"


@dataclass(frozen=True)
class Finding:
    """What came of a first load."""

    refused: str | None = None  # why
    threshold: float | None = None  # of the score
    until: float | None = None  # on the machine's monotonic clock, which all of its processes share; None for ever

    @property
    def holds(self) -> bool:
        return self.until is None or time.monotonic() < self.until


class Findings:
    """All that is known, by the fingerprint of a model."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is what the workers of this server have in common, None for a process by itself."""
        self._folder = folder
        self._known: dict[str, Finding] = {}

    def of(self, model: str, is_wanted: Callable[[], bool], try_it: Callable[[], Finding]) -> Finding:
        """What came of a model's first load: this process or another may have tried it, else it is tried now.

        While another tries it this waits, until `is_wanted` says no.
        """
        known = self._known.get(model)
        if known is None or not known.holds:
            with self._turn(model, is_wanted) as file:
                known = _read(file)
                if known is None or not known.holds:
                    known = try_it()
                    _write(file, known)
            self._known[model] = known
        return known

    @contextlib.contextmanager
    def _turn(self, model: str, is_wanted: Callable[[], bool]) -> Iterator[IO[bytes] | None]:
        """The file of a model, to oneself; None where there is none to be had."""
        with contextlib.ExitStack() as stack:
            file = None
            if self._folder is not None:
                with contextlib.suppress(OSError):
                    file = stack.enter_context((self._folder / f"{NAME}{model}").open("a+b"))
            deadline = time.monotonic() + WAIT_SECONDS
            while file is not None and is_wanted() and time.monotonic() < deadline:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(LOOK_SECONDS)
            yield file


def _read(file: IO[bytes] | None) -> Finding | None:
    if file is None:
        return None
    file.seek(0)
    try:
        return Finding(**json.loads(file.read()))
    except (ValueError, TypeError):  # nobody has tried it, or there was no room for what came of it
        return None


def _write(file: IO[bytes] | None, finding: Finding) -> None:
    if file is not None:
        with contextlib.suppress(OSError):  # then the next worker tries it again
            file.truncate(0)
            file.write(json.dumps(asdict(finding)).encode())
            file.flush()
