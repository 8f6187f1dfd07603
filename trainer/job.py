"""The runner of one job: a small parent, without TensorFlow, that outlives whatever happens to its child.

It takes the job's lease, so that there is never more than one trainer; starts the child that trains (run.py) in a
session of its own at the lowest priority; keeps the lease by its heartbeat; enforces cancel, time and log limits; and
concludes the job, whatever ended the child. The child dies with it: it reads the other end of a pipe that nobody writes
(child.py), and the kernel closes that, however the runner ended.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from server.store import files, living
from server.store.content import job_path
from server.store.errors import LeaseLost, StoreError
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.outcome import outcome
from trainer.log import copy_log

POLL_SECONDS = 0.1
WAIT_SECONDS = 1.0  # between attempts at a lease while another job runs
LEASE_SECONDS = living.LOOK_SECONDS * living.STALLED_LOOKS  # without a beat: by then others may take it for dead
CONCLUDE_SECONDS = 60.0  # longest wait for a database that is away, to write down how the job ended
STOP_SECONDS = 5.0  # between asking the child to end and killing its group
NICE = 19
SESSION_NICE = 10  # a tenth of a core that others want: beside a server that is never idle it must come to its end, too
# Of numpy's matrix products, which are small here: the second would wait in a loop for its share of each.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


class Lost(Exception):
    """The lease is lost: the job is somebody else's to conclude."""


def run_job(
    memory: Memory,
    number: str,
    command: Callable[[Lease, Path], list[str]],
    limit_seconds: float,
    stopping: Callable[[], bool],
    echo: Callable[[bytes], object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a command as the child of a job; how the job ended, as its row says.

    `command` makes the command line from the lease and the work folder. A job that runs when `stopping` turns true has
    failed. `echo` gets what the child prints, besides the job's log; `environment` is the child's, None for our own.
    Raises NotFound, or Conflict if the job is over or another runner's.
    """
    lease = _take(memory, number, stopping)
    if lease is not None:
        folder = memory.content.path("artifacts", job_path(number))
        work = folder / "work"
        for left in folder.parent.glob("*/work"):  # by runners that were killed: there is one at a time
            shutil.rmtree(left, ignore_errors=True)
        files.make_folder(work)
        try:
            with contextlib.suppress(Lost, LeaseLost):
                _tell_start(lease)
                supervisor = _Supervisor(memory, lease, limit_seconds, stopping)
                stopped = supervisor.run(command(lease, work), folder, echo, environment)
                _conclude(memory, lease, stopped)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return memory.jobs.get(number).result or {}


def _take(memory: Memory, number: str, stopping: Callable[[], bool]) -> Lease | None:
    """The job's lease, as soon as no other job runs; None if that did not come before the end."""
    heartbeats = living.Heartbeats()
    while not stopping():
        lease = take(memory.database, number, living.own(), heartbeats)
        if lease is not None:
            return lease
        time.sleep(WAIT_SECONDS)
    return None


def _tell_start(lease: Lease) -> None:
    with contextlib.suppress(StoreError):
        lease.tell("starting", {})


class _Supervisor:
    """Watches over one child."""

    def __init__(self, memory: Memory, lease: Lease, limit_seconds: float, stopping: Callable[[], bool]) -> None:
        self._memory = memory
        self._lease = lease
        self._limit_seconds = limit_seconds
        self._stopping = stopping

    def run(
        self,
        command: list[str],
        folder: Path,
        echo: Callable[[bytes], object] | None,
        environment: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        """Run the child to its end; how it ended, if it did not say so itself. Raises Lost."""
        child = subprocess.Popen(
            command,
            env=ONE_THREAD | dict(os.environ if environment is None else environment),
            stdin=subprocess.PIPE,  # nothing is written: its end is how the child notices ours
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_last_in_line,
        )
        assert child.stdout is not None
        assert child.stdin is not None
        log = threading.Thread(target=copy_log, args=(child.stdout, folder / "trainer.log", echo), daemon=True)
        log.start()
        try:
            stopped = self._watch(child)
        finally:
            _kill_group(child.pid)  # what the child itself started, or the child, where we were ended by an exception
            child.wait()
            log.join(STOP_SECONDS)
            child.stdin.close()
        return stopped or outcome("failed", reason=_how_it_died(child.returncode))

    def _watch(self, child: "subprocess.Popen[bytes]") -> dict[str, Any] | None:
        deadline = time.monotonic() + self._limit_seconds
        beaten = time.monotonic()  # when the lease was last renewed
        tried = beaten
        changes = self._memory.changes()
        try:
            while child.poll() is None:
                now = time.monotonic()
                stopped = None
                if now - tried >= living.BEAT_SECONDS or _changed(changes):
                    tried = now
                    cancelled = self._renew(child)
                    if cancelled is not None:
                        beaten = now
                    elif now - beaten > LEASE_SECONDS:
                        _end(child)
                        raise Lost
                    if cancelled:
                        stopped = outcome("cancelled", reason="cancelled on request")
                if now > deadline:
                    reason = f"the training took longer than its limit of {self._limit_seconds:g} seconds"
                    stopped = outcome("failed", reason=reason)
                elif self._stopping():
                    stopped = outcome("failed", reason="the trainer was told to stop before it was done")
                if stopped:
                    _end(child)
                    return stopped
                time.sleep(POLL_SECONDS)
        finally:
            changes.close()
        return None

    def _renew(self, child: "subprocess.Popen[bytes]") -> bool | None:
        """Beat; whether somebody asked for the end, None if the database did not answer. Raises Lost."""
        try:
            return self._lease.renew()
        except LeaseLost:
            if child.poll() is None and self._memory_says_open():
                _end(child)
                raise Lost from None
            return False  # the child has concluded the job, and is about to end
        except StoreError:
            return None

    def _memory_says_open(self) -> bool:
        with contextlib.suppress(StoreError):
            return self._memory.jobs.glance(self._lease.job).result is None
        return True


def _changed(changes: Any) -> bool:
    try:
        return bool(changes.seen())
    except StoreError:
        return False


def _conclude(memory: Memory, lease: Lease, result: dict[str, Any]) -> None:
    """Write down how the job ended, unless its child did; waits for a database that is away. Raises LeaseLost."""
    deadline = time.monotonic() + CONCLUDE_SECONDS
    while True:
        try:
            if memory.jobs.glance(lease.job).result is None:
                lease.end(result)
            return
        except LeaseLost:
            raise
        except StoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(WAIT_SECONDS)


def _last_in_line() -> None:
    """The lowest priority; and when memory runs out this process goes, not its runner, which must live to tell.

    Linux shares the cores out among sessions first (sched(7), autogroup): there nice counts within a session alone, and
    the session as a whole has to give way.
    """
    os.nice(NICE)
    for file, text in (("autogroup", str(SESSION_NICE)), ("oom_score_adj", "1000")):
        with contextlib.suppress(OSError):  # only Linux has them
            Path("/proc/self", file).write_text(text)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        _kill_group(child.pid)
        child.wait()


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _how_it_died(code: int) -> str:
    if code >= 0:
        return f"the trainer ended with exit code {code} and no result; its log says more"
    name = signal.Signals(-code).name
    hint = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
    return f"the trainer was killed by {name}{hint}"


def child_command(lease: Lease, work: Path, arguments: list[str]) -> list[str]:
    """The command line of the child that trains."""
    return [sys.executable, "-m", "trainer", "child", lease.job, str(lease.token), *arguments, str(work)]
