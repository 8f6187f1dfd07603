"""Alarms: a version's answers are no longer like those about the pictures that it came with.

One is open until somebody says that it was seen. It is about one version: while another serves it counts for nothing,
and if the pointer comes back it counts again.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import Conflict, NotFound
from server.store.pointer import Pointer
from server.store.tables import alarm, insert_row


@dataclass(frozen=True)
class Alarm:
    """What was found about the answers of a version."""

    id: int
    time: str
    version: str
    since: str  # when the answers became others, as far as they show it
    statistic: str  # what moved most: label, margin, score or ink
    content: dict[str, Any]  # how far, and what else moved: observe/drift.py


class Alarms:
    """The alarms of one model; every process sees them all."""

    def __init__(self, database: Database, model: Name, pointer: Pointer) -> None:
        self._database = database
        self._model = model
        self._pointer = pointer

    def told(self) -> list[str]:
        """The open alarm as a sentence, for the policy; [] without one. Raises StoreError."""
        found = self.open()
        if found is None:
            return []
        return [f"since {found.since} the answers of version {found.version} are no longer what they were"]

    def open(self) -> Alarm | None:
        """The open alarm about the version that the pointer is at. Raises StoreError."""
        version = self._pointer.current()
        return None if version is None else self.about(version)

    def about(self, version: str) -> Alarm | None:
        """The open alarm about a version."""
        with self._database.read() as connection:
            row = connection.execute(select(alarm).where(self._open, alarm.c.version == version)).first()
        return None if row is None else _alarm(row)

    def find(self, number: int) -> Alarm:
        """An alarm, open or not; raises NotFound."""
        mine = (alarm.c.model_id == self._model.id) & (alarm.c.id == number)
        with self._database.read() as connection:
            row = connection.execute(select(alarm).where(mine)).first()
        if row is None:
            raise NotFound(f"there is no alarm {number}")
        return _alarm(row)

    def raise_(self, version: str, since: str, statistic: str, content: dict[str, Any]) -> Alarm:
        """Open an alarm about a version, unless there is one: two that see the same make one. The open one."""
        row = {"model_id": self._model.id, "time": now(), "version": version, "since": since}
        row |= {"statistic": statistic, "content": content}
        with self._database.write() as connection:
            mine = select(alarm).where(self._open, alarm.c.version == version)
            if (found := connection.execute(mine).first()) is None:
                insert_row(connection, alarm, row)
                found = connection.execute(mine).one()
        return _alarm(found)

    def close(self, number: int, by: str) -> None:
        """Somebody has seen an alarm, and the watch begins anew; raises Conflict if it is not open."""
        with self._database.write() as connection:
            seen = update(alarm).where(self._open, alarm.c.id == number).values(closed_at=now(), closed_by=by)
            if not connection.execute(seen).rowcount:
                raise Conflict(f"the alarm {number} is not open")

    @property
    def _open(self) -> ColumnElement[bool]:
        return (alarm.c.model_id == self._model.id) & alarm.c.closed_at.is_(None)


def _alarm(row: Row[Any]) -> Alarm:
    return Alarm(row.id, row.time, row.version, row.since, row.statistic, row.content)
