"""Retrainings as rows: created, listed, followed and cancelled here; taken up and concluded in lease.py.

A job is open until its row says how it ended, and there is one open job a model, which the table itself sees to. What a
job learns from is the dataset as a decision left it, written down when it is taken up.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from server.store import living
from server.store.content import Content, candidate_path, job_path
from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import Conflict, NotFound
from server.store.files import Json
from server.store.outcome import conclude, outcome
from server.store.tables import event, insert_row, job
from server.store.versions import is_number

FINAL_STATES = ("published", "refused", "failed", "cancelled")
EVENTS_AT_ONCE = 64  # that one query gives: fifty pages that open at once hold so many each


@dataclass(frozen=True)
class Job:
    """A job as far as it has come."""

    job: str
    state: str  # queued, a stage of the runner's, or one of FINAL_STATES
    created_at: str
    by: str
    options: dict[str, Json]
    policy: dict[str, Json]
    progress: dict[str, Json]  # the newest event
    result: dict[str, Json] | None
    decision: int | None  # the dataset that it learns from; None before it is taken up
    cancelled: bool  # somebody asked for its end

    @property
    def is_open(self) -> bool:
        return self.state not in FINAL_STATES


@dataclass(frozen=True)
class Glance:
    """What whoever follows a job has to see each time."""

    state: str
    events: int
    result: dict[str, Json] | None


Note = Callable[[Connection, Job], None]  # what else is written down with a job


class Jobs:
    """The jobs of one model."""

    def __init__(self, database: Database, content: Content, model: Name) -> None:
        self._database = database
        self._content = content
        self._model = model

    def create(self, options: dict[str, Json], by: str, policy: dict[str, Json], note: Note | None = None) -> Job:
        """Admit a job; raises Conflict if one is open. `note` is called within the transaction.

        `policy` is what its starter holds the trainer to: the gate's limits and how much is kept, {} for the defaults.
        """
        try:
            with self._database.write() as connection:
                made = _job(self._row(connection, str(self.admit(connection, options, by, policy))), None)
                if note is not None:
                    note(connection, made)
                return made
        except IntegrityError:
            open_job = self.open()
            if open_job is None:  # it ended just now
                return self.create(options, by, policy, note)
            raise Conflict(
                f"job {open_job.job} is {open_job.state}; wait for it, or cancel it: "
                f"DELETE /retrain/jobs/{open_job.job}"
            ) from None

    def admit(self, connection: Connection, options: dict[str, Json], by: str, policy: dict[str, Json]) -> int:
        """As `create`, in the caller's transaction; raises IntegrityError if one is open."""
        row = {"model_id": self._model.id, "state": "queued", "created_at": now(), "by": by}
        return insert_row(connection, job, row | {"options": options, "policy": policy})

    def get(self, number: str) -> Job:
        """Raises NotFound."""
        with self._database.read() as connection:
            row = self._row(connection, number)
            return _job(row, _newest_event(connection, row))

    def open(self) -> Job | None:
        """The job that is not over."""
        with self._database.read() as connection:
            row = connection.execute(select(job).where(job.c.model_id == self._model.id, job.c.open == 1)).first()
            return None if row is None else _job(row, _newest_event(connection, row))

    def page(self, limit: int, before: int | None = None) -> list[Job]:
        """Jobs, newest first; those with numbers under `before`."""
        query = (
            select(job, event.c.content)
            .join(event, (event.c.job_id == job.c.id) & (event.c.number == job.c.events), isouter=True)
            .where(job.c.model_id == self._model.id)
            .order_by(job.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(job.c.id < before)
        with self._database.read() as connection:
            return [_job(row, row.content) for row in connection.execute(query)]

    def newest_ended(self) -> int:
        """The newest job that is over; 0 if none is."""
        query = select(func.max(job.c.id)).where(job.c.model_id == self._model.id, job.c.open.is_(None))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def ended(self, after: int) -> list[Job]:
        """The jobs after that one which are over, oldest first: they end in order, since one at a time is open."""
        query = select(job).where(job.c.model_id == self._model.id, job.c.id > after, job.c.open.is_(None))
        with self._database.read() as connection:
            return [_job(row, None) for row in connection.execute(query.order_by(job.c.id))]

    def refused(self, limit: int) -> list[tuple[str, dict[str, Json]]]:
        """The candidates that the gate refused and that were kept, newest first: their jobs, and their figures."""
        query = (
            select(job.c.id, job.c.candidate)
            .where(job.c.model_id == self._model.id, job.c.candidate.is_not(None))
            .order_by(job.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(str(row.id), row.candidate) for row in connection.execute(query)]

    def events(self, number: str, after: int) -> list[tuple[int, dict[str, Json]]]:
        """The next events of a job with their numbers, at most EVENTS_AT_ONCE; raises NotFound."""
        return [(each, json.loads(content)) for each, content in self.told(number, after)]

    def told(self, number: str, after: int) -> list[tuple[int, str]]:
        """As `events`, but each as the JSON that it is stored as, which is what a page is sent."""
        query = select(event.c.number, cast(event.c.content, Text)).order_by(event.c.number).limit(EVENTS_AT_ONCE)
        with self._database.read() as connection:
            query = query.where(event.c.job_id == self._row(connection, number).id, event.c.number > after)
            return [(each, content) for each, content in connection.execute(query)]

    def glance(self, number: str) -> Glance:
        """How far a job is, by one look at its row; raises NotFound."""
        with self._database.read() as connection:
            row = self._row(connection, number)
            return Glance(row.state, row.events, row.result)

    def cancel(self, number: str) -> Job:
        """Ask for the end of an open job, which one that nobody took up has at once.

        Raises NotFound, or Conflict if it is over.
        """
        with self._database.write() as connection:
            row = self._row(connection, number)
            if row.open is None:
                raise Conflict(f"job {number} is over already: {row.state}")
            connection.execute(update(job).where(job.c.id == row.id).values(cancelled=1))
            if not row.lease:
                conclude(connection, row.id, outcome("cancelled", reason="cancelled before a trainer took it up"))
            return _job(self._row(connection, number), _newest_event(connection, row))

    def fail(self, number: str, reason: str) -> bool:
        """Conclude a job that nobody took up; whether it was one."""
        with self._database.write() as connection:
            row = self._row(connection, number)
            if row.open is None or row.lease:
                return False
            conclude(connection, row.id, outcome("failed", reason=reason))
            return True

    def fail_gone(self, number: str, reason: str) -> bool:
        """Conclude an open job whose runner is known to be gone, by whoever started it; whether it was open."""
        with self._database.write() as connection:
            row = self._row(connection, number)
            if row.open is None:
                return False
            conclude(connection, row.id, outcome("failed", reason=f"{reason} while {row.state}"))
            return True

    def fail_lost(self, heartbeats: living.Heartbeats) -> str | None:
        """Fail the open job if its runner is gone, as `heartbeats` has seen; the job, if it was so."""
        query = select(job.c.id, job.c.lease, job.c.holder, job.c.heartbeat, job.c.state)
        query = query.where(job.c.model_id == self._model.id, job.c.open == 1, job.c.lease > 0)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None or not heartbeats.is_gone((row.id, row.lease), row.holder, row.heartbeat):
            return None
        with self._database.write() as connection:
            same = (job.c.id == row.id) & (job.c.lease == row.lease) & (job.c.heartbeat == row.heartbeat)
            now_there = connection.execute(select(job.c.state, job.c.cancelled).where(same, job.c.open == 1)).first()
            if now_there is None:
                return None
            reason = f"the trainer was stopped from outside while {now_there.state}"
            conclude(connection, row.id, outcome("failed", reason=reason))
        return str(row.id)

    def prune(self, keep: int) -> list[str]:
        """Forget the oldest finished jobs but `keep`, with their logs and candidates."""
        with self._database.write() as connection:
            query = select(job.c.id).where(job.c.model_id == self._model.id).order_by(job.c.id.desc()).offset(keep)
            finished = query.where(job.c.open.is_(None))
            numbers = list(connection.execute(finished).scalars())
            connection.execute(delete(event).where(event.c.job_id.in_(numbers)))
            connection.execute(delete(job).where(job.c.id.in_(numbers)))
            paths = [path for number in numbers for path in (job_path(number), candidate_path(number))]
            self._content.release(connection, "artifacts", paths)
        self._content.tidy()
        return [str(number) for number in reversed(numbers)]

    def _row(self, connection: Connection, number: str) -> Row[Any]:
        row = None
        if is_number(number):
            query = select(job).where(job.c.model_id == self._model.id, job.c.id == int(number))
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"there is no job {number[:40]!r}")
        return row


def _job(row: Row[Any], newest: dict[str, Json] | None) -> Job:
    return Job(
        job=str(row.id),
        state=row.state,
        created_at=row.created_at,
        by=row.by,
        options=row.options,
        policy=row.policy,
        progress=newest or {},
        result=row.result,
        decision=row.decision,
        cancelled=bool(row.cancelled),
    )


def _newest_event(connection: Connection, row: Row[Any]) -> dict[str, Json] | None:
    query = select(event.c.content).where(event.c.job_id == row.id, event.c.number == row.events)
    found: dict[str, Json] | None = connection.execute(query).scalar()
    return found
