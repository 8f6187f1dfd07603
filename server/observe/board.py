"""A table of whole numbers for each worker, which all workers of one server can read: who is asked tells for all.

A server of several workers has a folder for it, in which all room is taken beforehand (process/counts.py); whoever
fills a dead worker's place counts on in its table. A row belongs to the time that it is stamped with, so that nobody
has to empty what is old. A look while another worker writes may see half of an addition; the next one sees it whole.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAME = "minutes_{}"  # of the table of a place, unless it is another

Table = NDArray[np.int64]  # (rows, columns)


class Board:
    """The table of one worker, and the way to the others'."""

    def __init__(self, rows: int, columns: int, folder: Path | None = None, place: int = 0, name: str = NAME) -> None:
        """Without a folder there is one worker, and its table in memory."""
        self._shape = rows, columns
        self._folder = folder
        self._name = name
        self.own: Table = (
            np.zeros(self._shape, np.int64) if folder is None else self._open(folder / name.format(place), "r+")
        )

    def all(self) -> list[Table]:
        """Everybody's tables, as they are now."""
        return [self.own.copy()] if self._folder is None else list(self._tables(self._folder))

    def _tables(self, folder: Path) -> Iterator[Table]:
        for path in sorted(folder.glob(self._name.format("*"))):
            with suppress(OSError, ValueError):  # the folder goes while the server stops
                yield np.array(self._open(path, "r"))

    def _open(self, path: Path, mode: str) -> Table:
        mapped: Table = np.memmap(path, np.int64, mode, shape=self._shape)  # type: ignore[call-overload]
        return mapped.view(np.ndarray)  # which counts faster
