"""Whatever becomes of the child, the job ends with a result, and nothing of it is left running."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.store import living
from server.store.content import job_path
from server.store.errors import Conflict, LeaseLost
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.outcome import outcome
from tests.opener import Opener
from trainer import log
from trainer.job import run_job
from trainer.log import LOG_LIMIT_BYTES

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0  # a bound for a slow machine

# How a child of these tests begins: with the memory, and the lease that its runner gave it.
PRELUDE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from server.store.lease import Lease
from server.store.memory import open_memory
folder = Path(sys.argv[1])
memory = open_memory(folder / "artifacts", folder / "data", sys.argv[2], folder / "no-baseline", sys.argv[3])
lease = Lease(memory.database, int(sys.argv[4]), int(sys.argv[5]))
"""
END = f"lease.end({outcome('published', '7')!r})\n"
SAY = PRELUDE + END


def new_job(memory: Memory) -> str:
    return memory.jobs.create({}, "test", {}).job


def command_of(opener: Opener, code: str, name: str = "digits") -> Callable[[Lease, Path], list[str]]:
    place = str(opener.artifacts.parent), name, opener.database

    def command(lease: Lease, _: Path) -> list[str]:
        return [sys.executable, "-c", code, *place, lease.job, str(lease.token)]

    return command


def never() -> bool:
    return False


def run(
    opener: Opener, code: str, limit_seconds: float = PATIENCE_SECONDS, stopping: Callable[[], bool] = never
) -> dict[str, Any]:
    memory = opener()
    number = new_job(memory)
    result = run_job(memory, number, command_of(opener, code), limit_seconds, stopping)
    assert memory.jobs.get(number).result == result
    assert memory.jobs.open() is None
    assert not (opener.artifacts / "jobs" / number / "work").exists()
    return result


def log_of(opener: Opener, number: str = "1") -> Path:
    return opener.artifacts / job_path(number) / "trainer.log"


def test_a_child_that_comes_to_its_end_tells_its_outcome(opener: Opener) -> None:
    assert run(opener, SAY) == outcome("published", "7")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; sys.exit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("pass", "exit code 0 and no result"),
        ("open('/dev/null'); raise MemoryError", "exit code 1"),
    ],
)
def test_a_child_that_dies_fails_the_job_with_the_reason(opener: Opener, code: str, says: str) -> None:
    result = run(opener, code)
    assert result["state"] == "failed"
    assert says in result["reason"]


