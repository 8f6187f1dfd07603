"""RELEARN_TRAINER=docker: the server starts the trainer's container, and the container may do nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.containers.engine import ARTIFACTS, DATA, DATASET, Container, Volume, containers, eventually, inspect
from tests.containers.service import KEY, LONG, Service
from tests.containers.socket_service import MEMORY_BYTES, serve_with_socket


@pytest.fixture(scope="module")
def service(artifacts: Volume, data: Volume, dataset: Volume) -> Iterator[Service]:
    with serve_with_socket(artifacts, data, dataset) as made:
        yield made


@pytest.fixture(scope="class")
def trainer(service: Service, artifacts: Volume) -> Iterator[Container]:
    """The container of a job that is training, cancelled in the end."""
    job = service.retrain(LONG)
    service.until("training", job)
    (found,) = containers("relearn.job=" + job, "relearn.artifacts=" + artifacts.name)
    yield Container(found)
    service.client.delete(f"/retrain/jobs/{job}")
    assert service.result(job)["state"] == "cancelled"
    eventually(lambda: not containers("relearn.artifacts=" + artifacts.name), "the container is removed")


class TestConfinement:
    """Of one container while it trains."""

    def test_container_is_confined(self, trainer: Container) -> None:
        host: dict[str, Any] = inspect(trainer.id)["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert not host["Privileged"]
        assert host["NetworkMode"] == "none"
        assert host["ReadonlyRootfs"]
        assert (host["Memory"], host["MemorySwap"]) == (MEMORY_BYTES, MEMORY_BYTES)
        assert host["NanoCpus"] == 10**9
        assert host["CpuShares"] == 16
        assert host["PidsLimit"] == 1024
        assert not host["Devices"]
        assert not host["RestartPolicy"]["MaximumRetryCount"]

    def test_container_is_the_servers_own_user(self, trainer: Container, service: Service) -> None:
        code = "import os; print(os.getuid(), os.getgid())"
        assert trainer.python(code) == service.python(code) == "10001 10001"

    def test_container_has_three_mounts_and_writes_one(self, trainer: Container) -> None:
        mounts = {mount["Destination"]: mount["RW"] for mount in inspect(trainer.id)["Mounts"]}
        assert mounts == {ARTIFACTS: True, DATA: False, DATASET: False}

    def test_kernel_holds_the_container_to_it(self, trainer: Container) -> None:
        code = """
import json, os, pathlib
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
status = dict(line.split(":\\t") for line in lines if ":\\t" in line)
folders = "/app", "/var/lib/relearn/data", "/app/dataset", "/opt/relearn"
def refused(folder):
    try:
        pathlib.Path(folder, "probe").write_text("")
    except OSError:
        return True
    return False
print(json.dumps({
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no new privileges": status["NoNewPrivs"],
    "network": os.listdir("/sys/class/net"),
    "refused": [folder for folder in folders if refused(folder)],
}))
"""
        assert json.loads(trainer.python(code)) == {
            "capabilities": 0,
            "no new privileges": "1",
            "network": ["lo"],
            "refused": ["/app", "/var/lib/relearn/data", "/app/dataset", "/opt/relearn"],
        }

    def test_container_is_told_nothing_by_a_client(self, trainer: Container) -> None:
        config = inspect(trainer.id)["Config"]
        job = config["Labels"]["relearn.job"]
        assert config["Entrypoint"] == ["python", "-m", "trainer"]
        assert config["Cmd"] == [
            *("job", job),
            *("--artifacts", ARTIFACTS, "--data", DATA, "--dataset", DATASET, "--baseline", "/app/baseline"),
            *("--name", "digits", "--job-limit-seconds", "3600.0"),
        ]
        assert job.isdecimal()
        assert KEY not in json.dumps(config)
        assert not [variable for variable in config["Env"] if variable.startswith("RELEARN_API")]


def test_retrain_publishes_through_a_container(service: Service, artifacts: Volume) -> None:
    before = service.version()
    version = service.retrain_and_publish()
    assert int(version) > int(before)
    eventually(lambda: not containers("relearn.artifacts=" + artifacts.name), "the container is removed")


def test_missing_image_is_said_at_once(artifacts: Volume, data: Volume, dataset: Volume) -> None:
    environment = {"RELEARN_DOCKER_IMAGE": "relearn-nowhere:none"}
    with serve_with_socket(artifacts, data, dataset, environment=environment) as service:
        service.upload()
        answer = service.client.post("/retrain", json={})
        assert answer.status_code == 500
        assert "relearn-nowhere" in answer.json()["error"]
        assert service.client.get("/retrain/jobs").json()["jobs"][0]["state"] == "failed"
        assert service.version()


def test_missing_engine_is_said_and_predictions_go_on(artifacts: Volume, data: Volume, dataset: Volume) -> None:
    nowhere = {"DOCKER_HOST": "unix:///var/run/nowhere.sock"}
    with serve_with_socket(artifacts, data, dataset, environment=nowhere) as service:
        service.upload()
        answer = service.client.post("/retrain", json={})
        assert answer.status_code == 500
        assert "the Docker engine" in answer.json()["error"]
        assert service.version()


def test_runner_that_cannot_begin_fails_its_job_with_the_reason(
    artifacts: Volume, data: Volume, dataset: Volume
) -> None:
    elsewhere = Volume("elsewhere")
    try:
        environment = {"RELEARN_DOCKER_ARTIFACTS": elsewhere.name}  # not where the server has its database
        with serve_with_socket(artifacts, data, dataset, environment=environment) as service:
            result = service.result(service.retrain(LONG))
            assert result["state"] == "failed"
            assert "before it took the job up" in result["reason"]
            assert "of a database that is not here" in result["reason"]
            eventually(lambda: not containers("relearn.artifacts=" + elsewhere.name), "the container is removed")
    finally:
        elsewhere.remove()
