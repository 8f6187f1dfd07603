"""A policy's decisions are rows; of any number of workers that look, one begins a retrain, whatever the clock does."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from export.publish import publish as publish_candidate
from server.store import jobs, living, policy_log
from server.store.canary import Outcome as TrialOutcome
from server.store.canary import Verdict
from server.store.elapsed import Elapsed
from server.store.errors import Conflict, NotFound
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.occasion import Outcome
from server.store.outcome import outcome
from server.store.policies import AUTHOR, Looked, Set
from server.store.policy import Mode, Policy
from tests.opener import Opener
from tests.server.store.memories import at_once, doubted, labelled, publish, sha_of
from tests.tiny import publish_tiny, tiny_candidate

AUTO = Policy(Mode.AUTO, labels=3, quiet_minutes=0, cooldown_minutes=0)
ASK = replace(AUTO, mode=Mode.ASK)
BEGAN = Looked(Outcome.STARTED, "1")
WORSE = Verdict(TrialOutcome.RETURNED, "worse")


class Clock:
    """A clock that a test sets: the time that rows are written with, and a worker's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
        self.monotonic = 1000.0
        for module in (jobs, policy_log):
            monkeypatch.setattr(module, "now", lambda: self.wall.isoformat(timespec="milliseconds"))
        monkeypatch.setattr("server.store.decisions.now", lambda: self.wall.isoformat(timespec="milliseconds"))

    def passes(self, **time: float) -> None:
        self.jumps(**time)
        self.monotonic += timedelta(**time).total_seconds()

    def jumps(self, **time: float) -> None:
        self.wall += timedelta(**time)

    def worker(self) -> Elapsed:
        return Elapsed(lambda: self.wall, lambda: self.monotonic)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def given(memory: Memory, policy: Policy) -> Set:
    return memory.policies.replace(policy, "ana", lambda _: None)


def look(
    memory: Memory,
    elapsed: Elapsed | None = None,
    alarms: tuple[str, ...] | None = None,
    obstacle: Callable[[], str | None] = lambda: None,
) -> Looked | None:
    return memory.policies.look(elapsed or Elapsed(), alarms, obstacle, {"keep_jobs": 7})


def upload(memory: Memory, *numbers: int) -> None:
    memory.dataset.add([labelled(number) for number in numbers], "upload")


def end(memory: Memory, state: str, **more: Any) -> None:
    """Let the open job learn and end."""
    found = memory.jobs.open()
    assert found is not None
    lease = take(memory.database, found.job, living.own(), living.Heartbeats())
    assert isinstance(lease, Lease)
    lease.end(outcome(state, **more))


def told(memory: Memory) -> list[tuple[str, int, list[Any]]]:
    """Each decision, newest first: its outcome, how often it was made, its reasons."""
    return [
        (each.outcome, each.times, [reason["code"] for reason in each.reasons]) for each in memory.policies.page(99)
    ]


def test_it_is_off_and_decides_nothing_until_somebody_sets_it(memory: Memory) -> None:
    upload(memory, *range(200))
    assert memory.policies.current() == Set(Policy(), 0, False, 0)
    assert look(memory) is None
    assert memory.policies.page(9) == []
    assert given(memory, AUTO) == Set(AUTO, 1, False, 0)
    assert told(memory) == [("edited", 1, ["edited"])]
    assert memory.policies.page(9)[0].by == "ana"
    assert given(memory, replace(AUTO, mode=Mode.OFF)).revision == 2
    assert look(memory) is None
    assert memory.jobs.open() is None


def test_a_change_by_somebody_who_saw_another_changes_nothing(memory: Memory) -> None:
    given(memory, AUTO)

    def refuse(revision: int) -> None:
        raise ValueError(revision)

    with pytest.raises(ValueError, match="1"):
        memory.policies.replace(ASK, "bob", refuse)
    assert memory.policies.current().policy == AUTO


