"""One runner has the right to a job, and one that lost it can neither tell, conclude nor publish."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from server.store import living
from server.store.errors import Conflict, LeaseLost
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.outcome import outcome
from tests.opener import Opener
from tests.server.store.memories import (
    REPORT,
    at_once,
    gone_process,
    labelled,
    process_elsewhere,
    publish,
    write_version,
)

HOLDER = (
    "import sys, time; from pathlib import Path\n"
    "from server.store import living\n"
    "from server.store.lease import take\n"
    "from server.store.memory import open_memory\n"
    "artifacts, data, database = sys.argv[1:]\n"
    "memory = open_memory(Path(artifacts), Path(data), 'digits', Path('none'), database)\n"
    "assert take(memory.database, '1', living.own(), living.Heartbeats())\n"
    "print('holds it', flush=True)\n"
    "time.sleep(600)\n"
)


class Clock:
    """The monotonic clock of one observer, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def taken(memory: Memory, name: str | None = None) -> Lease:
    lease = take(memory.database, memory.jobs.create({}, "api", {}).job, name or living.own(), living.Heartbeats())
    assert lease is not None
    return lease


def test_one_of_two_runners_has_the_lease(opener: Opener) -> None:
    job = opener().jobs.create({}, "api", {}).job
    runners = [opener.ready() for _ in range(4)]
    done = at_once(*[partial(take, each.database, job, living.own(), living.Heartbeats()) for each in runners])
    assert sum(isinstance(each, Lease) for each in done) == 1
    assert sum(isinstance(each, Conflict) for each in done) == 3


def test_a_job_learns_from_the_dataset_as_it_was_when_it_was_taken_up(memory: Memory) -> None:
    job = memory.jobs.create({}, "api", {}).job
    memory.dataset.add([labelled(1)], "upload")
    take(memory.database, job, living.own(), living.Heartbeats())
    memory.dataset.add([labelled(2)], "upload")
    assert memory.jobs.get(job).decision == 1


def test_a_job_that_is_over_is_not_taken_up(memory: Memory) -> None:
    job = memory.jobs.create({}, "api", {}).job
    memory.jobs.cancel(job)
    with pytest.raises(Conflict, match="over already: cancelled"):
        take(memory.database, job, living.own(), living.Heartbeats())


def test_another_models_job_waits_until_the_running_one_is_over(opener: Opener) -> None:
    digits, letters = opener("digits"), opener("letters")
    lease = taken(digits)
    job = letters.jobs.create({}, "api", {}).job
    assert take(letters.database, job, living.own(), living.Heartbeats()) is None
    lease.end(outcome("failed"))
    assert take(letters.database, job, living.own(), living.Heartbeats()) is not None


def test_another_models_job_is_failed_if_its_runner_is_gone(opener: Opener) -> None:
    digits, letters = opener("digits"), opener("letters")
    lost = taken(digits, gone_process())
    assert taken(letters).token == 1
    assert digits.jobs.get(lost.job).state == "failed"


def test_who_lost_the_lease_can_neither_tell_conclude_nor_publish(opener: Opener) -> None:
    memory = opener()
    lease = taken(memory, gone_process())
    reservation = memory.versions.reserve()
    manifest = write_version(reservation)
    assert opener().jobs.fail_lost(living.Heartbeats()) == lease.job
    before = memory.jobs.get(lease.job)
    with pytest.raises(LeaseLost):
        lease.renew()
    with pytest.raises(LeaseLost):
        lease.tell("training", {})
    with pytest.raises(LeaseLost):
        lease.end(outcome("published", reservation.version))
    with pytest.raises(LeaseLost):
        memory.versions.publish(
            reservation, manifest, REPORT, None, "late",
            also=lambda connection: lease.conclude(connection, outcome("published", reservation.version)),
        )  # fmt: skip
    assert memory.jobs.get(lease.job) == before
    assert memory.jobs.events(lease.job, 0) == []
    assert (memory.versions.all(), memory.pointer.moves(10)) == ([], [])


