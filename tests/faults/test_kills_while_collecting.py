"""A server that is killed while it keeps a sample: rows and files agree, and predictions waited for none of it."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from server.store.content import sample_path
from tests.digits import Digits
from tests.faults.stage import Stage, eventually
from tests.live import ROOT, LiveServer
from tests.server.store.test_check import command


@pytest.mark.long(seconds=3)
def test_rows_and_files_agree_after_a_kill(tmp_path: Path, digits: Digits) -> None:
    stage = Stage(tmp_path / "stage")
    flags = ("--collect", "--collect-share", "1", "--trainer", "none")
    with LiveServer(tmp_path, *flags, environment=stage.environment) as server:
        for number, (step, kept) in enumerate(
            (("samples written", 0), ("samples before commit", 0), ("samples stored", 1))
        ):
            stage.stop_at(step)
            server.predict(digits.png(2 * number)).raise_for_status()
            pid = stage.reached()
            other = 2 * number + 1
            assert server.predict(digits.png(other)).json()["label"] == str(digits.classes[other])  # nobody waits
            os.kill(pid, signal.SIGKILL)
            server.stop()
            stage.go()
            server.start()
            eventually(lambda: files(server) == {sample_path(each["sha256"]) for each in listed(server)}, "a sweep")
            assert len(listed(server)) == kept, step
    code, told, _ = command(tmp_path, "--baseline", str(ROOT / "artifacts/baseline"))
    assert code == 0, told


def listed(server: LiveServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/samples", params={"state": "any"}).json()["samples"]
    return found


def files(server: LiveServer) -> set[str]:
    return {str(path.relative_to(server.data)) for path in (server.data / "samples").rglob("*") if path.is_file()}