def test_enough_labels_begin_one_job_in_its_name(memory: Memory) -> None:
    given(memory, AUTO)
    upload(memory, 1, 2)
    memory.dataset.add([doubted(3, "3")], "upload")
    assert look(memory) == Looked(Outcome.NOT, None)
    assert memory.jobs.open() is None
    memory.dataset.accept(sha_of(3))
    assert look(memory) == BEGAN
    begun = memory.jobs.get("1")
    assert (begun.by, begun.policy, begun.state) == (AUTHOR, {"keep_jobs": 7}, "queued")
    assert look(memory) == Looked(Outcome.NOT, None)
    assert told(memory)[0] == ("not", 1, ["job_open"])
    assert told(memory)[1] == ("started", 1, ["labels"])
    assert memory.policies.page(9)[1].job == "1"


def test_a_training_counts_labels_anew_and_one_that_failed_does_not(memory: Memory) -> None:
    given(memory, AUTO)
    upload(memory, 1, 2, 3)
    assert look(memory) == BEGAN
    end(memory, "failed")
    assert look(memory) == Looked(Outcome.STARTED, "2")
    end(memory, "refused")
    upload(memory, 4, 5)
    assert look(memory) == Looked(Outcome.NOT, None)
    upload(memory, 6)
    assert look(memory) == Looked(Outcome.STARTED, "3")
    assert [each.ended for each in memory.policies.page(9) if each.job] == [None, "refused", "failed"]


@pytest.mark.parametrize("state", ["published", "refused", "cancelled"])
def test_a_retrain_by_hand_counts_them_anew_too(memory: Memory, state: str) -> None:
    given(memory, AUTO)
    upload(memory, 1, 2, 3)
    memory.jobs.create({}, "ana", {})
    assert look(memory) == Looked(Outcome.NOT, None)
    end(memory, state)
    assert look(memory) == Looked(Outcome.NOT, None)
    assert told(memory)[0] == ("not", 1, ["labels", "no_alarm_watched"])


def test_a_label_that_was_taken_back_does_not_count(memory: Memory) -> None:
    given(memory, AUTO)
    upload(memory, 1, 2)
    upload(memory, 3)
    memory.dataset.remove(sha_of(3))
    assert look(memory) == Looked(Outcome.NOT, None)


def test_a_run_that_a_person_cancelled_is_not_begun_again(memory: Memory) -> None:
    given(memory, AUTO)
    upload(memory, 1, 2, 3)
    assert look(memory) == BEGAN
    memory.jobs.cancel("1")
    assert look(memory) == Looked(Outcome.NOT, None)
    assert memory.jobs.open() is None


def test_the_same_again_is_one_row(memory: Memory, clock: Clock) -> None:
    worker = clock.worker()
    given(memory, AUTO)
    for minutes in range(5):
        assert look(memory, worker) == Looked(Outcome.NOT, None)
        clock.passes(seconds=59)
        assert look(memory, worker) is None
        clock.passes(seconds=1)
        assert told(memory) == [("not", minutes + 1, ["labels", "no_alarm_watched"]), ("edited", 1, ["edited"])]
    upload(memory, 1)
    assert look(memory, worker) == Looked(Outcome.NOT, None)  # at once, since its figures are others
    newest = memory.policies.page(1)[0]
    assert (newest.times, newest.reasons[0]["figures"]) == (6, {"labels": 1, "wanted": 3})
    assert newest.last_time > newest.time


def test_rows_are_bounded_in_number(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_log, "KEPT", 3)
    for number in range(6):
        given(memory, replace(AUTO, labels=number + 10))
        look(memory)
    assert [outcome for outcome, _, _ in told(memory)].count("not") == 3
    assert [outcome for outcome, _, _ in told(memory)].count("edited") == 3


def test_of_many_workers_one_begins_one_job(opener: Opener) -> None:
    given(opener.ready(), AUTO)
    upload(opener.ready(), 1, 2, 3)
    workers = [opener.ready() for _ in range(6)]
    done = at_once(*[partial(look, each) for each in workers])
    assert done.count(BEGAN) == 1, done
    assert all(each in (BEGAN, Looked(Outcome.NOT, None), None) for each in done), done
    assert len(workers[0].jobs.page(9)) == 1


