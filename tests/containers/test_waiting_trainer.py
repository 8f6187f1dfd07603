"""compose.yaml's two services: the trainer waits in the artifacts volume, and nobody has the Docker socket."""

from collections.abc import Iterator

import pytest

from tests.containers import composed
from tests.containers.engine import DATASET, SERVE, TRAIN, Container, Volume, eventually, inspect, start
from tests.containers.service import LONG, Service


@pytest.fixture(scope="module")
def volumes(artifacts: Volume, data: Volume) -> dict[str, str]:
    return {"artifacts": artifacts.name, "data": data.name}


@pytest.fixture(scope="module")
def service(volumes: dict[str, str]) -> Iterator[Service]:
    with Service(SERVE, *composed.flags("server", volumes)) as made:
        yield made


def waiting_trainer(volumes: dict[str, str], dataset: Volume) -> Container:
    flags = composed.flags("trainer", volumes)
    return Container(start(*flags, f"--volume={dataset.name}:{DATASET}:ro", TRAIN, *composed.command("trainer")))


@pytest.fixture
def trainer(service: Service, volumes: dict[str, str], dataset: Volume) -> Iterator[Container]:
    with waiting_trainer(volumes, dataset) as made:
        yield made


def test_retrain_publishes_through_the_waiting_trainer(service: Service, trainer: Container) -> None:
    before = service.version()
    assert int(service.retrain_and_publish()) > int(before)


def test_nobody_has_the_socket(service: Service, trainer: Container) -> None:
    for container in (service, trainer):
        assert not [mount for mount in inspect(container.id)["Mounts"] if mount["Type"] != "volume"]
    assert inspect(trainer.id)["HostConfig"]["NetworkMode"] == "none"


def test_idle_trainer_ends_at_sigterm(trainer: Container) -> None:
    eventually(lambda: "waiting for jobs" in trainer.log, "the trainer waits")
    assert trainer.stop() == 0


def test_job_waits_for_a_trainer_and_fails_cleanly_when_that_is_stopped(
    service: Service, volumes: dict[str, str], dataset: Volume
) -> None:
    job = service.retrain(LONG)
    assert service.client.get(f"/retrain/jobs/{job}").json()["state"] == "queued"
    with waiting_trainer(volumes, dataset) as trainer:
        service.until("training", job)
        assert trainer.stop() == 0
    result = service.result(job)
    assert result["state"] == "failed"
    assert result["reason"] == "the trainer was told to stop before it was done"


def test_killed_trainer_fails_its_job_and_the_next_one_works(
    service: Service, volumes: dict[str, str], dataset: Volume
) -> None:
    job = service.retrain(LONG)
    with waiting_trainer(volumes, dataset) as trainer:
        service.until("training", job)
        trainer.kill()
        assert service.result(job)["reason"] == "the trainer was stopped from outside while training"
    with waiting_trainer(volumes, dataset):
        service.retrain_and_publish()
