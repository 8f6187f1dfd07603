"""A run of tests that is interrupted leaves no server, no process in a session of its own, and no mount behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.stage import eventually, is_alive
from tests.live import ROOT

WAITS = """
import os, subprocess, time
from pathlib import Path

def test_it(server, tmp_path):
    (tmp_path / "disk").mkdir()
    if os.getuid() == 0:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(tmp_path / "disk")], check=False)
    sleeper = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    Path("temp").write_text(f"{server.pid} {sleeper.pid} {tmp_path}")
    Path("temp").rename("there")
    time.sleep(1000)
"""

START_SECONDS = 600.0  # a bound for a slow machine, not an expectation


@pytest.mark.parametrize(
    ("processes", "number"),
    [
        (0, signal.SIGINT),
        (0, signal.SIGTERM),
        pytest.param(2, signal.SIGINT, marks=pytest.mark.long(seconds=6)),
        pytest.param(2, signal.SIGKILL, marks=pytest.mark.long(seconds=4)),
    ],
)
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, processes: int, number: signal.Signals) -> None:
    (tmp_path / "test_it.py").write_text(WAITS)
    # What a shell starts in the background ignores SIGINT, and so does all that is started by it.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest"]
    command += ["--basetemp", str(tmp_path / "base")]
    command += ["--numprocesses", str(processes), "test_it.py"]
    environment = {name: value for name, value in os.environ.items() if name != "TESTS_RUN"} | {"PYTHONPATH": str(ROOT)}
    bystander = subprocess.Popen(["sleep", "1000"], env=environment | {"TESTS_RUN": f"{tmp_path}/bas"})
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as run:
        try:
            eventually((tmp_path / "there").is_file, "the test", START_SECONDS)
            server, sleeper, folder = (tmp_path / "there").read_text().split(" ")
            run.send_signal(number)
            run.wait(START_SECONDS)
        finally:
            run.kill()
    for pid in (server, sleeper):
        eventually(lambda pid=pid: not is_alive(int(pid)), f"the end of {pid}")  # type: ignore[misc]
    eventually(lambda: folder not in Path("/proc/self/mounts").read_text(), "the end of the mount")
    assert bystander.poll() is None, "it is of another run"
    bystander.kill()
    bystander.wait()