def test_a_retrain_by_hand_at_the_same_moment_is_the_only_one(opener: Opener) -> None:
    given(opener.ready(), AUTO)
    upload(opener.ready(), 1, 2, 3)
    one, other = opener.ready(), opener.ready()
    done = at_once(partial(look, one), partial(other.jobs.create, {}, "ana", {}))
    assert not [each for each in done if isinstance(each, Exception) and not isinstance(each, Conflict)], done
    assert len(one.jobs.page(9)) == 1


def test_an_open_alarm_begins_one_with_labels_to_learn_from(memory: Memory) -> None:
    given(memory, replace(AUTO, labels=None))
    version = publish_tiny(memory)

    def looked() -> Looked | None:
        return look(memory, alarms=tuple(memory.drift.told()))

    upload(memory, 1)
    assert looked() == Looked(Outcome.NOT, None)
    assert told(memory)[0] == ("not", 1, ["no_alarm"])
    memory.drift.raise_(version, "2026-11-28T02:00:00.000+00:00", "ink", {})
    assert looked() == BEGAN
    (sentence,) = memory.drift.told()
    assert f"the answers of version {version} are no longer what they were" in sentence
    assert memory.policies.page(1)[0].reasons[0]["figures"] == {"alarms": [sentence]}
    end(memory, "refused")
    assert looked() == Looked(Outcome.NOT, None)
    assert told(memory)[0] == ("not", 1, ["alarm_no_label"])


def test_what_hinders_any_training_hinders_this_one(memory: Memory) -> None:
    given(memory, AUTO)
    upload(memory, 1, 2, 3)
    assert look(memory, obstacle=lambda: "no trainer") == Looked(Outcome.NOT, None)
    assert look(memory, obstacle=lambda: "no trainer") is None
    assert told(memory)[0] == ("not", 1, ["obstacle"])
    assert look(memory) == BEGAN


def test_a_proposal_stands_until_it_is_accepted(memory: Memory) -> None:
    given(memory, ASK)
    upload(memory, 1, 2, 3)
    assert look(memory) == Looked(Outcome.PROPOSED, None)
    assert memory.jobs.open() is None
    assert look(memory) == Looked(Outcome.NOT, None)
    assert told(memory)[:2] == [("not", 1, ["proposal_open"]), ("proposed", 1, ["labels"])]
    proposal = memory.policies.proposal()
    assert proposal is not None
    assert memory.policies.accept(str(proposal.id), "bob", {}) == "1"
    assert memory.jobs.get("1").by == f"{AUTHOR}, accepted by bob"
    assert memory.policies.proposal() is None
    accepted = memory.policies.page(9)[1]
    assert (accepted.outcome, accepted.by, accepted.job) == ("accepted", "bob", "1")
    with pytest.raises(Conflict, match="accepted"):
        memory.policies.accept(str(proposal.id), "bob", {})
    with pytest.raises(NotFound):
        memory.policies.accept("77", "bob", {})
    with pytest.raises(NotFound):
        memory.policies.dismiss("x", "bob")


def test_of_many_who_accept_one_does(opener: Opener) -> None:
    given(opener.ready(), ASK)
    upload(opener.ready(), 1, 2, 3)
    look(opener.ready())
    found = opener().policies.proposal()
    assert found is not None
    done = at_once(*[partial(opener.ready().policies.accept, str(found.id), "bob", {}) for _ in range(4)])
    assert done.count("1") == 1
    assert sum(isinstance(each, Conflict) for each in done) == 3


def test_a_dismissed_proposal_comes_with_new_labels_only(memory: Memory, clock: Clock) -> None:
    worker = clock.worker()
    given(memory, replace(ASK, labels=1, cooldown_minutes=30))
    upload(memory, 1)
    assert look(memory, worker) == Looked(Outcome.PROPOSED, None)
    found = memory.policies.proposal()
    assert found is not None
    clock.passes(hours=1)
    memory.policies.dismiss(str(found.id), "bob")
    clock.passes(hours=1)
    look(memory, worker)
    assert told(memory)[0][2] == ["labels", "no_alarm_watched"]
    upload(memory, 2)
    assert look(memory, worker) == Looked(Outcome.PROPOSED, None)
    again = memory.policies.proposal()
    assert again is not None
    memory.policies.dismiss(str(again.id), "bob")
    upload(memory, 3)
    look(memory, worker)
    assert told(memory)[0][2] == ["cooldown"]


