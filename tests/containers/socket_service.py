"""A server container that has the Docker socket, and with it the right to start trainers."""

from tests.containers.engine import ARTIFACTS, DATA, SERVE_DOCKER, TRAIN, Volume, docker
from tests.containers.service import Service

SOCKET = "/var/run/docker.sock"
MEMORY_BYTES = 3 * 2**30


def serve_with_socket(
    artifacts: Volume, data: Volume, dataset: Volume, *options: str, environment: dict[str, str] | None = None
) -> Service:
    settings = {
        "RELEARN_TRAINER": "docker",
        "RELEARN_DOCKER_IMAGE": TRAIN,
        "RELEARN_DOCKER_MEMORY_BYTES": str(MEMORY_BYTES),
        "RELEARN_DOCKER_ARTIFACTS": artifacts.name,
        "RELEARN_DOCKER_DATA": data.name,
        "RELEARN_DOCKER_DATASET": dataset.name,
        "RELEARN_DOCKER_BASELINE": "image",
    }
    mount = f"--volume={SOCKET}:{SOCKET}"
    group = docker("run", "--rm", mount, "--user=0:0", "--entrypoint=stat", SERVE_DOCKER, "--format=%g", SOCKET)
    return Service(
        SERVE_DOCKER,
        *("--read-only", mount, f"--group-add={group}"),
        *(f"--volume={artifacts.name}:{ARTIFACTS}", f"--volume={data.name}:{DATA}"),
        *options,
        environment=settings | (environment or {}),
    )
