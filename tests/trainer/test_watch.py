"""A runner that waits takes up jobs of its own model and of those that began from nothing, and of no other server's."""

import subprocess
import sys
from pathlib import Path

from tests.faults.stage import eventually
from tests.live import ROOT
from tests.tiny import memory_in


def test_jobs_of_models_that_began_from_nothing_are_run_and_another_servers_wait(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    memory.catalogue.create("pets", ("cat", "dog"), "a test")
    pets, clothes = memory_in(tmp_path, "pets"), memory_in(tmp_path, "clothes")
    job = pets.jobs.create({}, "a test", {}).job
    other = clothes.jobs.create({}, "a test", {}).job
    places = ("--artifacts", str(tmp_path / "artifacts"), "--data", str(tmp_path / "data"), "--baseline", str(tmp_path))
    command = [sys.executable, "-m", "trainer", "--watch", *places]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as runner:
        try:
            result = eventually(lambda: pets.jobs.glance(job).result, "the end of the job")
        finally:
            runner.terminate()
    assert result["state"] == "failed"
    assert "'cat'" in str(result["reason"]), "it was read with its own classes, and has no pictures"
    assert clothes.jobs.get(other).state == "queued"
    assert memory.jobs.open() is None
