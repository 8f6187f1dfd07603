"""A model's first load is tried once by all who share a folder, and again where nobody can know what came of it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.models.findings import NAME, Finding, Findings
from tests.live import ROOT

PASSED, REFUSED = Finding(threshold=0.5), Finding("too large", until=time.monotonic() + 1e6)


def wanted() -> bool:
    return True


def never() -> Finding:
    raise AssertionError("tried again")


@pytest.mark.parametrize("finding", [Finding(), PASSED, REFUSED])
def test_what_one_found_out_the_next_knows(tmp_path: Path, finding: Finding) -> None:
    one, other = Findings(tmp_path), Findings(tmp_path)
    assert one.of("model", wanted, lambda: finding) == finding
    assert other.of("model", wanted, never) == finding
    assert one.of("model", wanted, never) == finding
    assert other.of("another", wanted, lambda: PASSED) == PASSED


def test_a_refusal_that_is_over_is_tried_again(tmp_path: Path) -> None:
    over = Finding("too large", until=time.monotonic())
    one, other = Findings(tmp_path), Findings(tmp_path)
    assert one.of("model", wanted, lambda: over) == over
    assert other.of("model", wanted, lambda: PASSED) == PASSED
    assert one.of("model", wanted, never) == PASSED


def test_who_comes_at_the_same_moment_waits(tmp_path: Path) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slowly() -> Finding:
        begun.set()
        may_end.wait(30)
        return PASSED

    found: list[Finding] = []
    first = threading.Thread(target=lambda: found.append(Findings(tmp_path).of("model", wanted, slowly)))
    first.start()
    begun.wait(30)
    second = threading.Thread(target=lambda: found.append(Findings(tmp_path).of("model", wanted, never)))
    second.start()
    assert Findings(tmp_path).of("another", wanted, lambda: REFUSED) == REFUSED, "nobody waits for another model"
    may_end.set()
    for each in (first, second):
        each.join(30)
    assert found == [PASSED, PASSED]


TRYING = """
import sys, time
from pathlib import Path
from server.models.findings import Findings
Findings(Path(sys.argv[1])).of("model", lambda: True, lambda: print("trying", flush=True) or time.sleep(60))
"""


def test_who_is_killed_while_it_tries_is_followed_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TRYING, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as trying:
        assert trying.stdout is not None
        assert trying.stdout.readline() == "trying\n"
        threading.Timer(0.3, os.kill, (trying.pid, signal.SIGKILL)).start()
        assert Findings(tmp_path).of("model", wanted, lambda: PASSED) == PASSED
        assert trying.wait(30) == -signal.SIGKILL


def test_who_does_not_want_it_any_more_does_not_wait(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TRYING, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as trying:
        assert trying.stdout is not None
        assert trying.stdout.readline() == "trying\n"
        assert Findings(tmp_path).of("model", lambda: False, lambda: REFUSED) == REFUSED
        trying.kill()


def cut(folder: Path) -> Path:
    (folder / f"{NAME}model").write_bytes(b'{"refu')
    return folder


@pytest.mark.parametrize("folder_of", [cut, lambda folder: folder / "missing", lambda _: None])
def test_without_what_another_left_it_is_tried(tmp_path: Path, folder_of: Callable[[Path], Path | None]) -> None:
    findings = Findings(folder_of(tmp_path))
    assert findings.of("model", wanted, lambda: PASSED) == PASSED
    assert findings.of("model", wanted, never) == PASSED
