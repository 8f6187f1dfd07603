"""Rows that one caller has in one array already: what runs them, and is no batch of several callers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from server.serving.caller import Result


class Blocks(Protocol[Result]):
    """Runs rows where they lie, more of them in one go than a batch has."""

    def block(self, rows: NDArray[np.uint8], /) -> Sequence[Result]:
        """The results of (n, ...) rows, n at most `block_limit`."""

    def block_limit(self) -> int:
        """How many rows may be run in one go, just now."""

    def join(self, parts: Sequence[Sequence[Result]], /) -> Sequence[Result]:
        """The results of a caller's rows, one part after another."""
