"""A job is what its row says, whoever looks; one is open, and it ends once."""

from functools import partial

import pytest

from server.store import living
from server.store.errors import Conflict, NotFound, UnusableOption
from server.store.files import Json
from server.store.jobs import EVENTS_AT_ONCE, Job
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.options import check_options
from server.store.outcome import outcome
from tests.faults.breaking import breakable
from tests.opener import Opener
from tests.server.store.memories import REPORT, at_once, gone_process


def taken(memory: Memory, name: str | None = None) -> Lease:
    """A lease of a new job."""
    lease = take(memory.database, memory.jobs.create({}, "api", {}).job, name or living.own(), living.Heartbeats())
    assert lease is not None
    return lease


def test_a_new_job_is_queued_for_everybody(opener: Opener) -> None:
    job = opener().jobs.create({"epochs": 2}, "api", {"margin": 0.1})
    seen = opener().jobs.get(job.job)
    assert seen == job
    assert (seen.job, seen.state, seen.options, seen.by, seen.is_open) == ("1", "queued", {"epochs": 2}, "api", True)
    assert (seen.policy, seen.progress, seen.result, seen.decision, seen.cancelled) == (
        {"margin": 0.1}, {}, None, None, False,
    )  # fmt: skip
    assert opener().jobs.open() == job


def test_an_empty_store_has_no_job(opener: Opener) -> None:
    assert opener().jobs.open() is None
    assert opener().jobs.page(10) == []
    assert opener().jobs.refused(10) == []
    assert opener().jobs.fail_lost(living.Heartbeats()) is None


def test_one_of_many_triggers_is_admitted(opener: Opener) -> None:
    done = at_once(*[partial(opener.ready().jobs.create, {}, "api", {}) for _ in range(8)])
    assert [each.job for each in done if isinstance(each, Job)] == ["1"]
    refused = [str(each) for each in done if isinstance(each, Conflict)]
    assert len(refused) == 7
    assert "job 1 is queued" in refused[0]


def test_each_model_has_an_open_job_of_its_own(opener: Opener) -> None:
    digits, letters = opener("digits"), opener("letters")
    assert digits.jobs.create({}, "api", {}).job == "1"
    assert letters.jobs.create({}, "api", {}).job == "2"
    with pytest.raises(NotFound):
        digits.jobs.get("2")
    with pytest.raises(Conflict):
        letters.jobs.create({}, "api", {})


def test_a_finished_job_makes_room_for_the_next(memory: Memory) -> None:
    for number in ("1", "2", "3"):
        assert memory.jobs.create({}, "api", {}).job == number
        memory.jobs.cancel(number)
    assert memory.jobs.open() is None


def test_a_running_job_is_at_the_stage_it_told_last(opener: Opener) -> None:
    memory = opener()
    lease = taken(memory)
    assert memory.jobs.get(lease.job).state == "starting"
    lease.tell("training", {"epoch": 1, "loss": float("nan")})
    lease.tell("training", {"epoch": 2, "word": "\ud800"})
    found = opener().jobs.get(lease.job)
    assert (found.state, found.progress["epoch"], found.progress["word"], found.is_open) == ("training", 2, "?", True)
    assert [(number, event["epoch"]) for number, event in memory.jobs.events(lease.job, 0)] == [(1, 1), (2, 2)]
    assert memory.jobs.events(lease.job, 0)[0][1]["loss"] is None
    assert memory.jobs.events(lease.job, 2) == []
    glance = memory.jobs.glance(lease.job)
    assert (glance.state, glance.events, glance.result) == ("training", 2, None)


def test_events_come_in_portions(memory: Memory) -> None:
    lease = taken(memory)
    for epoch in range(EVENTS_AT_ONCE + 2):
        lease.tell("training", {"epoch": epoch})
    first = memory.jobs.events(lease.job, 0)
    assert len(first) == EVENTS_AT_ONCE
    assert [number for number, _ in memory.jobs.events(lease.job, first[-1][0])] == [
        EVENTS_AT_ONCE + 1,
        EVENTS_AT_ONCE + 2,
    ]


def test_a_finished_job_says_how_it_ended(memory: Memory) -> None:
    lease = taken(memory)
    lease.end(outcome("published", "7", REPORT))
    found = memory.jobs.get(lease.job)
    assert (found.state, found.is_open) == ("published", False)
    assert found.result == {
        "state": "published", "version": "7", "reason": None, "accuracy": 0.9, "epochs": 1, "gate": {"passed": True},
    }  # fmt: skip


def test_jobs_are_listed_in_pages_newest_first(memory: Memory) -> None:
    for number in range(1, 6):
        lease = taken(memory)
        lease.tell("training", {"epoch": number})
        lease.end(outcome("failed", reason="no"))
    assert [each.job for each in memory.jobs.page(3)] == ["5", "4", "3"]
    assert [each.job for each in memory.jobs.page(3, before=3)] == ["2", "1"]
    assert [each.progress["epoch"] for each in memory.jobs.page(2)] == [5, 4]
    assert memory.jobs.page(1) == [memory.jobs.get("5")]


def test_refused_candidates_are_listed_with_their_figures(memory: Memory) -> None:
    for number in range(3):
        lease = taken(memory)
        with memory.database.write() as connection:
            figures = {"metrics": number} if number != 1 else None
            lease.conclude(connection, outcome("refused", reason="worse"), candidate=figures)
    assert memory.jobs.refused(10) == [("3", {"metrics": 2}), ("1", {"metrics": 0})]
    assert memory.jobs.refused(1) == [("3", {"metrics": 2})]


