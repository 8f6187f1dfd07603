"""The child in which a version is loaded for the first time: started by trial.py, and by nobody else.

It reads on its input what to load, bounds itself before it touches any of it, and says in one line how that went. It
ends with whoever holds the other end of its input, which the system sees to: no thread of its own may come to its turn.
"""

import fcntl
import json
import math
import os
import resource
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

from server.models.model import load
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest

NO_MEMORY = ("bad_alloc", "bad allocation", "Failed to allocate")  # what onnxruntime and numpy say


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    _end_with_the_parent()
    manifest = Manifest.from_json(asked["manifest"].encode())
    _bound(asked["seconds"], asked["bytes"])
    said: dict[str, object] = {}
    try:
        said["threshold"] = load(Path(asked["folder"]), manifest, asked["batch_limit"]).score_threshold
    except MemoryError:
        said["refused"] = _no_memory(asked["bytes"])
    except BrokenArtifact as error:
        said["refused"] = _no_memory(asked["bytes"]) if _lacked_memory(error) else str(error)
    print(json.dumps(said), flush=True)
    os._exit(0)  # nothing here needs to be put away


def _end_with_the_parent() -> None:
    """Have a signal come when the other end of the input is closed, as it is also when its process is killed."""
    if sys.platform != "linux":  # where it is ignored unless somebody handles it
        signal.signal(signal.SIGIO, lambda *_: os._exit(1))
    number = sys.stdin.fileno()
    fcntl.fcntl(number, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(number, select.POLLHUP)
    if poll.poll(0):  # it was closed before
        os._exit(1)


def _bound(seconds: float, more_bytes: int) -> None:
    """Limit the processor time and the memory that are taken from now on, and write no file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    last = math.ceil(used.ru_utime + used.ru_stime + seconds)
    limits = {resource.RLIMIT_CPU: (last, last + 1), resource.RLIMIT_CORE: (0, 0), resource.RLIMIT_FSIZE: (0, 0)}
    with suppress(OSError):  # only Linux tells
        most = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + more_bytes
        limits[resource.RLIMIT_AS] = (most, most)
    for limit, (soft, hard) in limits.items():
        with suppress(ValueError, OSError):  # a stricter one is set already
            resource.setrlimit(limit, (soft, hard))


def _lacked_memory(error: BrokenArtifact) -> bool:
    cause = error.__context__  # whose words may be longer than those of the refusal
    return isinstance(cause, MemoryError) or any(words in f"{error} {cause}" for words in NO_MEMORY)


def _no_memory(more_bytes: int) -> str:
    return f"it takes more than {more_bytes} bytes of memory"


if __name__ == "__main__":
    main()
