"""The retrain policy of one model: read, changed and answered by people; asked by whoever looks (`look`).

What is decided, and the job that it begins, are written in one transaction which sees that there is occasion still. So
of any number of workers one acts, and whoever dies leaves both or neither.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from server.store import policy_log
from server.store.database import Database, Name
from server.store.elapsed import Elapsed
from server.store.errors import Conflict, NotFound
from server.store.files import Json
from server.store.jobs import Jobs
from server.store.occasion import Decision, Facts, Outcome, Reason, decide
from server.store.policy import Mode, Policy, parsed
from server.store.policy_facts import facts_in, runs_in
from server.store.policy_log import Entry, codes
from server.store.tables import job, policy, policy_decision
from server.store.versions import is_number

AUTHOR = "retrain policy"  # of a job that it begins; no key can be called so
REPEAT_SECONDS = 60.0  # the same "not, because" is counted again after so long, or where its figures are others
ACTS = (Outcome.STARTED, Outcome.PROPOSED)

Note = Callable[[Connection, str], None]  # what else is written down, with the job


@dataclass(frozen=True)
class Set:
    """The policy as it is set."""

    policy: Policy
    revision: int  # counts the changes by people
    is_stopped: bool  # after refusals in a row
    counts_from: int  # refusals after this row count


@dataclass(frozen=True)
class Looked:
    """What a look wrote down."""

    outcome: Outcome
    job: str | None


class Policies:
    """The policy of one model, and its decisions."""

    def __init__(self, database: Database, model: Name, jobs: Jobs) -> None:
        self._database = database
        self._model = model
        self._jobs = jobs

    def current(self) -> Set:
        with self._database.read() as connection:
            return self._set(connection)

    def waiting(self) -> str | None:
        """What waits for a person's word: "proposal", "stopped", or nothing."""
        with self._database.read() as connection:
            if policy_log.proposal_in(connection, self._model.id) is not None:
                return "proposal"
            return "stopped" if self._set(connection).is_stopped else None

    def proposal(self) -> Entry | None:
        """The proposal that waits."""
        with self._database.read() as connection:
            row = policy_log.proposal_in(connection, self._model.id)
            return None if row is None else policy_log.entry_of(row)

    def page(self, limit: int, before: int | None = None) -> list[Entry]:
        """Decisions, newest first; those with numbers under `before`."""
        with self._database.read() as connection:
            return policy_log.page_in(connection, self._model.id, limit, before)

    def replace(self, new: Policy, by: str, expect: Callable[[int], object]) -> Set:
        """Set it; `expect` is handed the revision, and raises where it is not the one that was seen.

        A proposal that waits was made by other terms, and is withdrawn.
        """
        with self._database.write() as connection:
            known = self._set(connection)
            expect(known.revision)
            self._write(connection, known.revision, content=new.as_json())
            waiting = policy_log.proposal_in(connection, self._model.id)
            if waiting is not None:
                policy_log.answer(connection, waiting, Outcome.WITHDRAWN, by)
            text = f"the policy is {new.mode}"
            policy_log.add(connection, self._model.id, Outcome.EDITED, [Reason("edited", text, new.as_json())], by)
            return self._set(connection)

    def resume(self, by: str) -> Set:
        """Let it begin retrains again, and count refusals anew; raises Conflict where it was not stopped."""
        with self._database.write() as connection:
            known = self._set(connection)
            if not known.is_stopped:
                raise Conflict("the policy was not stopped, so there is nothing to resume")
            number = policy_log.add(connection, self._model.id, Outcome.RESUMED, [], by)
            self._write(connection, known.revision, stopped=0, counts_from=number)
            return self._set(connection)

    def accept(self, number: str, by: str, held_to: dict[str, Json], note: Note = lambda *_: None) -> str:
        """Begin what a proposal proposes; the job. Raises NotFound, or Conflict where it waits no more or
        a job is open.

        `held_to` is as `policy` of Jobs.create; `note` is called within the transaction.
        """
        with self._database.write() as connection:
            row = self._waiting(connection, number)
            mine = (job.c.model_id == self._model.id) & (job.c.open == 1)
            found = connection.execute(select(job.c.id).where(mine)).scalar()
            if found is not None:
                raise Conflict(f"job {found} is open; wait for it, or cancel it: DELETE /retrain/jobs/{found}")
            begun = self._jobs.admit(connection, {}, f"{AUTHOR}, accepted by {by}", held_to)
            policy_log.answer(connection, row, Outcome.ACCEPTED, by, begun)
            note(connection, str(begun))
            return str(begun)

    def dismiss(self, number: str, by: str) -> None:
        """Answer a proposal with no: what it saw gives no occasion again. Raises NotFound or Conflict."""
        with self._database.write() as connection:
            policy_log.answer(connection, self._waiting(connection, number), Outcome.DISMISSED, by)

    def look(
        self,
        elapsed: Elapsed,
        alarms: tuple[str, ...] | None,
        obstacle: Callable[[], str | None],
        held_to: dict[str, Json],
    ) -> Looked | None:
        """Decide, and write that down, with the job that it begins; None where there is nothing new to write.

        `obstacle` says why no training could begin; it is asked where one would. Raises StoreError.
        """
        with self._database.read() as connection:
            terms = self._set(connection).policy
            if terms.mode is Mode.OFF:
                return None
            facts, decision = self._weigh(connection, elapsed, alarms)
            newest = policy_log.newest_in(connection, self._model.id)
        hindered = obstacle() if decision.outcome in ACTS else None
        if hindered is not None:
            decision = decide(terms, replace(facts, obstacle=hindered))
        stale = facts.is_proposed and _is_stale(facts)
        if decision.outcome is Outcome.NOT and not stale and not _is_news(newest, decision, elapsed):
            return None
        with self._database.write(durable=decision.outcome is not Outcome.NOT) as connection:
            return self._write_down(connection, elapsed, alarms, decision.outcome, hindered, held_to)

    def _write_down(
        self,
        connection: Connection,
        elapsed: Elapsed,
        alarms: tuple[str, ...] | None,
        expected: Outcome,
        hindered: str | None,
        held_to: dict[str, Json],
    ) -> Looked | None:
        """Decide again, by what nobody can change before this is written."""
        for run in runs_in(connection, self._model.id):
            if run.ended is not None and not run.is_settled:
                mine = policy_decision.c.id == run.id
                connection.execute(update(policy_decision).where(mine).values(ended=run.ended))
        facts, decision = self._weigh(connection, elapsed, alarms, hindered)
        waiting = policy_log.proposal_in(connection, self._model.id)
        if waiting is not None and _is_stale(facts):
            policy_log.answer(connection, waiting, Outcome.WITHDRAWN, None)
            return Looked(Outcome.WITHDRAWN, None)
        if decision.outcome is Outcome.NOT:
            return self._not(connection, decision, elapsed)
        if decision.outcome is not expected:  # it came to this just now: the next look sees what hinders it
            return None
        begun = None
        if decision.outcome is Outcome.STARTED:
            begun = self._jobs.admit(connection, {}, AUTHOR, held_to)
        waits = 1 if decision.outcome is Outcome.PROPOSED else None
        policy_log.add(connection, self._model.id, decision.outcome, decision.reasons, job_id=begun, open=waits)
        if decision.outcome is Outcome.STOPPED:
            connection.execute(update(policy).where(policy.c.model_id == self._model.id).values(stopped=1))
        return Looked(decision.outcome, None if begun is None else str(begun))

    def _not(self, connection: Connection, decision: Decision, elapsed: Elapsed) -> Looked | None:
        row = policy_log.newest_in(connection, self._model.id)
        if not _is_news(row, decision, elapsed):
            return None
        if row is not None and _is_same(row, decision):
            policy_log.repeat(connection, row, decision.reasons)
        else:
            policy_log.add(connection, self._model.id, Outcome.NOT, decision.reasons)
        return Looked(Outcome.NOT, None)

    def _weigh(
        self, connection: Connection, elapsed: Elapsed, alarms: tuple[str, ...] | None, hindered: str | None = None
    ) -> tuple[Facts, Decision]:
        known = self._set(connection)
        facts = facts_in(connection, self._model.id, elapsed, alarms, known.is_stopped, known.counts_from)
        facts = replace(facts, obstacle=hindered)
        return facts, decide(known.policy, facts)

    def watch_seconds_in(self, connection: Connection) -> float:
        """How long a version is watched that becomes current without anybody's word."""
        return self._set(connection).policy.watch_minutes * 60

    def _set(self, connection: Connection) -> Set:
        row = connection.execute(select(policy).where(policy.c.model_id == self._model.id)).first()
        if row is None:
            return Set(Policy(), 0, False, 0)
        return Set(parsed(row.content), row.revision, bool(row.stopped), row.counts_from)

    def _write(self, connection: Connection, revision: int, **values: Any) -> None:
        """Change it, as the revision after that one."""
        values |= {"revision": revision + 1}
        if not connection.execute(update(policy).where(policy.c.model_id == self._model.id).values(values)).rowcount:
            connection.execute(insert(policy).values(model_id=self._model.id, **values))

    def _waiting(self, connection: Connection, number: str) -> Row[Any]:
        """The proposal of that number, which waits."""
        mine = policy_decision.c.model_id == self._model.id
        query = select(policy_decision).where(mine, policy_decision.c.id == (int(number) if is_number(number) else 0))
        row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"there is no proposal {number[:40]!r}")
        if row.open is None:
            raise Conflict(f"{number} is no proposal that waits: {row.outcome}")
        return row


def _is_stale(facts: Facts) -> bool:
    """Whether a proposal has nothing to propose any more: it is being done, or was, or its labels are gone."""
    return facts.open_job is not None or facts.labels == 0


def _is_same(row: Row[Any], decision: Decision) -> bool:
    return row.outcome == Outcome.NOT and codes(row.reasons) == [reason.code for reason in decision.reasons]


def _is_news(newest: Row[Any] | None, decision: Decision, elapsed: Elapsed) -> bool:
    """Whether a "not, because" is to be written down, or once more."""
    if newest is None or not _is_same(newest, decision):
        return True
    changed = newest.reasons != [reason.as_json() for reason in decision.reasons]
    return changed or elapsed.since(newest.last_time) >= REPEAT_SECONDS
