"""A job's log: what its child prints, up to a limit."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from server.store import files

LOG_LIMIT_BYTES = 8 * 2**20


def copy_log(source: IO[bytes], path: Path, echo: Callable[[bytes], object] | None) -> None:
    """Copy what the child prints to its log, up to the limit; the rest is dropped, so that the child never blocks.

    Nor does it end for a log that can't be written, or for a reader of `echo` who is gone.
    """
    written = 0
    with source, os.fdopen(_log_at(path), "ab", buffering=0) as log:
        while piece := os.read(source.fileno(), 65536):
            if echo is not None:
                with contextlib.suppress(OSError):
                    echo(piece)
            room = LOG_LIMIT_BYTES - written
            if room > 0:
                end = b"\n(the log is full; what follows was dropped)\n" if len(piece) >= room else b""
                with contextlib.suppress(OSError):
                    log.write(piece[:room] + end)
            written += len(piece)


def _log_at(path: Path) -> int:
    """A descriptor of the log; where something else lies in its place, of nothing, since the job needs none."""
    try:
        return files.open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except OSError as error:
        print(f"the job goes without a log: {error}", flush=True)
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
