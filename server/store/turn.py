"""Whose turn it is to train: one trainer at a time for all models of a database (lease.py), the others wait."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from server.store.catalogue import HERE
from server.store.database import Database
from server.store.tables import job, model


@dataclass(frozen=True)
class Turn:
    """A job, and the model that it trains."""

    job: str
    model: str


def running(database: Database) -> Turn | None:
    """The job that a trainer has taken up, whatever its model."""
    return _first(database, job.c.lease > 0)


def next_queued(database: Database, own: str) -> Turn | None:
    """The job that has waited longest, of the model `own` or of one that any service of the database can train."""
    return _first(database, job.c.lease == 0, (model.c.name == own) | HERE)


def _first(database: Database, *conditions: ColumnElement[bool]) -> Turn | None:
    query = select(job.c.id, model.c.name).join(model, model.c.id == job.c.model_id).where(job.c.open == 1, *conditions)
    with database.read() as connection:
        row = connection.execute(query.order_by(job.c.id).limit(1)).first()
    return None if row is None else Turn(str(row.id), row.name)