def test_a_token_of_an_earlier_holder_is_worth_nothing(memory: Memory) -> None:
    lease = taken(memory)
    with pytest.raises(LeaseLost):
        Lease(memory.database, int(lease.job), lease.token - 1).tell("training", {})
    lease.tell("training", {})


def test_a_publication_concludes_its_job_in_the_same_step(memory: Memory) -> None:
    lease = taken(memory)
    reservation = memory.versions.reserve()
    result = outcome("published", reservation.version, REPORT)
    memory.versions.publish(
        reservation, write_version(reservation), REPORT, None, "trainer", job=lease.job,
        also=lambda connection: lease.conclude(connection, result),
    )  # fmt: skip
    assert memory.pointer.current() == "1"
    assert memory.jobs.get(lease.job).result == result
    with pytest.raises(LeaseLost):
        lease.end(result)


def test_a_conclusion_and_a_loss_at_once_are_one(opener: Opener) -> None:
    for _ in range(5):
        memory = opener()
        lease = taken(memory, gone_process())
        other = opener()
        done = at_once(partial(lease.end, outcome("published")), partial(other.jobs.fail_lost, living.Heartbeats()))
        state = memory.jobs.get(lease.job).state
        assert (state, isinstance(done[0], LeaseLost), done[1]) in [
            ("published", False, None), ("failed", True, lease.job),
        ]  # fmt: skip


def test_a_beating_runner_of_another_machine_is_not_lost(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, seen = Clock(monkeypatch), living.Heartbeats()
    memory = opener()
    lease = taken(memory, process_elsewhere())
    for _ in range(3 * living.STALLED_LOOKS):
        clock.now += living.LOOK_SECONDS
        lease.renew()
        assert memory.jobs.fail_lost(seen) is None
    for look in range(living.STALLED_LOOKS):
        assert memory.jobs.fail_lost(seen) is None, look
        clock.now += living.LOOK_SECONDS
    assert memory.jobs.fail_lost(seen) == lease.job


def test_a_clock_that_jumps_loses_nobody(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, seen = Clock(monkeypatch), living.Heartbeats()
    memory = opener()
    taken(memory, process_elsewhere())
    monkeypatch.setattr(time, "time", lambda: clock.now * 1000)
    for jump in (0.0, 1e6, 0.001, 0.001, 1e9):
        clock.now += jump
        assert memory.jobs.fail_lost(seen) is None


def test_many_looks_at_one_moment_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, seen = Clock(monkeypatch), living.Heartbeats()
    assert not any(seen.stalled("key", 1) for _ in range(100))
    clock.now += living.LOOK_SECONDS
    assert not any(seen.stalled("key", 1) for _ in range(100))
    for _ in range(living.STALLED_LOOKS - 2):
        clock.now += living.LOOK_SECONDS
        assert not seen.stalled("key", 1)
    clock.now += living.LOOK_SECONDS
    assert seen.stalled("key", 1)
    assert not seen.stalled("other", 1)
    assert not seen.stalled("key", 2)


def test_a_killed_runner_of_this_machine_is_lost_at_once(opener: Opener) -> None:
    memory = opener()
    memory.jobs.create({}, "api", {})
    arguments = [str(opener.artifacts), str(opener.data), opener.database]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, *arguments], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE
    ) as runner:
        try:
            assert runner.stdout is not None
            assert runner.stdout.readline() == b"holds it\n"
            assert memory.jobs.fail_lost(living.Heartbeats()) is None
            os.kill(runner.pid, signal.SIGSTOP)
            assert memory.jobs.fail_lost(living.Heartbeats()) is None
        finally:
            runner.kill()
            os.waitid(os.P_PID, runner.pid, os.WEXITED | os.WNOWAIT)  # it is dead, and not collected yet
        assert memory.jobs.fail_lost(living.Heartbeats()) == "1"
    publish(memory)
