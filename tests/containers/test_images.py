"""What the images are: small, without root, healthy when they say so, and silent about where they were built."""

import json
import signal
from collections.abc import Iterator

import pytest

from server import __version__
from tests.containers.engine import ROOT, SERVE, SERVE_DOCKER, TRAIN, Volume, docker, eventually, inspect
from tests.containers.service import Service

BASE = "python:3.11-slim-bookworm"
SERVE_LIMIT_BYTES = 300 * 10**6  # above the Python base
LICENCES = {"LICENSE": "LICENSE", "mnist.md": "data/README.md", "packages.md": "docs/licences.md"}
READ_ONLY = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true")


@pytest.fixture(scope="module")
def service(artifacts: Volume, data: Volume) -> Iterator[Service]:
    mounts = [
        f"--volume={artifacts.name}:/var/lib/relearn/artifacts",
        f"--volume={data.name}:/var/lib/relearn/data",
    ]
    with Service(SERVE, *READ_ONLY, *mounts) as made:
        yield made


def test_serve_image_is_small(images: None) -> None:
    assert inspect(SERVE)["Size"] - inspect(BASE)["Size"] < SERVE_LIMIT_BYTES


@pytest.mark.parametrize("image", [SERVE, TRAIN])
def test_image_runs_without_root(images: None, image: str) -> None:
    assert inspect(image)["Config"]["User"] == "10001:10001"


@pytest.mark.parametrize("image", [SERVE, TRAIN])
def test_image_says_what_it_is_and_under_which_licences(images: None, image: str) -> None:
    labels = inspect(image)["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "Relearn"
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "MIT AND CC-BY-SA-3.0"
    texts = docker("run", "--rm", "--entrypoint=cat", image, *(f"/app/licences/{name}" for name in LICENCES))
    assert texts == "".join((ROOT / path).read_text() for path in LICENCES.values()).strip()


def test_serve_image_has_no_training_library(images: None) -> None:
    code = (
        "import importlib.util as u; print([n for n in ('tensorflow', 'onnx', 'docker', 'trainer') if u.find_spec(n)])"
    )
    assert docker("run", "--rm", "--entrypoint=python", SERVE, "-c", code) == "[]"


@pytest.mark.parametrize("image", [SERVE, TRAIN])
def test_image_keeps_no_build_setting(images: None, image: str) -> None:
    names = {variable.partition("=")[0] for variable in inspect(image)["Config"]["Env"]}
    assert not {name for name in names if name.startswith(("PIP_", "UV_", "SSL_"))}


def test_read_only_container_predicts_and_stores(service: Service) -> None:
    assert service.version() == "0"
    service.upload()
    assert service.client.get("/health").json()["status"] == "healthy"
    assert inspect(service.id)["HostConfig"]["ReadonlyRootfs"]


def test_container_is_healthy_when_it_is_ready(service: Service) -> None:
    eventually(lambda: service.state["Health"]["Status"] == "healthy", "healthy")


def test_health_check_fails_without_a_server(images: None) -> None:
    check = "subprocess.run([sys.executable, '-m', 'server.process.ready'])"
    code = f"import subprocess, sys; sys.exit({check}.returncode != 1)"
    docker("run", "--rm", "--entrypoint=python", SERVE, "-c", code)


def test_server_without_a_key_refuses_to_listen_for_everyone(images: None) -> None:
    with pytest.raises(AssertionError, match="without a key"):
        docker("run", "--rm", SERVE)
    with pytest.raises(AssertionError, match="RELEARN_PORT=70000"):  # as KServe passes its arguments
        docker("run", "--rm", "--env=RELEARN_API_KEY=k", SERVE, "--model_name=digits", "--http_port=70000")


def test_serve_image_has_no_postgresql_package_and_says_so(images: None) -> None:
    url = "--env=RELEARN_DATABASE=postgresql+psycopg://user@nowhere/name"
    with pytest.raises(AssertionError, match="needs the psycopg package"):
        docker("run", "--rm", url, "--env=RELEARN_API_KEY=k", SERVE)


def test_serve_image_takes_the_packages_of_several_lists(images: None) -> None:
    code = "import docker, psycopg; print(psycopg.pq.__impl__)"
    assert docker("run", "--rm", "--entrypoint=python", SERVE_DOCKER, "-c", code) == "binary"


def test_serve_image_has_no_docker_package_and_says_so(images: None) -> None:
    with pytest.raises(AssertionError, match="needs the docker package"):
        docker("run", "--rm", "--env=RELEARN_TRAINER=docker", "--env=RELEARN_API_KEY=k", SERVE)


def test_sigterm_ends_the_server_within_its_grace(images: None) -> None:
    with Service(SERVE, *READ_ONLY) as alone:
        assert alone.stop() in (0, 128 + signal.SIGTERM)


def test_build_context_has_no_more_than_the_images_need() -> None:
    allowed = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert allowed[0] == "*"
    assert not [line for line in allowed if line.startswith(("!data/train", "!data/batches", "!.venv"))]


def test_onnxruntime_reports_to_nobody(images: None) -> None:
    for image in (SERVE, TRAIN):
        assert "ORT_DISABLE_TELEMETRY=1" in json.dumps(inspect(image)["Config"]["Env"])
