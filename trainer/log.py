"""A job's log: what its child prints, up to a limit."""

import contextlib
import os
import sys
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
    with source, _log_at(path) or contextlib.nullcontext() as log:
        while piece := os.read(source.fileno(), 65536):
            if echo is not None:
                with contextlib.suppress(OSError):
                    echo(piece)
            room = LOG_LIMIT_BYTES - written
            if room > 0:
                end = b"\n(the log is full; what follows was dropped)\n" if len(piece) >= room else b""
                with contextlib.suppress(OSError):
                    if log is not None:
                        log.write(piece[:room] + end)
            written += len(piece)


def _log_at(path: Path) -> IO[bytes] | None:
    """The log, or none where it can't be opened or something else lies in its place, since the job needs none."""
    try:
        descriptor = files.open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            return os.fdopen(descriptor, "ab", buffering=0)
        except OSError:
            os.close(descriptor)
            raise
    except OSError as error:
        print(f"the job goes without a log: {error}", file=sys.stderr, flush=True)
        return None