def test_a_queued_job_is_cancelled_at_once(memory: Memory) -> None:
    job = memory.jobs.create({}, "api", {})
    found = memory.jobs.cancel(job.job)
    assert (found.state, found.cancelled) == ("cancelled", True)
    with pytest.raises(Conflict, match="over already"):
        memory.jobs.cancel(job.job)


def test_what_was_done_to_a_job_is_told_without_another_look(memory: Memory) -> None:
    """Which may fail, and then a job would be there that its caller was told is not."""
    memory.jobs.open()
    with breakable() as faults:
        for act in (partial(memory.jobs.create, {}, "api", {}), partial(memory.jobs.cancel, "1")):
            faults.arm(None)
            act()
            assert set(faults.steps[faults.steps.index("committed") + 1 :]) <= {"rollback"}


def test_a_running_job_is_asked_to_end(memory: Memory) -> None:
    lease = taken(memory)
    assert not lease.renew()
    assert memory.jobs.cancel(lease.job).state == "starting"
    assert memory.jobs.cancel(lease.job).cancelled
    assert lease.renew()
    lease.end(outcome("cancelled"))
    with pytest.raises(Conflict):
        memory.jobs.cancel(lease.job)


def test_a_job_that_nobody_took_up_may_be_failed_and_no_other(memory: Memory) -> None:
    job = memory.jobs.create({}, "api", {})
    assert memory.jobs.fail(job.job, "no trainer")
    assert not memory.jobs.fail(job.job, "again")
    found = memory.jobs.get(job.job)
    assert found.result is not None
    assert (found.state, found.result["reason"]) == ("failed", "no trainer")
    assert not memory.jobs.fail(taken(memory).job, "no trainer")


def test_a_job_whose_runner_is_gone_has_failed_for_good(opener: Opener) -> None:
    memory = opener()
    lease = taken(memory, gone_process())
    lease.tell("training", {})
    assert opener().jobs.fail_lost(living.Heartbeats()) == lease.job
    found = memory.jobs.get(lease.job)
    assert found.state == "failed"
    assert found.result is not None
    assert found.result["reason"] == "the trainer was stopped from outside while training"
    assert memory.jobs.fail_lost(living.Heartbeats()) is None
    assert memory.jobs.create({}, "api", {}).job == "2"


def test_a_job_whose_runner_lives_has_not_failed(memory: Memory) -> None:
    lease = taken(memory)
    assert memory.jobs.fail_lost(living.Heartbeats()) is None
    assert memory.jobs.get(lease.job).is_open


def test_a_lost_runner_fails_its_job_once_whoever_looks(opener: Opener) -> None:
    lease = taken(opener(), gone_process())
    done = at_once(*[partial(opener.ready().jobs.fail_lost, living.Heartbeats()) for _ in range(5)])
    assert sorted(done, key=str) == [lease.job, None, None, None, None]


def test_the_oldest_finished_jobs_are_forgotten(memory: Memory) -> None:
    for _ in range(4):
        lease = taken(memory)
        lease.tell("training", {})
        lease.end(outcome("failed"))
    open_job = memory.jobs.create({}, "api", {})
    assert memory.jobs.prune(2) == ["1", "2"]
    assert [each.job for each in memory.jobs.page(10)] == ["5", "4", "3"]
    assert memory.jobs.prune(0) == ["3", "4"]
    assert memory.jobs.open() == open_job
    memory.jobs.cancel(open_job.job)
    memory.jobs.prune(0)
    assert memory.jobs.create({}, "api", {}).job == "6"


@pytest.mark.parametrize("name", ["2", "0", "-1", "x", "../1", "\uff11", "1/../1", "", "9" * 30])
def test_an_unknown_job_is_not_found(memory: Memory, name: str) -> None:
    memory.jobs.create({}, "api", {})
    for call in (memory.jobs.get, memory.jobs.glance, memory.jobs.cancel, partial(memory.jobs.events, after=0)):
        with pytest.raises(NotFound):
            call(name)
    with pytest.raises(NotFound):
        take(memory.database, name, living.own(), living.Heartbeats())


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": "3"},
        {"epochs": True},
        {"epochs": None},
        {"seed": -1},
        {"learning_rate": 2},
        {"learning_rate": float("nan")},
        {"from_scratch": 1},
        {"dataset": "/etc"},
    ],
)
def test_an_option_that_cannot_be_taken_is_named(options: dict[str, Json]) -> None:
    with pytest.raises(UnusableOption, match=next(iter(options))):
        check_options(options)


def test_good_options_pass() -> None:
    check_options({"epochs": 3, "learning_rate": 1e-3, "seed": 0, "from_scratch": True, "batch_size": 64})


def test_a_runner_that_beats_while_it_is_taken_for_dead_is_not_lost(memory: Memory) -> None:
    lease = taken(memory)

    class Late(living.Heartbeats):
        """Takes it for dead, just as it beats."""

        def is_gone(self, key: object, name: str, heartbeat: int) -> bool:
            lease.renew()
            return super().is_gone(key, name, heartbeat) or True

    assert memory.jobs.fail_lost(Late()) is None
    assert memory.jobs.get(lease.job).is_open
