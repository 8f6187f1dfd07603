"""Whatever becomes of the child, the job ends with a result, and nothing of it is left running."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from server.store import files
from server.store.files import Json
from server.store.jobs import Jobs, outcome
from tests.tiny import store_in
from trainer.job import LOG_LIMIT_BYTES, run_job

SAY = f"import json, sys; json.dump({outcome('published', '7')!r}, open(sys.argv[1] + '/outcome.json', 'w'));"


def new_job(folder: Path) -> Path:
    jobs = Jobs(folder / "artifacts", store_in(folder), None)
    return jobs.folder / jobs.create({}, "test", {}).job


def run(job: Path, code: str, limit_seconds: float = 60) -> dict[str, Json]:
    result = run_job(job, [sys.executable, "-c", code], limit_seconds, never)
    assert json.loads((job / "result.json").read_bytes()) == result
    assert not (job / "work").exists()
    with files.locked(job.parent / "lock", 0):
        pass
    return result


def test_a_child_that_comes_to_its_end_tells_its_outcome(tmp_path: Path) -> None:
    assert run(new_job(tmp_path), SAY)["version"] == "7"


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
def test_a_child_that_dies_fails_the_job_with_the_reason(tmp_path: Path, code: str, says: str) -> None:
    result = run(new_job(tmp_path), code)
    assert result["state"] == "failed"
    assert says in str(result["reason"])


def test_a_child_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(pid_file)!r}, "w").write(str(inner.pid))
time.sleep(600)
"""
    result = run(new_job(tmp_path), code, limit_seconds=2)
    assert "longer than its limit of 2 seconds" in str(result["reason"])
    assert not alive(int(pid_file.read_text()))


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]
    except FileNotFoundError:
        return False


def test_a_cancelled_job_ends_soon(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    code = f"import time; open({str(job / 'cancel')!r}, 'w'); time.sleep(600)"
    assert run(job, code)["state"] == "cancelled"


def test_a_job_that_is_over_is_not_run_again(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    run(job, SAY)
    assert run(job, "import sys; sys.exit(1)")["version"] == "7"


def test_a_flood_of_output_is_capped_and_does_not_block_the_child(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    result = run(job, f"import sys; [sys.stdout.write('x' * 2**20) for _ in range(20)]; {SAY}")
    assert result["state"] == "published"
    size = (job / "trainer.log").stat().st_size
    assert LOG_LIMIT_BYTES <= size < LOG_LIMIT_BYTES + 1000


def test_the_child_has_the_lowest_priority_and_its_session_gives_way(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    own = Path("/proc/self/autogroup")
    before = own.read_text() if own.exists() else ""
    run(job, f"import os; print(os.nice(0), os.path.exists({str(own)!r}) and open({str(own)!r}).read()); {SAY}")
    nice, _, group = (job / "trainer.log").read_text().strip().partition(" ")
    assert nice == "19"
    if before:
        assert group.endswith("nice 10")
        assert own.read_text() == before


def never() -> bool:
    return False


def test_a_second_runner_waits_for_the_first(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    marks = tmp_path / "marks"
    code = f"open({str(marks)!r}, 'a').write('x'); {SAY}"
    threads = [threading.Thread(target=run_job, args=(job, [sys.executable, "-c", code], 60, never)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert marks.read_text() == "x"


def test_a_killed_runner_takes_its_lock_with_it(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    started = tmp_path / "started"
    os.mkfifo(started)
    child = f"import time; open({str(started)!r}, 'w').close(); time.sleep(600)"
    runner = f"""
import sys
from pathlib import Path
from trainer.job import run_job
run_job(Path({str(job)!r}), [sys.executable, "-c", {child!r}], 600, lambda: False)
"""
    process = subprocess.Popen([sys.executable, "-c", runner], cwd=Path(__file__).parents[2])
    started.open().close()
    jobs = Jobs(tmp_path / "artifacts", store_in(tmp_path), None)
    assert jobs.get(job.name).state == "starting"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert jobs.get(job.name).state == "failed"
