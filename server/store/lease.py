"""The right to run a job: taken by one runner, kept by a heartbeat, and asked for in every transaction of its.

A lease has a token that counts up with each holder. Whatever a runner or its child tells or publishes is written under
its token, in the same transaction that looks whether the job is still open and its own: so one that was taken for dead
can neither tell nor publish, however late it wakes.
"""

import time
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from server.store import living
from server.store.database import Database
from server.store.errors import Conflict, LeaseLost, NotFound
from server.store.outcome import conclude, outcome
from server.store.tables import event, job, model
from server.store.versions import is_number


class Lease:
    """One holder's right to run one job."""

    def __init__(self, database: Database, number: int, token: int) -> None:
        self.job = str(number)
        self.token = token
        self._database = database
        self._number = number

    def renew(self) -> bool:
        """Beat once; whether somebody asked for the job's end. Raises LeaseLost."""
        with self._database.write() as connection:
            row = self.held(connection)
            connection.execute(update(job).where(job.c.id == self._number).values(heartbeat=job.c.heartbeat + 1))
            return bool(row.cancelled)

    def held(self, connection: Connection) -> Row[Any]:
        """The job's row, if it is open and this lease the newest; else raises LeaseLost. For writing transactions."""
        same = (job.c.id == self._number) & (job.c.lease == self.token) & (job.c.open == 1)
        row = connection.execute(select(job).where(same)).first()
        if row is None:
            raise LeaseLost(f"job {self.job} is over, or somebody else's")
        return row

    def tell(self, stage: str, details: dict[str, Any]) -> None:
        """Add an event, and be in its stage; raises LeaseLost."""
        content = {"stage": stage, "time": time.time(), **details}
        with self._database.write() as connection:
            number = self.held(connection).events + 1
            connection.execute(insert(event).values(job_id=self._number, number=number, content=content))
            connection.execute(update(job).where(job.c.id == self._number).values(state=stage, events=number))

    def learn_from(self, decision: int) -> None:
        """Note that the job learns from the dataset as this decision left it; raises LeaseLost."""
        with self._database.write() as connection:
            self.held(connection)
            connection.execute(update(job).where(job.c.id == self._number).values(decision=decision))

    def conclude(self, connection: Connection, result: dict[str, Any], candidate: dict[str, Any] | None = None) -> None:
        """Write down how the job ended, with the figures of a candidate that was kept; raises LeaseLost."""
        self.held(connection)
        conclude(connection, self._number, result, candidate=candidate)

    def end(self, result: dict[str, Any]) -> None:
        """Conclude the job in a transaction of its own; raises LeaseLost."""
        with self._database.write() as connection:
            self.conclude(connection, result)


def take(database: Database, number: str, name: str, heartbeats: living.Heartbeats) -> Lease | None:
    """The lease of a job, for the process of that name; None while another job runs, whatever its model.

    From now on the files of the dataset stay, until the job has read it and says what it read. Raises NotFound, or
    Conflict if the job is over or another's.
    """
    with database.write() as connection:
        found = select(job).where(job.c.id == int(number)) if is_number(number) else None
        row = connection.execute(found).first() if found is not None else None
        if row is None:
            raise NotFound(f"there is no job {number[:40]!r}")
        if row.open is None:
            raise Conflict(f"job {number} is over already: {row.state}")
        if row.lease:
            raise Conflict(f"job {number} is run by another trainer")
        for other in connection.execute(select(job).where(job.c.open == 1, job.c.lease > 0)):
            if not heartbeats.is_gone((other.id, other.lease), other.holder, other.heartbeat):
                return None
            reason = f"the trainer was stopped from outside while {other.state}"
            conclude(connection, other.id, outcome("failed", reason=reason))
        decision = connection.execute(select(model.c.decision).where(model.c.id == row.model_id)).scalar()
        taken = {"lease": row.lease + 1, "holder": name, "state": "starting", "decision": decision}
        connection.execute(update(job).where(job.c.id == row.id).values(taken))
        return Lease(database, row.id, row.lease + 1)
