"""Calls that are made once, however often they are sent: the key of each, and what the first was answered.

A row says that a call is under way, and in whose process. The answer comes into it in the transaction that makes what
is answered, so that neither is ever there without the other; a row whose process is gone without one made nothing, and
makes room for the next try. https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Row, delete, func, select, update

from server.store import living
from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import AnotherRequest, Conflict, StillUnderWay
from server.store.files import Json
from server.store.tables import idempotency, insert_row, worker

KEPT_HOURS = 24
KEPT_ROWS = 5000  # of more the oldest go


@dataclass(frozen=True)
class Earlier:
    """What the first call was answered."""

    status: int
    answer: dict[str, Json]


class Once:
    """A call that is the first with its key; `note` is for the transaction in which it makes something."""

    def __init__(self, number: int) -> None:
        self.number = number

    def note(self, connection: Connection, status: int, answer: dict[str, Json]) -> None:
        """Write down the answer; raises Conflict where somebody took this process for gone, and is at it."""
        answered = update(idempotency).where(idempotency.c.id == self.number, idempotency.c.status.is_(None))
        if connection.execute(answered.values(status=status, answer=answer)).rowcount != 1:
            raise Conflict("another try of this call is at it; nothing was done by this one")


class Idempotency:
    """The keys of one model's calls."""

    def __init__(
        self, database: Database, model: Name, is_alive: Callable[[str], bool | None] = living.is_alive
    ) -> None:
        self._database = database
        self._model = model
        self._is_alive = is_alive

    def begin(self, by: str, key: str, request: str) -> Once | Earlier:
        """The leave to carry out a call, or what it was answered; `request` is the hash of what is asked.

        Raises AnotherRequest where the key came with something else, StillUnderWay where the first is not over.
        """
        hashed = hashlib.sha256(f"{by}\n{key}".encode()).hexdigest()
        with self._database.write() as connection:
            self._tidy(connection)
            mine = (idempotency.c.model_id == self._model.id) & (idempotency.c.key == hashed)
            found = connection.execute(select(idempotency).where(mine)).first()
            if found is not None:
                if found.request != request:
                    raise AnotherRequest("this Idempotency-Key came with another request before; make a new one")
                if found.status is not None:
                    return Earlier(found.status, found.answer)
                if self._goes_on(connection, found):
                    raise StillUnderWay("the first call with this Idempotency-Key is under way; ask again shortly")
                connection.execute(delete(idempotency).where(mine))
            row = {"key": hashed, "request": request, "living": living.own(), "created_at": now()}
            return Once(insert_row(connection, idempotency, {"model_id": self._model.id, **row}))

    def give_up(self, once: Once) -> None:
        """A call that made nothing is over: the next with its key is the first."""
        unanswered = (idempotency.c.id == once.number) & idempotency.c.status.is_(None)
        with self._database.write() as connection:
            connection.execute(delete(idempotency).where(unanswered))

    def _goes_on(self, connection: Connection, found: Row[tuple[object, ...]]) -> bool:
        """Whether the process of a row is there; one of another machine is while it is among the workers."""
        alive = self._is_alive(found.living)
        if alive is not None:
            return alive
        listed = select(worker.c.id).where(worker.c.model_id == self._model.id, worker.c.living == found.living)
        return connection.execute(listed).first() is not None

    def _tidy(self, connection: Connection) -> None:
        eldest = (datetime.now(UTC) - timedelta(hours=KEPT_HOURS)).isoformat(timespec="seconds")
        newest = select(func.max(idempotency.c.id)).scalar_subquery()
        old = (idempotency.c.created_at < eldest) | (idempotency.c.id <= newest - KEPT_ROWS)
        connection.execute(delete(idempotency).where(idempotency.c.model_id == self._model.id, old))
