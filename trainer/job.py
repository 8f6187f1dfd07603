"""The runner of one job: a small parent, without TensorFlow, that outlives whatever happens to its child.

It takes the lock, so that there is never more than one trainer; starts the child that trains (run.py) in a session of
its own at the lowest priority; enforces cancel, time and log limits; and writes result.json, whatever ended the child.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from server.store import files
from server.store.files import Json
from server.store.jobs import outcome

LOCK_SECONDS = 30.0  # how long a runner waits for the one before it to let go
POLL_SECONDS = 0.1
STOP_SECONDS = 5.0  # between asking the child to end and killing its group
LOG_LIMIT_BYTES = 8 * 2**20
NICE = 19
SESSION_NICE = 10  # a tenth of a core that others want: beside a server that is never idle it must come to its end, too
OUTCOME = "outcome.json"  # in the work folder: what the child says of itself


def run_job(
    folder: Path,
    command: list[str],
    limit_seconds: float,
    stopping: Callable[[], bool],
    echo: Callable[[bytes], object] | None = None,
) -> dict[str, Json]:
    """Run `command`, with the work folder's path added, as the child of the job in `folder`; its result, as written.

    A job that is over already is left as it is; one that runs when `stopping` turns true has failed. `echo` gets what
    the child prints, besides the job's log. Raises LockTimeout if another runner holds the lock.
    """
    with files.locked(folder.parent / "lock", LOCK_SECONDS) as lock:
        os.ftruncate(lock, 0)
        os.pwrite(lock, folder.name.encode(), 0)
        if (folder / "result.json").exists():
            return files.read_json(folder / "result.json")
        files.append_line(folder / "events.jsonl", json.dumps({"stage": "starting", "time": time.time()}))
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            result = _supervise(folder, [*command, str(work)], limit_seconds, stopping, echo)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        files.write_once(folder / "result.json", json.dumps(result).encode())
        return files.read_json(folder / "result.json")


def _supervise(
    folder: Path,
    command: list[str],
    limit_seconds: float,
    stopping: Callable[[], bool],
    echo: Callable[[bytes], object] | None,
) -> dict[str, Json]:
    """The result of the child: what it said of itself, or how it ended without a word."""
    deadline = time.monotonic() + limit_seconds
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_last_in_line,
    )
    assert child.stdout is not None
    log = threading.Thread(target=_copy_log, args=(child.stdout, folder / "trainer.log", echo), daemon=True)
    log.start()
    stopped: dict[str, Json] | None = None
    while child.poll() is None:
        if (folder / "cancel").exists():
            stopped = outcome("cancelled", reason="cancelled on request")
        elif time.monotonic() > deadline:
            stopped = outcome("failed", reason=f"the training took longer than its limit of {limit_seconds:g} seconds")
        elif stopping():
            stopped = outcome("failed", reason="the trainer was told to stop before it was done")
        if stopped:
            _end(child)
            break
        time.sleep(POLL_SECONDS)
    _kill_group(child.pid)  # what the child itself started
    log.join(STOP_SECONDS)
    said = _said(folder / "work" / OUTCOME)
    if said is not None and (stopped is None or said["state"] == "published"):
        return said
    return stopped or outcome("failed", reason=_how_it_died(child.returncode))


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


def _said(path: Path) -> dict[str, Json] | None:
    try:
        return files.read_json(path)
    except (OSError, ValueError):
        return None


def _copy_log(source: IO[bytes], path: Path, echo: Callable[[bytes], object] | None) -> None:
    """Copy what the child prints to its log, up to the limit; the rest is dropped, so that the child never blocks."""
    written = 0
    with source, path.open("ab") as log:
        while piece := os.read(source.fileno(), 65536):
            if echo is not None:
                echo(piece)
            room = LOG_LIMIT_BYTES - written
            if room > 0:
                log.write(piece[:room])
                if len(piece) >= room:
                    log.write(b"\n(the log is full; what follows was dropped)\n")
                log.flush()
            written += len(piece)


def child_command(job: str, arguments: list[str]) -> list[str]:
    """The command line of the child that trains."""
    return [sys.executable, "-m", "trainer", "child", job, *arguments]
