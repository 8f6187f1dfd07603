"""Rows of whole numbers, each under a name, in a worker's table (board.py): bounded, and added up over all workers.

Of more names than there are rows the one longest unused makes room; where there is a name for the rest, what it had is
added to that. Fewer are told than each worker has rows for, so that what is told of a name is what all who counted
under it have still: a sum that loses a part would look like a counter that began anew.
"""

import time
from pathlib import Path

import numpy as np

from server.observe.board import Board, Table

NAME_BYTES = 96  # a longer name is cut
_WORDS = NAME_BYTES // 8
_USED = 0  # milliseconds of the monotonic clock, which all processes of a machine have in common; 0: the row is free
_NAME = slice(1, 1 + _WORDS)
HEAD = 1 + _WORDS  # columns before those that are counted in


class Ledger:
    """The rows of one worker, and the way to all workers'."""

    def __init__(
        self,
        columns: int,
        rows: int,
        told: int,
        folder: Path | None = None,
        place: int = 0,
        file: str = "",
        rest: str | None = None,
    ) -> None:
        """`told`: so many names at most, those that were used last; `file` is the board's name in the folder.

        `rest` is the name of all others together, which is told as well; without one nothing is told of them.
        """
        self._told = told
        self._rest = rest
        self._board = Board(rows, HEAD + columns, folder, place, file)
        self.own = self._board.own[:, HEAD:]  # whatever the rows' names are
        if rest is not None:
            self.row(rest)

    def row(self, name: str) -> Table:
        """This worker's row under a name, made if there is none, to count in."""
        rows, key = self._board.own, _words(name)
        known = ((rows[:, _NAME] == key).all(axis=1) & (rows[:, _USED] > 0)).nonzero()[0]
        place = int(known[0]) if len(known) else self._room()
        if not len(known):
            rows[place] = 0
            rows[place, _NAME] = key
        rows[place, _USED] = now_ms()
        row: Table = rows[place, HEAD:]
        return row

    def _room(self) -> int:
        """The place of a row that is free, or is by now."""
        rows = self._board.own
        if self._rest is None:
            return int(rows[:, _USED].argmin())
        is_rest = (rows[:, _NAME] == _words(self._rest)).all(axis=1)
        place = int(np.where(is_rest, np.iinfo(np.int64).max, rows[:, _USED]).argmin())
        rows[is_rest, HEAD:] += rows[place, HEAD:]
        return place

    def all(self) -> dict[str, Table]:
        """What each worker has under each name (workers, columns), by name."""
        used: dict[str, int] = {}
        found: dict[str, list[Table]] = {}
        for table in self._board.all():
            for row in table[table[:, _USED] > 0]:
                name = row[_NAME].tobytes().rstrip(b"\0").decode(errors="ignore")
                used[name] = max(used.get(name, 0), int(row[_USED]))
                found.setdefault(name, []).append(row[HEAD:])
        names = sorted(used.keys() - {self._rest}, key=lambda name: used[name], reverse=True)
        newest = names[: self._told]
        if self._rest is not None:
            newest.append(self._rest)
            found[self._rest] += [row for name in names[self._told :] for row in found[name]]
        return {name: np.stack(found[name]) for name in sorted(newest)}


def now_ms() -> int:
    return int(time.monotonic() * 1e3) + 1


def _words(name: str) -> Table:
    return np.frombuffer(name.encode()[:NAME_BYTES].ljust(NAME_BYTES, b"\0"), np.int64)
