"""How far a command is that takes long, on a terminal; nothing anywhere else."""

import time
from typing import TextIO

TOLD_SECONDS = 0.2  # between two words on how far it is


class Progress:
    """One line of a terminal, which is written again and again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None
        self._told = 0.0
        self._is_shown = False

    def tell(self, what: str, done: int, number: int) -> None:
        now = time.monotonic()
        if self._stream is not None and now - self._told >= TOLD_SECONDS:
            self._told, self._is_shown = now, True
            print(f"\r{what}: {done:,} of {number:,}\033[K", end="", file=self._stream, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._stream is not None and self._is_shown:
            self._is_shown = False
            print("\r\033[K", end="", file=self._stream, flush=True)