def test_a_child_that_hangs_is_ended_with_all_it_started(opener: Opener, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(pid_file)!r}, "w").write(str(inner.pid))
time.sleep(30)
"""
    result = run(opener, code, limit_seconds=2)
    assert "longer than its limit of 2 seconds" in result["reason"]
    assert not alive(int(pid_file.read_text()))


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_cancelled_job_ends_soon(opener: Opener) -> None:
    code = f"{PRELUDE}\nimport time\nmemory.jobs.cancel(lease.job)\ntime.sleep(30)"
    assert run(opener, code) == outcome("cancelled", reason="cancelled on request")


def test_a_runner_that_is_told_to_stop_fails_its_job(opener: Opener, tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = f"import time; open({str(started)!r}, 'w').close(); time.sleep(30)"
    result = run(opener, code, stopping=started.exists)
    assert result == outcome("failed", reason="the trainer was told to stop before it was done")


def test_a_job_that_is_over_is_not_run_again(opener: Opener) -> None:
    run(opener, SAY)
    memory = opener()
    with pytest.raises(Conflict, match="job 1 is over already: published"):
        run_job(memory, "1", command_of(opener, "import sys; sys.exit(1)"), PATIENCE_SECONDS, never)
    assert memory.jobs.get("1").result == outcome("published", "7")


def test_a_flood_of_output_is_capped_and_does_not_block_the_child(opener: Opener) -> None:
    result = run(opener, f"import sys; [sys.stdout.write('x' * 2**20) for _ in range(20)]\n{SAY}")
    assert result["state"] == "published"
    assert LOG_LIMIT_BYTES <= log_of(opener).stat().st_size < LOG_LIMIT_BYTES + 1000


def test_a_log_that_can_not_be_written_costs_no_training(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_log_at", lambda _: os.fdopen(os.open("/dev/full", os.O_WRONLY), "wb", buffering=0))
    assert run(opener, f"[print('x' * 2**16, flush=True) for _ in range(9)]\n{SAY}") == outcome("published", "7")


def test_a_log_that_can_not_be_opened_costs_no_training(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fdopen", broken)
    assert run(opener, f"print('x', flush=True)\n{SAY}") == outcome("published", "7")
    assert log_of(opener).stat().st_size == 0


def test_a_reader_who_leaves_costs_no_training(opener: Opener) -> None:
    def leave(_: bytes) -> None:
        raise BrokenPipeError

    memory = opener()
    number = new_job(memory)
    code = f"[print('x' * 2**16, flush=True) for _ in range(9)]\n{SAY}"
    result = run_job(memory, number, command_of(opener, code), PATIENCE_SECONDS, never, leave)
    assert result == outcome("published", "7")
    assert log_of(opener).stat().st_size == 9 * (2**16 + 1)


@pytest.mark.parametrize("asked", [None, "2"])
def test_a_child_s_small_matrix_products_have_one_thread_unless_more_are_asked_for(
    opener: Opener, asked: str | None
) -> None:
    """The second of two waits in a loop for its share, which beside other work takes ten times the processor time."""
    memory, code = opener(), f"import os; print(os.environ['OPENBLAS_NUM_THREADS'])\n{SAY}"
    environment = dict(os.environ) | ({} if asked is None else {"OPENBLAS_NUM_THREADS": asked})
    run_job(memory, new_job(memory), command_of(opener, code), PATIENCE_SECONDS, never, None, environment)
    assert log_of(opener).read_text().split() == [asked or "1"]


def test_what_a_killed_runner_left_in_its_work_folder_goes_with_the_next_job(opener: Opener) -> None:
    memory = opener()
    left = opener.artifacts / job_path(new_job(memory)) / "work"
    left.mkdir(parents=True)
    (left / "weights.h5").write_bytes(b"half")
    assert memory.jobs.fail("1", "a test")
    run(opener, SAY)
    assert not left.exists()


def test_the_child_has_the_lowest_priority_and_its_session_gives_way(opener: Opener) -> None:
    own = Path("/proc/self/autogroup")
    before = own.read_text() if own.exists() else ""
    run(opener, f"import os; print(os.nice(0), os.path.exists({str(own)!r}) and open({str(own)!r}).read())\n{SAY}")
    nice, _, group = log_of(opener).read_text().strip().partition(" ")
    assert nice == "19"
    if before:
        assert group.endswith("nice 10")
        assert own.read_text() == before


def test_of_two_runners_of_a_job_one_runs_it_and_the_other_is_told(opener: Opener, tmp_path: Path) -> None:
    number = new_job(opener())
    marks = tmp_path / "marks"
    told: list[str] = []

    def runner() -> None:
        try:
            code = f"open({str(marks)!r}, 'a').write('x')\n{SAY}"
            run_job(opener(), number, command_of(opener, code), PATIENCE_SECONDS, never)
        except Conflict as error:
            told.append(str(error))

    threads = [threading.Thread(target=runner) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert marks.read_text() == "x"
    assert len(told) == 1
    assert told[0] in ("job 1 is run by another trainer", "job 1 is over already: published")


def test_a_runner_waits_while_another_models_job_runs(opener: Opener, tmp_path: Path) -> None:
    marks = tmp_path / "marks"

    def runner(name: str) -> None:
        memory = opener(name)
        code = f"mark = open({str(marks)!r}, 'ab', buffering=0)\nmark.write(b'<')\n{PRELUDE}mark.write(b'>')\n{END}"
        run_job(memory, new_job(memory), command_of(opener, code, name), PATIENCE_SECONDS, never)

    threads = [threading.Thread(target=runner, args=(name,)) for name in ("digits", "clothes", "trees")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert marks.read_text() == "<><><>"


def test_a_killed_runner_takes_its_child_and_its_lease_with_it(opener: Opener, tmp_path: Path) -> None:
    memory = opener()
    number = new_job(memory)
    started = tmp_path / "started"
    os.mkfifo(started)
    child = f"""{PRELUDE}
import os, time
from trainer.child import die_with_the_runner
die_with_the_runner()
open({str(started)!r}, "w").write(str(os.getpid()))
time.sleep(600)
"""
    runner = f"""
import sys
from pathlib import Path
from tests.opener import Opener
from trainer import log
from trainer.job import run_job
folder, database = {str(tmp_path)!r}, {opener.database!r}
command = [sys.executable, "-c", {child!r}, folder, "digits", database, {number!r}, "1"]
run_job(Opener(Path(folder), database)(), {number!r}, lambda lease, work: command, 600, lambda: False)
"""
    process = subprocess.Popen([sys.executable, "-c", runner], cwd=ROOT)
    child_pid = int(started.read_text())
    assert memory.jobs.fail_lost(living.Heartbeats()) is None
    assert memory.jobs.get(number).state == "starting"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert memory.jobs.fail_lost(living.Heartbeats()) == number
    result = memory.jobs.get(number).result
    assert result == outcome("failed", reason="the trainer was stopped from outside while starting")
    assert gone(child_pid)
    with pytest.raises(LeaseLost):
        Lease(memory.database, int(number), 1).end(outcome("published", "7"))
    assert memory.jobs.get(number).result == result
    assert take(memory.database, new_job(memory), living.own(), living.Heartbeats()) is not None


def test_a_child_that_ends_leaves_nothing_running(opener: Opener, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    inner = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    assert run(opener, f"{inner}; open({str(pid_file)!r}, 'w').write(str(p.pid))\n{SAY}")["state"] == "published"
    assert gone(int(pid_file.read_text()))


def test_a_child_hears_of_its_runners_end() -> None:
    code = "import time; from trainer.child import die_with_the_runner; die_with_the_runner(); time.sleep(20)"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True
    ) as child:
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(60) == -signal.SIGKILL
