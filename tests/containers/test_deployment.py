"""What the deployment files promise, read from the files: no Docker engine is asked."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from server.configuration import load
from tests.containers import composed
from tests.containers.engine import ROOT

DOCKERFILES = ("Dockerfile.serve", "Dockerfile.train")


def test_dockerfiles_pass_hadolint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, *DOCKERFILES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_dockerfile_installs_the_makefile_s_uv(dockerfile: str) -> None:
    pinned = re.search(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pinned
    assert f"ARG UV_VERSION={pinned[1]}\n" in (ROOT / dockerfile).read_text()


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_dockerfile_names_no_host(dockerfile: str) -> None:
    assert "://" not in (ROOT / dockerfile).read_text()


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_everything_a_dockerfile_copies_is_let_into_the_build(dockerfile: str) -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    text = (ROOT / dockerfile).read_text()
    copied = re.findall(r"^COPY (?!--)(\S+) ", text, re.MULTILINE)
    wanted = [*(path for path in copied if "*" not in path), *re.findall(r"requirements-\w+\.txt", text)]
    assert len(wanted) > 5
    for path in wanted:
        assert (ROOT / path).exists()
        assert {path, *map(str, Path(path).parents)} & allowed, path


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_an_image_is_under_the_licences_of_the_code_and_of_the_pictures(dockerfile: str) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        licences = tomllib.load(file)["project"]["license"]
    assert f'org.opencontainers.image.licenses="{licences}"' in (ROOT / dockerfile).read_text()
    assert "CC-BY-SA-3.0" in licences


def test_compose_publishes_on_loopback_only() -> None:
    ports = [port for service in composed.content()["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_gives_nobody_the_socket_and_keeps_the_baseline_out_of_volumes() -> None:
    for service in composed.content()["services"].values():
        targets = {volume.split(":")[0]: volume.split(":")[1] for volume in service["volumes"]}
        assert targets == {"artifacts": "/var/lib/relearn/artifacts", "data": "/var/lib/relearn/data"}


def test_compose_trainer_cannot_write_the_uploads_or_reach_a_network() -> None:
    trainer = composed.content()["services"]["trainer"]
    assert "data:/var/lib/relearn/data:ro" in trainer["volumes"]
    assert trainer["network_mode"] == "none"


def test_compose_confines_every_service() -> None:
    for service in composed.content()["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_compose_settings_are_settings() -> None:
    environment = composed.content()["services"]["server"]["environment"]
    assert all(isinstance(value, str) for value in environment.values())
    load([], environment | {"RELEARN_HOST": "0.0.0.0"})  # noqa: S104 - as the image says


def test_render_deploys_one_service_with_a_disk_and_a_made_key() -> None:
    (service,) = yaml.safe_load((ROOT / "render.yaml").read_text())["services"]
    variables = {entry["key"]: entry for entry in service["envVars"]}
    assert (ROOT / service["dockerfilePath"]).name == "Dockerfile.train"
    assert service["disk"]["mountPath"] == "/var/lib/relearn"
    assert service["healthCheckPath"] == "/readyz"
    assert variables["RELEARN_API_KEY"] == {"key": "RELEARN_API_KEY", "generateValue": True}
    values = {
        name: entry["value"] for name, entry in variables.items() if name.startswith("RELEARN_") and "value" in entry
    }
    load([], values | {"RELEARN_HOST": "0.0.0.0", "RELEARN_API_KEY": "made", "PORT": "10000"})  # noqa: S104


def test_render_s_build_argument_and_command_are_the_image_s() -> None:
    dockerfile = (ROOT / "Dockerfile.train").read_text()
    (service,) = yaml.safe_load((ROOT / "render.yaml").read_text())["services"]
    assert "ARG RUN_AS=10001:10001\nUSER ${RUN_AS}\n" in dockerfile
    assert {"key": "RUN_AS", "value": "0:0"} in service["envVars"]
    assert f"COPY trainer/give-disk {service['dockerCommand']}\n" in dockerfile
    assert os.access(ROOT / "trainer/give-disk", os.X_OK)
