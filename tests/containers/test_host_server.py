"""RELEARN_TRAINER=docker on the host itself: the server's own folders are mounted, and its own user trains."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.engine import TRAIN, containers, eventually, inspect
from tests.containers.service import LONG
from tests.digits import mnist, write_small_mnist
from tests.live import LiveServer


class HostServer(LiveServer):
    """Run from the environment that has the docker package."""

    python = Path(sys.executable)


@pytest.fixture
def server(images: None, tmp_path: Path) -> Iterator[LiveServer]:
    dataset = tmp_path / "dataset"
    write_small_mnist(dataset)
    with HostServer(
        tmp_path, "--trainer", "docker", "--docker-image", TRAIN, "--dataset", str(dataset), "--docker-cpus", "0.5"
    ) as live:
        yield live


def test_server_s_own_folders_and_user_are_the_container_s(server: LiveServer) -> None:
    digits = mnist("t10k")
    fresh = range(8000, 8020)
    uploaded = server.upload(
        [(f"{each}.png", digits.png(each)) for each in fresh], [str(digits.classes[each]) for each in fresh]
    )
    assert uploaded.status_code == 201, uploaded.text
    job = server.post("/retrain", json=LONG).json()["job"]
    (container,) = containers(f"relearn.job={job}", f"relearn.artifacts={server.artifacts}")
    found = inspect(container)
    assert found["Config"]["User"] == f"{os.getuid()}:{os.getgid()}"
    assert {mount["Source"]: mount["RW"] for mount in found["Mounts"]} == {
        str(server.artifacts): True,
        str(server.data): False,
        str(server.folder / "dataset"): False,
        str(Path("artifacts/baseline").absolute()): False,
    }

    def stage() -> str:
        return str(server.get(f"/retrain/jobs/{job}").json()["state"])

    eventually(lambda: stage() in ("training", "failed"), "it trains")
    assert stage() == "training"
    server.client.delete(server.url + f"/retrain/jobs/{job}")
    eventually(lambda: stage() == "cancelled", "it is cancelled")
    eventually(lambda: not containers(f"relearn.artifacts={server.artifacts}"), "the container is removed")
