"""What a retrain policy decided, and what people decided about it: rows, of which the newest are kept.

The same "not, because" again and again is one row, with how often and when last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from server.store.decisions import now
from server.store.files import Json
from server.store.occasion import Outcome, Reason
from server.store.policy import RUNS_A_DAY_MOST
from server.store.tables import insert_row, model, policy_decision

KEPT = 200  # of those that did something, and as many of those that did not
assert KEPT >= RUNS_A_DAY_MOST


@dataclass(frozen=True)
class Entry:
    """One row."""

    id: int
    outcome: Outcome
    time: str
    last_time: str
    times: int
    reasons: list[dict[str, Json]]
    by: str | None
    job: str | None
    ended: str | None


def add(
    connection: Connection,
    model_id: int,
    outcome: Outcome,
    reasons: Sequence[Reason],
    by: str | None = None,
    **more: Any,
) -> int:
    """Write down a decision; its number."""
    dataset = connection.execute(select(model.c.decision).where(model.c.id == model_id)).scalar_one()
    row = {"model_id": model_id, "outcome": outcome, "time": now(), "by": by, "decision": dataset, **more}
    row |= {"last_time": row["time"], "reasons": [reason.as_json() for reason in reasons]}
    number = insert_row(connection, policy_decision, row)
    _prune(connection, model_id, outcome is Outcome.NOT)
    return number


def repeat(connection: Connection, row: Row[Any], reasons: Sequence[Reason]) -> None:
    """Write down that the same was decided again."""
    values = {"times": row.times + 1, "last_time": now(), "reasons": [reason.as_json() for reason in reasons]}
    connection.execute(update(policy_decision).where(policy_decision.c.id == row.id).values(values))


def answer(connection: Connection, row: Row[Any], outcome: Outcome, by: str | None, job_id: int | None = None) -> None:
    """Close a proposal: what became of it, by whom."""
    dataset = connection.execute(select(model.c.decision).where(model.c.id == row.model_id)).scalar_one()
    values = {"outcome": outcome, "by": by, "job_id": job_id, "decision": dataset, "last_time": now(), "open": None}
    connection.execute(update(policy_decision).where(policy_decision.c.id == row.id).values(values))


def newest_in(connection: Connection, model_id: int) -> Row[Any] | None:
    query = select(policy_decision).where(policy_decision.c.model_id == model_id)
    return connection.execute(query.order_by(policy_decision.c.id.desc()).limit(1)).first()


def proposal_in(connection: Connection, model_id: int) -> Row[Any] | None:
    """The proposal that waits."""
    mine = (policy_decision.c.model_id == model_id) & (policy_decision.c.open == 1)
    return connection.execute(select(policy_decision).where(mine)).first()


def page_in(connection: Connection, model_id: int, limit: int, before: int | None) -> list[Entry]:
    """Decisions, newest first; those with numbers under `before`."""
    query = select(policy_decision).where(policy_decision.c.model_id == model_id)
    if before is not None:
        query = query.where(policy_decision.c.id < before)
    return [entry_of(row) for row in connection.execute(query.order_by(policy_decision.c.id.desc()).limit(limit))]


def entry_of(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        outcome=Outcome(row.outcome),
        time=row.time,
        last_time=row.last_time,
        times=row.times,
        reasons=row.reasons,
        by=row.by,
        job=None if row.job_id is None else str(row.job_id),
        ended=row.ended,
    )


def codes(reasons: Collection[dict[str, Json]]) -> list[Json]:
    """What makes two "not, because" the same."""
    return [reason["code"] for reason in reasons]


def _prune(connection: Connection, model_id: int, idle: bool) -> None:
    """Forget the oldest beyond those that are kept: of those that did something, or of the others."""
    kind = policy_decision.c.outcome == Outcome.NOT if idle else policy_decision.c.outcome != Outcome.NOT
    mine = (policy_decision.c.model_id == model_id) & kind & policy_decision.c.open.is_(None)
    query = select(policy_decision.c.id).where(mine).order_by(policy_decision.c.id.desc()).offset(KEPT).limit(1)
    beyond = connection.execute(query).scalar()
    if beyond is not None:
        connection.execute(delete(policy_decision).where(mine, policy_decision.c.id <= beyond))
