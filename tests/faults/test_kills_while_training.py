"""A trainer that is killed where it works longest: at its start, and before and after the export of a real training."""

import os
import signal
from pathlib import Path

import pytest

from server.store.content import job_path
from tests.digits import SMALL_GATE_MARGIN, write_small_mnist
from tests.faults.stage import Stage, eventually, is_alive, job_of
from tests.live import LiveServer

TRAINING_SECONDS = 600.0  # a bound for a slow machine, not an expectation
# After the export it leaves what it does before it; `make soak` tries that as well.
QUICK, STEPS = ("started", "before the export"), ("started", "before the export", "exported")


def end_of(server: LiveServer, job: str, *states: str) -> object:
    result = eventually(lambda: job_of(server, job)["result"], "the end of the job", TRAINING_SECONDS)
    assert isinstance(result, dict)
    assert result["state"] in states, result
    return result["reason"] if "failed" in states else None


@pytest.mark.long(seconds=25)
@pytest.mark.parametrize("steps", [QUICK, pytest.param(STEPS, marks=pytest.mark.soak)])
def test_a_trainer_killed_at_its_start_and_about_its_export_leaves_nothing(
    tmp_path: Path, steps: tuple[str, ...]
) -> None:
    stage = Stage(tmp_path / "stage")
    stage.tell("train")
    write_small_mnist(tmp_path / "mnist", 1500, 200)
    flags = ("--dataset", str(tmp_path / "mnist"), "--gate-accuracy-margin", SMALL_GATE_MARGIN)
    with LiveServer(tmp_path, *flags, environment=stage.environment) as server:
        models = server.get("/models").json()

        def retrain() -> str:
            answer = server.post("/retrain", json={"epochs": 1, "force": True})
            assert answer.status_code == 202, answer.text
            return str(answer.json()["job"])

        for step in steps:
            stage.stop_at(step)
            job = retrain()
            eventually((stage.folder / "reached").is_file, f"the step {step!r}", TRAINING_SECONDS)
            child = stage.reached()
            os.kill(child, signal.SIGKILL)
            assert "SIGKILL" in str(end_of(server, job, "failed"))
            assert not is_alive(child)
            work = server.artifacts / job_path(job) / "work"
            eventually(lambda work=work: not work.exists(), "the end of what it worked on")  # type: ignore[misc]
            assert server.get("/models").json() == models
            assert not list(server.artifacts.glob("models/*/*"))

        stage.go()
        job = retrain()
        end_of(server, job, "published", "refused")
        assert "Traceback" not in "".join(server.log)
