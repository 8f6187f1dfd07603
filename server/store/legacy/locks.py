"""No process of the release before may be at work on files that are being taken over: it would be forgotten.

Such a process held the flock of a file, each kind its own, and the kernel let go of it however the process died. Those
that all of a kind share are held meanwhile, so that none begins.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from server.store.errors import Unavailable
from server.store.legacy.reading import read_object


@contextmanager
def alone(artifacts: Path, data: Path) -> Iterator[None]:
    """Hold what those processes hold while they work; raises Unavailable if one of them does."""
    models = artifacts / "models"
    for path in sorted(models.glob("*/workers/*.json")):
        pid = (read_object(path) or {}).get("pid")
        with ExitStack() as held:
            serves = f"still runs and serves {path.parents[1].name}: stop it"
            _hold(held, path, f"a server of an earlier release, process {pid}, {serves}")
    with ExitStack() as held:
        _hold(held, artifacts / "jobs" / "lock", f"a trainer of an earlier release still runs{_job(artifacts)}")
        for path in (artifacts / "jobs" / "admission.lock", data / "lock", *sorted(models.glob("*/pointer.lock"))):
            _hold(held, path, f"a process of an earlier release still runs and holds {path}")
        yield


def _hold(held: ExitStack, path: Path, problem: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unavailable(f"{problem}; what it left is taken over once it has ended") from None


def _job(artifacts: Path) -> str:
    """The job that the trainers' lock names."""
    with suppress(OSError, ValueError):
        words = (artifacts / "jobs" / "lock").read_text()
        return f" job {int(words)}"
    return ""
