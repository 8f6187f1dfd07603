"""The canaries of one model: a version that a share of the requests is given to, until it is found wanting or promoted.

There is one at a time. Workers add what they count to it, and whoever finds that it is over ends it: one transaction,
which sees it open, has its end and, where it passed, the pointer's move. It began at one place of the pointer; wherever
that went since, it is promoted from no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import Conflict, NotFound
from server.store.files import Json
from server.store.pointer import Pointer
from server.store.tables import canary, canary_part, insert_row, sample
from server.store.versions import Versions, is_number

BY = "canary"  # who a promotion, or an end, is by that nobody asked for
KEPT = 100  # of those that are over, the newest

Expect = Callable[[str | None], None]


class Outcome(StrEnum):
    """How a canary ends."""

    PROMOTED = "promoted"
    RETURNED = "returned"  # it was found worse
    STOPPED = "stopped"  # somebody asked for it
    ENDED = "ended"  # before anything could be said of it


@dataclass(frozen=True)
class Verdict:
    """How a canary is to end, and why."""

    outcome: Outcome
    why: str


@dataclass(frozen=True)
class Wish:
    """What is asked of a canary."""

    percent: float
    seconds: float
    requests: int  # without which nothing can be said of it


@dataclass(frozen=True)
class Canary:
    """One canary, as far as it is known."""

    id: int
    version: str
    against: str
    percent: float
    seconds: float
    requests: int
    started_at: str
    by: str
    reason: str
    ended_at: str | None
    ended_by: str | None
    outcome: Outcome | None
    why: str | None
    move: int  # the newest move of the pointer, when it began, or by its end
    parts: list[dict[str, Any]]  # what workers have counted of it


@dataclass(frozen=True)
class Known:
    """What is known of an open canary by all workers."""

    parts: list[dict[str, Any]]
    told: dict[str, tuple[int, int]]  # version -> labels told of its answers since, and how many say it was wrong
    moved_to: str | None  # the version that was made current meanwhile


Note = Callable[[Connection, Canary], None]  # what else is written down with one


class Canaries:
    """The canaries of one model."""

    def __init__(self, database: Database, model: Name, pointer: Pointer, versions: Versions) -> None:
        self._database = database
        self._model = model
        self._pointer = pointer
        self._versions = versions

    def begin(
        self, version: str, wish: Wish, by: str, reason: str, expect: Expect = lambda _: None, note: Note | None = None
    ) -> Canary:
        """Begin one; raises Conflict for the current version, which `expect` is given, and beside another canary.

        `note` is called within the transaction.
        """
        with self._database.write() as connection:
            against = self._pointer.current_in(connection)
            expect(against)
            if against is None or against == version:
                raise Conflict(f"version {version} can be no canary: it is the current version")
            if (other := self._open_in(connection)) is not None:
                raise Conflict(f"version {other.version} is a canary already; end it, or wait for its end")
            newest = select(func.max(sample.c.id)).where(sample.c.model_id == self._model.id)
            row = {
                "model_id": self._model.id,
                "version": int(version),
                "against": int(against),
                "move_id": self._moves_in(connection),
                "sample_id": connection.execute(newest).scalar() or 0,
                "percent": wish.percent,
                "seconds": wish.seconds,
                "requests": wish.requests,
                "started_at": now(),
                "by": by,
                "reason": reason,
            }
            number = insert_row(connection, canary, row)
            self._prune(connection)
            begun = self._canary(connection, connection.execute(select(canary).where(canary.c.id == number)).one())
            if note is not None:
                note(connection, begun)
            return begun

    def open(self) -> Canary | None:
        """The one that goes on."""
        with self._database.read() as connection:
            row = self._open_in(connection)
            return None if row is None else self._canary(connection, row)

    def newest(self, version: str) -> Canary:
        """The last one of a version; raises NotFound."""
        mine = (canary.c.model_id == self._model.id) & (
            canary.c.version == (int(version) if is_number(version) else -1)
        )
        with self._database.read() as connection:
            row = connection.execute(select(canary).where(mine).order_by(canary.c.id.desc()).limit(1)).first()
            if row is None:
                raise NotFound(f"version {version[:40]!r} was no canary yet")
            return self._canary(connection, row)

    def over_without_a_move(self) -> list[Canary]:
        """Those that ended and were not promoted, oldest first."""
        is_over = canary.c.open.is_(None) & (canary.c.outcome != Outcome.PROMOTED.value)
        mine = (canary.c.model_id == self._model.id) & is_over
        with self._database.read() as connection:
            rows = connection.execute(select(canary).where(mine).order_by(canary.c.id)).all()
            return [self._canary(connection, row) for row in rows]

    def add(self, number: int, worker: str, content: Mapping[str, Json]) -> Known | None:
        """Say what a worker has counted so far; what all know then, None where the canary is over."""
        part = {"canary_id": number, "worker": worker}
        with self._database.write(durable=False) as connection:
            row = self._open_in(connection)
            if row is None or row.id != number:
                return None
            mine = (canary_part.c.canary_id == number) & (canary_part.c.worker == worker)
            if not connection.execute(update(canary_part).where(mine).values(content=dict(content))).rowcount:
                connection.execute(insert(canary_part).values(**part, content=dict(content)))
            moved = None if row.move_id == self._moves_in(connection) else self._pointer.current_in(connection)
            return Known(self._parts(connection, number), self._told(connection, row), moved)

    def end(self, number: int, verdict: Verdict, by: str = BY) -> bool:
        """End one that goes on; whether it was this call that did. One that passed is made current with it."""
        with self._database.write() as connection:
            row = self._open_in(connection)
            if row is None or row.id != number:
                return False
            if row.move_id != self._moves_in(connection) and verdict.outcome != Outcome.STOPPED:
                verdict = moved(self._pointer.current_in(connection))
            if verdict.outcome == Outcome.PROMOTED:
                reason = f"{row.reason}: {verdict.why}" if row.reason else verdict.why
                self._versions.promote_in(connection, str(row.version), by, reason, str(row.against))
            done = {
                "open": None,
                "ended_at": now(),
                "ended_by": by,
                "outcome": verdict.outcome.value,
                "why": verdict.why,
                "move_id": self._moves_in(connection),
                "result": self._parts(connection, number),
            }
            connection.execute(update(canary).where(canary.c.id == number).values(done))
            connection.execute(delete(canary_part).where(canary_part.c.canary_id == number))
            return True

    def _open_in(self, connection: Connection) -> Row[Any] | None:
        mine = (canary.c.model_id == self._model.id) & (canary.c.open == 1)
        return connection.execute(select(canary).where(mine)).first()

    def _moves_in(self, connection: Connection) -> int:
        """The number of the newest move."""
        newest = self._pointer.newest_in(connection)
        return 0 if newest is None else int(newest.id)

    def _parts(self, connection: Connection, number: int) -> list[dict[str, Any]]:
        query = select(canary_part.c.content).where(canary_part.c.canary_id == number).order_by(canary_part.c.worker)
        return [dict(each) for each in connection.execute(query).scalars()]

    def _told(self, connection: Connection, row: Row[Any]) -> dict[str, tuple[int, int]]:
        label = func.coalesce(sample.c.reviewed, sample.c.feedback)
        wrong = func.sum(case((label != sample.c.predicted, 1), else_=0))
        since = (sample.c.model_id == self._model.id) & (sample.c.id > row.sample_id) & label.is_not(None)
        query = select(sample.c.version, func.count(), wrong).where(since).group_by(sample.c.version)
        return {str(version): (int(labels), int(wrong)) for version, labels, wrong in connection.execute(query)}

    def _prune(self, connection: Connection) -> None:
        mine = (canary.c.model_id == self._model.id) & canary.c.open.is_(None)
        oldest = select(canary.c.id).where(mine).order_by(canary.c.id.desc()).offset(KEPT).limit(1)
        last = connection.execute(oldest).scalar()
        if last is not None:
            connection.execute(delete(canary).where(mine & (canary.c.id <= last)))

    def _canary(self, connection: Connection, row: Row[Any]) -> Canary:
        return Canary(
            id=row.id,
            version=str(row.version),
            against=str(row.against),
            percent=row.percent,
            seconds=row.seconds,
            requests=row.requests,
            started_at=row.started_at,
            by=row.by,
            reason=row.reason,
            ended_at=row.ended_at,
            ended_by=row.ended_by,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            why=row.why,
            move=row.move_id,
            parts=self._parts(connection, row.id) if row.open else _listed(row.result),
        )


def moved(current: str | None) -> Verdict:
    """What becomes of a canary once the pointer has moved."""
    return Verdict(Outcome.ENDED, f"version {current} was made current meanwhile")


def _listed(content: Any) -> list[dict[str, Any]]:
    return [dict(each) for each in content or []]
