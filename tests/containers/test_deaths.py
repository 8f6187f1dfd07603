"""Whatever is killed while a container trains, the job ends with a reason and the next retrain works."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.engine import ROOT, TRAIN, Container, Volume, containers, docker, eventually, start
from tests.containers.service import LONG, QUICK, Service
from tests.containers.socket_service import serve_with_socket

KILLED = "the trainer's container ended with exit code 137 while training"
TOLD_TO_STOP = "the trainer was told to stop before it was done"
# Without anybody who could see its container end: the heartbeat is missed after some 20 seconds.
STOPPED_FROM_OUTSIDE = "the trainer was stopped from outside while training"
ENGINE_PID = Path(os.environ.get("ENGINE_STATE", "/var/lib/relearn-engine")) / "pid"  # .ci/engine writes it


@pytest.fixture(scope="module")
def service(artifacts: Volume, data: Volume, dataset: Volume) -> Iterator[Service]:
    with serve_with_socket(artifacts, data, dataset, "--restart=always") as made:
        yield made


def trainer_of(job: str, artifacts: Volume) -> Container:
    (found,) = containers("relearn.job=" + job, "relearn.artifacts=" + artifacts.name)
    return Container(found)


def training(service: Service) -> str:
    """A job that has begun to train and would go on for long."""
    job = service.retrain(LONG)
    service.until("training", job)
    return job


def test_killed_container_fails_its_job(service: Service, artifacts: Volume) -> None:
    job = training(service)
    trainer_of(job, artifacts).kill()
    result = service.result(job)
    assert result["state"] == "failed"
    assert result["reason"] == KILLED
    eventually(lambda: not containers("relearn.job=" + job, "relearn.artifacts=" + artifacts.name), "it is removed")
    service.retrain_and_publish()


def test_server_killed_meanwhile_finds_its_trainers_and_removes_orphans(service: Service, artifacts: Volume) -> None:
    over = service.retrain(LONG)
    service.client.delete(f"/retrain/jobs/{over}")
    assert service.result(over)["state"] == "cancelled"
    job = training(service)
    trainer = trainer_of(job, artifacts)
    idle = ("--network=none", "--entrypoint=sleep", TRAIN, "600")
    digits = "--label=relearn.model=digits"
    ours = "--label=relearn.artifacts=" + artifacts.name
    theirs = "--label=relearn.artifacts=another"
    with (
        Container(start(f"--label=relearn.job={over}", digits, ours, *idle)) as of_a_job_that_is_over,
        Container(start("--label=relearn.job=9999", digits, ours, *idle)) as of_an_unknown_job,
        Container(start("--label=relearn.job=9999", digits, theirs, *idle)) as of_another_server,
        Container(start("--label=relearn.job=9999", "--label=relearn.model=pets", ours, *idle)) as of_another_model,
    ):
        service.kill()
        docker("start", service.id)
        service.wait_until_ready()
        orphans = {of_a_job_that_is_over.id, of_an_unknown_job.id}
        eventually(lambda: not orphans & set(containers("relearn.job")), "orphans are removed")
        assert {of_another_server.id, of_another_model.id, trainer.id} <= set(containers("relearn.job"))
    assert trainer.state["Running"]
    assert service.client.get(f"/retrain/jobs/{job}").json()["state"] == "training"
    service.client.delete(f"/retrain/jobs/{job}")
    assert service.result(job)["state"] == "cancelled"
    eventually(lambda: trainer.id not in containers("relearn.job"), "the trainer is removed when its job is over")
    service.retrain_and_publish()


def test_time_limit_ends_the_training(artifacts: Volume, data: Volume, dataset: Volume, service: Service) -> None:
    with serve_with_socket(artifacts, data, dataset, environment={"RELEARN_JOB_LIMIT_SECONDS": "3"}) as hasty:
        result = hasty.result(hasty.retrain(LONG))
        assert result["state"] == "failed"
        assert result["reason"] == "the training took longer than its limit of 3 seconds"


def test_too_little_memory_fails_the_job_and_not_the_server(
    artifacts: Volume, data: Volume, dataset: Volume, service: Service
) -> None:
    environment = {"RELEARN_DOCKER_MEMORY_BYTES": str(256 * 2**20)}
    with serve_with_socket(artifacts, data, dataset, environment=environment) as narrow:
        result = narrow.result(narrow.retrain(QUICK))
        assert result["state"] == "failed"
        assert result["reason"] == "the trainer was killed by SIGKILL, perhaps for want of memory"
        assert narrow.version()
    service.retrain_and_publish()


def test_engine_killed_and_started_again_fails_the_job(service: Service, artifacts: Volume) -> None:
    if not ENGINE_PID.exists():
        pytest.skip(f"the Docker engine is not one to kill: .ci/engine did not start it ({ENGINE_PID} is not there)")
    job = training(service)
    engine = int(ENGINE_PID.read_text())
    os.kill(engine, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{engine}").exists(), "the engine is dead")
    subprocess.run([ROOT / ".ci/engine", "start"], check=True, capture_output=True)
    eventually(lambda: bool(service.state["Running"]), "the engine starts the server again")
    service.wait_until_ready()
    result = service.result(job)
    assert result["state"] == "failed"
    # The new engine ends what it finds, first kindly, and the new server may miss the heartbeat before it sees that.
    assert result["reason"] in (KILLED, TOLD_TO_STOP, STOPPED_FROM_OUTSIDE)
    eventually(lambda: not containers("relearn.job=" + job, "relearn.artifacts=" + artifacts.name), "it is removed")
    service.retrain_and_publish()
