"""No job is open for ever: one that nobody takes up fails in time, one whose runner is gone at once."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server.store import living
from server.store.jobs import Glance, Job
from server.store.lease import take
from server.store.memory import Memory, open_memory
from server.store.outcome import outcome
from server.store.watch import Watch
from server.training.attendance import Attendance
from server.training.ends import Ends
from tests.server.store.memories import gone_process
from tests.tiny import memory_in

PATIENCE_SECONDS = 60.0  # a bound for a slow machine


def attended(
    memory: Memory,
    start_seconds: float | None,
    until: Callable[[], bool],
    on_end: Callable[[Job], object] = lambda _: None,
    running: Callable[[], object | None] = lambda: None,
) -> None:
    """Look after the jobs until a condition holds."""

    async def run() -> None:
        with ThreadPoolExecutor(2) as executor:
            watch = Watch(memory.changes(), executor)
            attendance = Attendance(memory.jobs, memory.content, watch, executor, start_seconds, on_end, running)
            watch.start()
            attendance.start()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.to_thread(wait_for, until)
            await attendance.stop()
            await watch.stop()

    asyncio.run(run())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def process_of_its_own() -> "tuple[subprocess.Popen[str], str]":
    """A process that goes on until its input ends, and its name as rows hold it."""
    code = "import sys; from server.store import living; print(living.own(), flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_job_that_nobody_takes_up_fails_in_time(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    job = memory.jobs.create({}, "a test", {}).job
    attended(memory, 0.1, lambda: memory.jobs.open() is None)
    reason = "no trainer started within 0.1 seconds; see the log"
    assert memory.jobs.glance(job) == Glance("failed", 0, outcome("failed", reason=reason))


def test_a_job_behind_another_models_is_given_its_time_from_the_end_of_that(tmp_path: Path) -> None:
    memory, before = memory_in(tmp_path), memory_in(tmp_path, "letters")
    first, job = (each.jobs.create({}, "a test", {}).job for each in (before, memory))
    lease = take(memory.database, first, living.own(), living.Heartbeats())
    assert lease is not None
    looks, ended = iter(range(400)), list[str]()

    def until() -> bool:
        if next(looks) == 80:  # a look or more of the attendance, and several times what a job has
            ended.append(memory.jobs.get(job).state)
            lease.end(outcome("failed", reason="enough"))
        return memory.jobs.open() is None

    attended(memory, 0.2, until, running=memory.running)
    assert ended == ["queued"]
    assert memory.jobs.get(job).state == "failed"


def test_a_job_for_a_runner_that_may_come_at_any_time_waits(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    memory.jobs.create({}, "a test", {})
    looks = iter(range(200))
    attended(memory, None, lambda: next(looks) == 100)
    assert memory.jobs.get("1").state == "queued"


def test_a_job_whose_runner_is_gone_fails_and_one_whose_runner_lives_does_not(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    job = memory.jobs.create({}, "a test", {}).job
    runner, name = process_of_its_own()
    with runner:
        lease = take(memory.database, job, name, living.Heartbeats())
        assert lease is not None
        lease.tell("training", {"epoch": 1})
        looks = iter(range(200))
        attended(memory, 0.1, lambda: next(looks) == 100)
        assert memory.jobs.get(job).state == "training"
        runner.kill()
        runner.wait()
        attended(memory, 0.1, lambda: memory.jobs.open() is None)
    reason = "the trainer was stopped from outside while training"
    assert memory.jobs.get(job).result == outcome("failed", reason=reason)


def test_a_job_that_is_created_later_is_looked_after_too(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    other = memory_in(tmp_path)  # as another process has it: only what is seen of its commits wakes the attendance
    created: list[str] = []

    def until() -> bool:
        if not created:
            created.append(other.jobs.create({}, "a test", {}).job)
        return memory.jobs.open() is None

    attended(memory, 0.1, until)
    assert memory.jobs.get(created[0]).state == "failed"


def test_every_end_is_told_once(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    before = memory.jobs.create({}, "a test", {}).job
    memory.jobs.cancel(before)
    memory.jobs.create({}, "a test", {})
    told: list[Job] = []
    cancelled: list[str] = []

    def until() -> bool:
        if told and not cancelled:
            cancelled.append(memory.jobs.create({}, "a test", {}).job)  # ends before anybody can have seen it open
            memory.jobs.cancel(cancelled[0])
        return len(told) >= 2

    attended(memory, 0.1, until, told.append)
    assert [(each.job, each.state) for each in told] == [("2", "failed"), ("3", "cancelled")]
    assert told[0].result == outcome("failed", reason="no trainer started within 0.1 seconds; see the log")


def test_of_several_workers_one_tells_an_end(tmp_path: Path) -> None:
    counted: list[str] = []
    ends = [Ends(tmp_path, counted.append), Ends(tmp_path, counted.append)]
    memory = memory_in(tmp_path)
    memory.jobs.cancel(memory.jobs.create({}, "a test", {}).job)
    for each in ends:
        each.tell(memory.jobs.get("1"))
    assert counted == ["cancelled"]


def test_what_a_dead_writer_left_is_swept(tmp_path: Path) -> None:
    path = "train/00/" + "0" * 64 + ".png"
    dead = open_memory(
        tmp_path / "artifacts", tmp_path / "data", "digits", tmp_path / "none", living_name=gone_process()
    )
    dead.content.claim("data", [path])
    dead.content.write({path: b"half"}, "data")
    memory = memory_in(tmp_path)
    attended(memory, None, lambda: not (tmp_path / "data" / path).exists())
    assert not (tmp_path / "data" / path).exists()