@pytest.mark.parametrize("change", ["a retrain", "an edit", "its labels went"])
def test_a_proposal_that_has_nothing_to_propose_any_more_is_withdrawn(memory: Memory, change: str) -> None:
    given(memory, replace(ASK, labels=1))
    upload(memory, 1)
    assert look(memory) == Looked(Outcome.PROPOSED, None)
    if change == "a retrain":
        memory.jobs.create({}, "ana", {})
    elif change == "an edit":
        given(memory, AUTO)
    else:
        memory.dataset.remove(sha_of(1))
    look(memory)
    assert memory.policies.proposal() is None
    assert "withdrawn" in [outcome for outcome, _, _ in told(memory)]


def test_refusals_in_a_row_stop_it_until_somebody_resumes_it(memory: Memory) -> None:
    given(memory, replace(AUTO, labels=1, refusals=2, runs_a_day=9))
    with pytest.raises(Conflict, match="not stopped"):
        memory.policies.resume("ana")
    for number, state in enumerate(("refused", "failed")):
        upload(memory, number)
        assert look(memory) == Looked(Outcome.STARTED, str(number + 1))
        end(memory, state)
    upload(memory, 7)
    assert look(memory) == Looked(Outcome.STOPPED, None)
    assert look(memory) == Looked(Outcome.NOT, None)
    assert told(memory)[:2] == [("not", 1, ["stopped"]), ("stopped", 1, ["refusals"])]
    memory.jobs.create({}, "ana", {})
    end(memory, "published", version="1")
    upload(memory, 8)
    look(memory)
    assert memory.policies.current().is_stopped
    assert not memory.policies.resume("ana").is_stopped
    assert look(memory) == Looked(Outcome.STARTED, "4")
    end(memory, "refused")
    upload(memory, 9)
    assert look(memory) == Looked(Outcome.STARTED, "5")


def test_a_published_version_ends_the_row_of_refusals(memory: Memory) -> None:
    given(memory, replace(AUTO, labels=1, refusals=2, runs_a_day=9))
    for number, state in enumerate(("refused", "published", "refused")):
        upload(memory, number)
        assert look(memory) == Looked(Outcome.STARTED, str(number + 1))
        end(memory, state)
    memory.jobs.create({}, "ana", {})
    end(memory, "published")
    upload(memory, 7)
    assert look(memory) == Looked(Outcome.STARTED, "5")


def tried(memory: Memory, verdict: Verdict) -> None:
    """Let the open job bring a version that is tried first, and the trial end."""
    found = memory.jobs.open()
    assert found is not None
    lease = take(memory.database, found.job, living.own(), living.Heartbeats())
    assert isinstance(lease, Lease)
    current, trial = memory.pointer.current(), memory.policies.current().policy.trial
    assert trial is not None

    def conclude(connection: Connection, new: str) -> None:
        lease.conclude(connection, outcome("published", new, tried=trial.role))
        memory.canaries.begin_in(connection, trial.role, new, current, trial.wish, AUTHOR, f"job {found.job}")

    publish_candidate(memory, tiny_candidate(), current, AUTHOR, job=found.job, also=conclude, serves=False)
    assert memory.pointer.current() == current
    begun = memory.canaries.open()
    assert begun is not None
    upload(memory, 1000 + int(found.job))
    look(memory)
    assert told(memory)[0] == ("not", 1, ["tried"])
    memory.canaries.end(begun.id, verdict)


def test_versions_that_were_found_worse_in_their_trials_are_refusals(memory: Memory) -> None:
    publish_tiny(memory)
    given(memory, replace(AUTO, labels=1, refusals=2, runs_a_day=9, canary_minutes=10))
    for number, verdict in enumerate((WORSE, Verdict(TrialOutcome.PROMOTED, "no worse"), WORSE, WORSE)):
        upload(memory, number)
        assert look(memory) == Looked(Outcome.STARTED, str(number + 1))
        tried(memory, verdict)
    assert memory.pointer.current() == "3"
    upload(memory, 70)
    assert look(memory) == Looked(Outcome.STOPPED, None)


