"""What is known of one model when a retrain policy is asked: read in one transaction, from the rows of others."""

from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from server.store.canary import Outcome as End
from server.store.canary import Role
from server.store.elapsed import Elapsed
from server.store.occasion import Facts, Outcome
from server.store.policy import RUNS_A_DAY_MOST
from server.store.policy_log import proposal_in
from server.store.tables import canary, decision, job, lesson, policy_decision, version


class Run(NamedTuple):
    """A retrain that a policy began, or that somebody began by accepting its proposal."""

    id: int  # of the row that says so
    time: str
    job_id: int
    ended: str | None  # how; None while it is open
    is_settled: bool  # its row says so too


def facts_in(
    connection: Connection,
    model_id: int,
    elapsed: Elapsed,
    alarms: tuple[str, ...] | None,
    is_stopped: bool,
    counts_from: int,
) -> Facts:
    """The facts as of now; refusals count of rows after that one."""
    newest = select(func.max(lesson.c.since)).where(lesson.c.model_id == model_id).scalar_subquery()
    taught = connection.execute(select(decision.c.time).where(decision.c.id == newest)).scalar()
    jobs = select(job.c.id, job.c.created_at, job.c.open).where(job.c.model_id == model_id)
    last = connection.execute(jobs.order_by(job.c.id.desc()).limit(1)).first()
    dismissed = _newest_time(connection, model_id, Outcome.DISMISSED)
    runs = runs_in(connection, model_id)
    begun = [last.created_at] if last is not None else []
    begun += [each.time for each in runs[:1]] + ([dismissed] if dismissed is not None else [])
    return Facts(
        now=elapsed.now(),
        labels=new_labels(connection, model_id),
        quiet_seconds=None if taught is None else elapsed.since(taught),
        alarms=alarms,
        last_seconds=min(map(elapsed.since, begun), default=None),
        runs=tuple(elapsed.since(each.time) for each in runs),
        refusals=_refusals(connection, model_id, runs, counts_from),
        is_stopped=is_stopped,
        open_job=str(last.id) if last is not None and last.open else None,
        tried=_tried(connection, model_id),
        is_proposed=proposal_in(connection, model_id) is not None,
    )


def new_labels(connection: Connection, model_id: int) -> int:
    """How many labels in force were put so after what the last training learned from, or a person had in view who
    dismissed a proposal or cancelled a run. A training that failed has learned nothing."""
    mine = (job.c.model_id == model_id) & (job.c.state != "failed")
    learned = connection.execute(select(func.max(job.c.decision)).where(mine)).scalar() or 0
    answered = or_(policy_decision.c.outcome == Outcome.DISMISSED, policy_decision.c.ended == "cancelled")
    rows = select(func.max(policy_decision.c.decision)).where(policy_decision.c.model_id == model_id, answered)
    seen = max(learned, connection.execute(rows).scalar() or 0)
    new = (lesson.c.model_id == model_id) & (lesson.c.since > seen) & lesson.c.until.is_(None)
    return int(connection.execute(select(func.count()).select_from(lesson).where(new)).scalar_one())


def runs_in(connection: Connection, model_id: int) -> list[Run]:
    """The newest runs of the policy, newest first, as many as a day may have."""
    query = (
        select(policy_decision, job.c.state, job.c.open.label("job_open"))
        .join(job, job.c.id == policy_decision.c.job_id, isouter=True)
        .where(policy_decision.c.model_id == model_id, policy_decision.c.job_id.is_not(None))
        .order_by(policy_decision.c.id.desc())
        .limit(RUNS_A_DAY_MOST)
    )
    return [
        Run(
            row.id, row.last_time, row.job_id, row.ended or (None if row.job_open else row.state), row.ended is not None
        )
        for row in connection.execute(query)
    ]


def _refusals(connection: Connection, model_id: int, runs: list[Run], counts_from: int) -> int:
    """How many of the newest runs in a row were refused or failed, or brought what was found worse in its trial, since
    any retrain was published that was not."""
    returned = _returned(connection, model_id)
    published = select(func.max(job.c.id)).where(job.c.model_id == model_id, job.c.state == "published")
    since = connection.execute(published.where(job.c.id.not_in(returned))).scalar() or 0
    number = 0
    for run in runs:
        is_worse = run.ended in ("refused", "failed") or run.job_id in returned
        if run.id <= counts_from or run.job_id < since or (run.ended == "published" and not is_worse):
            break
        number += is_worse
    return number


def _returned(connection: Connection, model_id: int) -> list[int]:
    """The jobs whose versions were returned, from shadow, as a canary or once they were watched."""
    same = (version.c.model_id == canary.c.model_id) & (version.c.number == canary.c.version)
    mine = (canary.c.model_id == model_id) & (canary.c.outcome == End.RETURNED.value) & version.c.job_id.is_not(None)
    return list(connection.execute(select(version.c.job_id).join(canary, same).where(mine)).scalars())


def _tried(connection: Connection, model_id: int) -> str | None:
    """The version that is in shadow, or a canary."""
    mine = (canary.c.model_id == model_id) & (canary.c.open == 1) & (canary.c.role != Role.WATCH.value)
    found = connection.execute(select(canary.c.version).where(mine)).scalar()
    return None if found is None else str(found)


def _newest_time(connection: Connection, model_id: int, outcome: Outcome) -> str | None:
    mine = (policy_decision.c.model_id == model_id) & (policy_decision.c.outcome == outcome)
    query = select(policy_decision.c.last_time).where(mine).order_by(policy_decision.c.id.desc()).limit(1)
    found: str | None = connection.execute(query).scalar()
    return found
