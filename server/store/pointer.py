"""The pointer to the version that serves: the newest row of its moves, which together say what served when.

Version "0" is the baseline, which ships with the checkout and no row names; it is current before the first move.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select

from server.store import rescue
from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import BrokenArtifact, CurrentMoved, NotFound
from server.store.manifest import SHIPPED, read_manifest
from server.store.tables import model, move

BASELINE = SHIPPED
FALLBACKS = 100  # moves that are looked along for a version that can serve

Kind = Literal["published", "promoted", "rolled back"]


@dataclass(frozen=True)
class Move:
    """One move of the pointer."""

    number: int  # in the order in which they were made, which times are not
    time: str
    from_version: str | None
    to_version: str
    kind: str
    by: str
    reason: str


@dataclass(frozen=True)
class Served:
    """What the pointer named at a time."""

    version: str | None
    move: Move | None  # that brought it there; None before the first
    until: str | None  # time of the next move; None while it is there


@dataclass(frozen=True)
class Baseline:
    """The model that ships, if it is of the name that is served."""

    folder: Path
    name: str

    def is_there(self) -> bool:
        try:
            read_manifest(self.folder, self.name, BASELINE)
        except BrokenArtifact:
            return False
        return True


class Pointer:
    """Where one model's pointer is, and was."""

    def __init__(self, database: Database, model: Name, baseline: Baseline) -> None:
        self._database = database
        self._model = model
        self._baseline = baseline

    def current(self) -> str | None:
        """The version that the pointer names; the baseline before the first move; None if there is neither."""
        with self._database.read() as connection:
            return self.current_in(connection)

    def moves(self, limit: int) -> list[Move]:
        """The newest moves of the pointer, oldest first."""
        query = select(move).where(move.c.model_id == self._model.id).order_by(move.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [_move(row) for row in reversed(rows)]

    def served(self, time: str) -> Served:
        """What the pointer named at a time, as rows have it; of a time that a clock showed twice the later counts.

        Raises NotFound for a time before all that is known.
        """
        mine = select(move).where(move.c.model_id == self._model.id)
        with self._database.read() as connection:
            newest = mine.where(move.c.time <= time).order_by(move.c.id.desc()).limit(1)
            found = connection.execute(newest).first()
            after = mine.where(move.c.id > found.id) if found is not None else mine
            following = connection.execute(after.order_by(move.c.id).limit(1)).first()
            until = following.time if following is not None else None
            if found is not None:
                return Served(str(found.to_version), _move(found), until)
            created = select(model.c.created_at).where(model.c.id == self._model.id)
            begin = str(connection.execute(created).scalar_one())
            begin = min(begin, until) if until is not None else begin
            if time < begin:
                raise NotFound(f"nothing is known of what served before {begin}")
            return Served(_text(following.from_version) if following else self.current_in(connection), None, until)

    def fallbacks(self) -> list[str]:
        """The versions to try at boot: the current, then back along the moves, then the baseline.

        A version that was rolled back from is not tried: somebody found it wanting.
        """
        return self._along([(each.from_version, each.to_version, each.kind) for each in self.moves(FALLBACKS)])

    def rescued(self) -> list[str]:
        """As `fallbacks`, of a database that can't be opened as usual; raises Unavailable."""
        found = rescue.moves(self._database.url, self._model.name, FALLBACKS)
        return self._along([(_text(before), str(after), kind) for before, after, kind in found])

    def newest_in(self, connection: Connection) -> Any:
        """The row of the newest move, None before the first."""
        query = select(move).where(move.c.model_id == self._model.id).order_by(move.c.id.desc()).limit(1)
        return connection.execute(query).first()

    def newest_two_in(self, connection: Connection) -> set[int]:
        """The version that the pointer names, and the last other one that it named before."""
        newest = self.newest_in(connection)
        if newest is None:
            return set()
        mine = (move.c.model_id == self._model.id) & (move.c.to_version != newest.to_version)
        before = connection.execute(select(move.c.to_version).where(mine).order_by(move.c.id.desc()).limit(1)).scalar()
        return {newest.to_version} if before is None else {newest.to_version, before}

    def current_in(self, connection: Connection) -> str | None:
        newest = self.newest_in(connection)
        if newest is not None:
            return str(newest.to_version)
        return BASELINE if self._baseline.is_there() else None

    def expect(self, connection: Connection, expected: str | None) -> None:
        """Raise CurrentMoved unless the pointer is at `expected`; for the transaction that moves it."""
        current = self.current_in(connection)
        if current != expected:
            raise CurrentMoved(f"the current version is {current}, not {expected}")

    def move(self, connection: Connection, number: str, kind: Kind, by: str, reason: str) -> None:
        """Move it, in a transaction that has seen that the version is there."""
        before = self.current_in(connection)
        row = {
            "model_id": self._model.id,
            "time": now(),
            "from_version": int(before) if before is not None else None,
            "to_version": int(number),
            "kind": kind,
            "by": by,
            "reason": reason,
        }
        connection.execute(insert(move).values(row))

    def _along(self, moves: Sequence[tuple[str | None, str, str]]) -> list[str]:
        rejected = {before for before, _, kind in moves if kind == "rolled back"}
        current = [after for _, after, _ in moves[-1:]]
        earlier = [after for _, after, _ in reversed(moves) if after not in rejected]
        baseline = [BASELINE] if self._baseline.is_there() else []
        return list(dict.fromkeys([*current, *earlier, *baseline]))


def kind_of(number: str, current: str | None) -> Kind:
    """What a move by hand from `current` to a version is called in the log: back to an older one, or on."""
    return "rolled back" if current is not None and int(number) < int(current) else "promoted"


def _move(row: Row[Any]) -> Move:
    return Move(row.id, row.time, _text(row.from_version), str(row.to_version), row.kind, row.by, row.reason)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