def test_no_more_runs_a_day_than_set_though_their_jobs_are_forgotten(memory: Memory, clock: Clock) -> None:
    worker = clock.worker()
    given(memory, replace(AUTO, labels=1, runs_a_day=3))
    begun: list[float] = []
    for number in range(40):
        upload(memory, number)
        if look(memory, worker) == Looked(Outcome.STARTED, str(len(begun) + 1)):
            begun.append(clock.monotonic)
            end(memory, "published")
            memory.jobs.prune(0)
        clock.passes(hours=2)
    assert len(begun) > 9
    assert all(later - earlier >= 86_400 for earlier, later in zip(begun, begun[3:], strict=False))


@pytest.mark.parametrize("jump", [{"days": 400}, {"days": -400}, {"hours": 2}, {"minutes": -30}])
def test_a_clock_that_jumps_neither_hastens_nor_holds_up_a_run(
    memory: Memory, clock: Clock, jump: dict[str, float]
) -> None:
    worker = clock.worker()
    given(memory, replace(AUTO, labels=1, cooldown_minutes=60))
    upload(memory, 1)
    assert look(memory, worker) == BEGAN
    end(memory, "published")
    upload(memory, 2)
    clock.passes(minutes=20)
    look(memory, worker)
    clock.jumps(**jump)
    clock.passes(minutes=39)
    look(memory, worker)
    assert told(memory)[0][2] == ["cooldown"]
    clock.passes(minutes=2)
    assert look(memory, worker) == Looked(Outcome.STARTED, "2")


def test_a_worker_that_starts_after_the_clock_went_back_waits_one_cooldown(memory: Memory, clock: Clock) -> None:
    given(memory, replace(AUTO, labels=1, cooldown_minutes=60))
    upload(memory, 1)
    look(memory, clock.worker())
    end(memory, "published")
    upload(memory, 2)
    clock.jumps(days=-400)
    worker = clock.worker()
    look(memory, worker)
    assert told(memory)[0][2] == ["cooldown"]
    clock.passes(minutes=61)
    assert look(memory, worker) == Looked(Outcome.STARTED, "2")


def test_labels_that_still_come_are_waited_for(memory: Memory, clock: Clock) -> None:
    worker = clock.worker()
    given(memory, replace(AUTO, labels=1, quiet_minutes=10))
    for number in range(4):
        upload(memory, number)
        clock.passes(minutes=9)
        look(memory, worker)
        assert told(memory)[0][2] == ["not_quiet"]
    clock.passes(minutes=1)
    assert look(memory, worker) == BEGAN


def test_it_publishes_in_its_own_name(memory: Memory) -> None:
    given(memory, AUTO)
    upload(memory, 1, 2, 3)
    assert look(memory) == BEGAN
    assert publish(memory, memory.jobs.get("1").by) == "1"
    assert memory.pointer.moves(1)[0].by == AUTHOR


def test_times_that_are_asked_for_stay_known() -> None:
    elapsed = Elapsed(lambda: datetime(2026, 1, 2, tzinfo=UTC), time.monotonic)
    assert elapsed.since("2026-01-01T00:00:00.000+00:00") == pytest.approx(86_400, abs=60)
    before = elapsed._moments["2026-01-01T00:00:00.000+00:00"]
    for number in range(3000):
        elapsed.since(f"2026-01-01T00:00:00.{number:06}+00:00")
        elapsed.since("2026-01-01T00:00:00.000+00:00")
    assert elapsed._moments["2026-01-01T00:00:00.000+00:00"] == before
    assert len(elapsed._moments) <= 1024


def test_two_models_have_a_policy_each(opener: Opener) -> None:
    one, other = opener("digits"), opener("letters")
    given(one, AUTO)
    upload(other, 1, 2, 3)
    assert look(other) is None
    assert look(one) == Looked(Outcome.NOT, None)
    assert other.policies.page(9) == []
    given(other, AUTO)
    assert look(other) == BEGAN
