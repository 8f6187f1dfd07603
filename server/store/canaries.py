"""The shadows, canaries and watches of one model, until the version is found wanting, or was promoted or kept.

There is one at a time. Workers add what they count to it, and whoever finds that it is over ends it: one transaction,
which sees it open, has its end and the pointer's move, to a canary that passed or back from a version that was watched.
It began at one place of the pointer; wherever that went since, it moves it from no other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from server.store.called import shown_in
from server.store.canary import PERCENT, REQUESTS, Canary, Known, Outcome, Role, Verdict, Wish, canary_of, moved
from server.store.compared import parts_in, read_as, told_in
from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import Conflict, NotFound
from server.store.files import Json
from server.store.pointer import Pointer
from server.store.tables import canary, canary_part, insert_row, sample
from server.store.versions import Versions, is_number

KEPT = 100  # of those that are over, the newest

Expect = Callable[[str | None], None]
Note = Callable[[Connection, Canary], None]  # what else is written down with one


class Canaries:
    """The canaries and watches of one model."""

    def __init__(
        self,
        database: Database,
        model: Name,
        pointer: Pointer,
        versions: Versions,
        watch_seconds_in: Callable[[Connection], float],
    ) -> None:
        """`watch_seconds_in` says how long a version is watched that becomes current without anybody's word."""
        self._database = database
        self._model = model
        self._pointer = pointer
        self._versions = versions
        self._watch_seconds_in = watch_seconds_in

    def begin(
        self,
        version: str,
        wish: Wish,
        by: str,
        reason: str,
        expect: Expect = lambda _: None,
        note: Note = lambda *_: None,
        role: Role = Role.CANARY,
    ) -> Canary:
        """Begin one; raises Conflict for the current version, which `expect` is given, and beside another.

        `note` is called within the transaction.
        """
        with self._database.write() as connection:
            against = self._pointer.current_in(connection)
            expect(against)
            if against is None or against == version:
                raise Conflict(f"version {version} can be no {role}: it is the current version")
            if (other := self._open_in(connection)) is not None:
                what = "watched" if other.role == Role.WATCH else f"a {other.role}"
                raise Conflict(f"version {other.version} is {what} already; end that, or wait for its end")
            number = self._add(connection, role, version, against, wish, by, reason)
            begun = self._canary(connection, connection.execute(select(canary).where(canary.c.id == number)).one())
            note(connection, begun)
            return begun

    def promote(
        self,
        version: str,
        wish: Wish | None,
        by: str,
        reason: str,
        expected: str | None,
        note: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """As Versions.promote, and the version is watched from then on as `wish` has it."""

        def watched(connection: Connection) -> None:
            if wish is not None:
                self.begin_in(connection, Role.WATCH, version, expected, wish, by, reason)
            note(connection)

        self._versions.promote(version, by, reason, expected, watched)

    def begin_in(
        self, connection: Connection, role: Role, version: str, before: str | None, wish: Wish, by: str, reason: str
    ) -> None:
        """Begin one in the transaction that publishes a version or makes it current, where that was `before`.

        Not of the first of all, nor of one that was current already. What went on until then is over.
        """
        if before is None or before == version:
            return
        if (other := self._open_in(connection)) is not None:
            over = moved(version) if role is Role.WATCH else Verdict(Outcome.ENDED, f"version {version} took its place")
            self._close(connection, other, over, other.role)
        self._add(connection, role, version, before, wish, by, reason)

    def open(self) -> Canary | None:
        """The one that goes on."""
        with self._database.read() as connection:
            row = self._open_in(connection)
            return None if row is None else self._canary(connection, row)

    def newest(self, version: str, role: Role = Role.CANARY) -> Canary:
        """The last one of a version; raises NotFound."""
        number = int(version) if is_number(version) else -1
        mine = (canary.c.model_id == self._model.id) & (canary.c.version == number) & (canary.c.role == role.value)
        with self._database.read() as connection:
            row = connection.execute(select(canary).where(mine).order_by(canary.c.id.desc()).limit(1)).first()
            if row is None:
                what = "not watched" if role is Role.WATCH else f"no {role}"
                raise NotFound(f"version {version[:40]!r} was {what} yet")
            return self._canary(connection, row)

    def over_without_a_move(self) -> list[Canary]:
        """The canaries that were not promoted, and the shadows that no canary followed though one should; oldest
        first."""
        went_on = canary.c.outcome.in_((Outcome.PROMOTED.value, Outcome.PASSED.value))
        was_to_serve = (canary.c.role == Role.CANARY.value) | (
            (canary.c.role == Role.SHADOW.value) & (canary.c.next_seconds > 0)
        )
        mine = (canary.c.model_id == self._model.id) & canary.c.open.is_(None) & was_to_serve & ~went_on
        with self._database.read() as connection:
            rows = connection.execute(select(canary).where(mine).order_by(canary.c.id)).all()
            return [self._canary(connection, row) for row in rows]

    def over(self, number: int) -> Canary | None:
        """One that has ended, as long as it is kept."""
        ended = (canary.c.id == number) & canary.c.open.is_(None)
        with self._database.read() as connection:
            row = connection.execute(select(canary).where(ended)).first()
            return None if row is None else self._canary(connection, row)

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
            counted = self._canary(connection, row).parts
            return Known(counted, told_in(connection, self._model.id, row), moved)

    def end(self, number: int, verdict: Verdict, by: str | None = None) -> bool:
        """End one that goes on; whether it was this call that did. The pointer is moved with it where it says so."""
        with self._database.write() as connection:
            row = self._open_in(connection)
            if row is None or row.id != number:
                return False
            if row.move_id != self._moves_in(connection) and verdict.outcome != Outcome.STOPPED:
                verdict = moved(self._pointer.current_in(connection))
            self._move(connection, row, verdict, by or row.role)
            self._close(connection, row, verdict, by or row.role)
            versions = str(row.version), str(row.against)
            if verdict.outcome == Outcome.PROMOTED and row.next_seconds:
                wish = Wish(row.percent, row.next_seconds, row.requests)
                self._add(connection, Role.WATCH, *versions, wish, row.by, row.reason)
            elif verdict.outcome == Outcome.PASSED and row.next_seconds:
                wish = Wish(PERCENT, row.next_seconds, REQUESTS, self._watch_seconds_in(connection))
                self._add(connection, Role.CANARY, *versions, wish, row.by, row.reason)
            return True

    def _move(self, connection: Connection, row: Row[Any], verdict: Verdict, by: str) -> None:
        """Move the pointer to a canary that passed, or back from a version that was watched and is worse."""
        version, against = str(row.version), str(row.against)
        if verdict.outcome == Outcome.PROMOTED:
            reason = f"{row.reason}: {verdict.why}" if row.reason else verdict.why
            self._versions.promote_in(connection, version, by, reason, against)
        elif verdict.outcome == Outcome.RETURNED and row.role == Role.WATCH:
            self._versions.promote_in(connection, against, by, verdict.why, version, "rolled back")

    def _add(
        self, connection: Connection, role: Role, version: str, against: str, wish: Wish, by: str, reason: str
    ) -> int:
        newest = select(func.max(sample.c.id)).where(sample.c.model_id == self._model.id)
        row = {
            "model_id": self._model.id,
            "role": role.value,
            "version": int(version),
            "against": int(against),
            "move_id": self._moves_in(connection),
            "sample_id": connection.execute(newest).scalar() or 0,
            "percent": wish.percent,
            "seconds": wish.seconds,
            "requests": wish.requests,
            "next_seconds": wish.next_seconds,
            "started_at": now(),
            "by": by,
            "reason": reason,
        }
        number = insert_row(connection, canary, row)
        self._prune(connection)
        return number

    def _close(self, connection: Connection, row: Row[Any], verdict: Verdict, by: str) -> None:
        done = {
            "open": None,
            "ended_at": now(),
            "ended_by": by,
            "outcome": verdict.outcome.value,
            "why": verdict.why,
            "move_id": self._moves_in(connection),
            "result": parts_in(connection, row.id),
        }
        connection.execute(update(canary).where(canary.c.id == row.id).values(done))
        connection.execute(delete(canary_part).where(canary_part.c.canary_id == row.id))

    def _open_in(self, connection: Connection) -> Row[Any] | None:
        mine = (canary.c.model_id == self._model.id) & (canary.c.open == 1)
        return connection.execute(select(canary).where(mine)).first()

    def _moves_in(self, connection: Connection) -> int:
        """The number of the newest move."""
        newest = self._pointer.newest_in(connection)
        return 0 if newest is None else int(newest.id)

    def _prune(self, connection: Connection) -> None:
        mine = (canary.c.model_id == self._model.id) & canary.c.open.is_(None)
        oldest = select(canary.c.id).where(mine).order_by(canary.c.id.desc()).offset(KEPT).limit(1)
        last = connection.execute(oldest).scalar()
        if last is not None:
            connection.execute(delete(canary).where(mine & (canary.c.id <= last)))

    def _canary(self, connection: Connection, row: Row[Any]) -> Canary:
        shown = shown_in(connection, self._model.id)
        parts = parts_in(connection, row.id) if row.open else row.result or []
        return canary_of(row, [read_as(each, shown) for each in parts])
