"""Which release this is, wherever that is asked, and how what is locked is taken anew."""

import re
import subprocess
import tomllib

import pytest

from server import __version__
from tests.live import ROOT, LiveServer

SERVE, TRAIN = ROOT / ".venv-serve/bin/python", ROOT / ".venv-train/bin/python"


def test_the_distribution_the_programs_and_the_changelog_are_of_one_release() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == __version__
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == "Unreleased" or heads[0].startswith(__version__)


@pytest.mark.parametrize("module", ["server", "server.process.image", "trainer", "export", "benchmarks"])
def test_every_program_says_it(module: str) -> None:
    python = TRAIN if module in ("trainer", "export") else SERVE
    command = [str(python), "-m", module, "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"relearn {__version__}\n"


def test_a_running_service_says_it(server: LiveServer) -> None:
    assert server.get("/health").json()["version"] == __version__
    assert server.get("/v2").json()["version"] == __version__


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ((), []),
        (("UPGRADE=pillow httpx",), ["--upgrade-package", "pillow", "--upgrade-package", "httpx"]),
        (("UPGRADE=all",), ["--upgrade"]),
    ],
)
def test_locks_are_taken_anew_when_that_is_asked_for(given: tuple[str, ...], flags: list[str]) -> None:
    plan = subprocess.run(["make", "-n", "lock", *given], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^\S+ lock --quiet ?(.*)$", plan, re.MULTILINE) == [" ".join(flags)]
