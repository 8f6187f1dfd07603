"""Docker as a user has it: images, volumes and containers, through the `docker` command."""

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
SERVE, SERVE_DOCKER, TRAIN = "relearn-serve:test", "relearn-serve-docker:test", "relearn-train:test"
ARTIFACTS, DATA, DATASET = "/var/lib/relearn/artifacts", "/var/lib/relearn/data", "/app/dataset"
WAIT_SECONDS = 900.0  # a bound for a slow machine, not an expectation


def docker(*arguments: str, data: bytes | None = None) -> str:
    """What the command prints; raises AssertionError with its complaint."""
    done = _run(*arguments, data=data)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout.decode().strip()


def _run(*arguments: str, data: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["docker", *arguments], input=data, capture_output=True, check=False)


def missing() -> str | None:
    """Why no container can run here; None if they can."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    done = _run("info")
    return f"no Docker engine answers: {done.stderr.decode().strip()}" if done.returncode else None


def build(image: str, dockerfile: str, **arguments: str) -> None:
    """Build from the real Dockerfile; the indexes and certificates of this machine go in as its build arguments."""
    known = re.findall(r"^ARG (\w+)", (ROOT / dockerfile).read_text(), re.MULTILINE)
    arguments = {name: os.environ[name] for name in known if os.environ.get(name)} | arguments
    pairs = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    docker("build", "--quiet", "--file", str(ROOT / dockerfile), "--tag", image, *pairs, str(ROOT))


def start(*arguments: str) -> str:
    """The id of a new container, from the arguments of `docker run`."""
    return docker("run", "--detach", *arguments)


def inspect(name: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = json.loads(docker("inspect", name))
    return content[0]


def containers(*filters: str) -> list[str]:
    """The ids of the containers, running or not, that have these labels."""
    flags = [f"--filter=label={each}" for each in filters]
    return docker("ps", "--all", "--quiet", "--no-trunc", *flags).split()


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait for what no event tells."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"in {WAIT_SECONDS:g} seconds it did not come to this: {what}"
        time.sleep(0.1)


class Volume:
    """A volume with a name of its own."""

    def __init__(self, kind: str) -> None:
        self.name = docker("volume", "create", f"relearn-test-{kind}-{uuid.uuid4().hex[:8]}")

    def fill(self, folder: Path) -> None:
        """Put a folder's files in; through a container, since an engine need not see this file system."""
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.add(folder, arcname=".")
        unpack = ("--user=0:0", "--entrypoint=tar", TRAIN, "--extract", "--directory=/filled")
        docker("run", "--rm", "--interactive", f"--volume={self.name}:/filled", *unpack, data=file.getvalue())

    def remove(self) -> None:
        """Also what still has it: a trainer whose server was stopped before it could remove it."""
        for container in docker("ps", "--all", "--quiet", f"--filter=volume={self.name}").split():
            docker("rm", "--force", container)
        docker("volume", "rm", "--force", self.name)


class Container:
    """A container by its id; it is gone at the end of a `with`."""

    def __init__(self, container_id: str) -> None:
        self.id = container_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def log(self) -> str:
        done = _run("logs", self.id)
        return (done.stdout + done.stderr).decode()

    @property
    def state(self) -> dict[str, Any]:
        content: dict[str, Any] = inspect(self.id)["State"]
        return content

    def python(self, code: str) -> str:
        """What a piece of Python says inside the container, as its user."""
        return docker("exec", self.id, "python", "-c", code)

    def kill(self) -> None:
        docker("kill", self.id)
        _run("wait", self.id)  # unless it is removed as soon as it is dead

    def stop(self) -> int:
        """SIGTERM, and the exit code; 137 if only SIGKILL ended it."""
        docker("stop", "--time=30", self.id)
        return int(docker("wait", self.id))

    def remove(self) -> None:
        docker("rm", "--force", self.id)
