"""The wheel: what is in it, and that it serves from an empty folder of a machine that has Python only."""

import os
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from server import __version__
from server.client.client import Client
from server.command.output import UNREACHABLE
from server.routes.terse import terse
from tests.digits import Digits
from tests.live import PLAIN, ROOT

LIMIT_BYTES = 15 * 2**20
TOOLS = ROOT / ".venv-wheel/bin"
UV = ROOT / ".venv-uv/bin/uv"
WAIT_SECONDS = 120.0
PROGRAM = """
import relearn, sys
client: relearn.Client = relearn.Client(sys.argv[1])
print(client.predict("seven.png").label, "server" in sys.modules)
"""

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv-wheel/ready").exists(), reason="needs hatchling: make .venv-wheel/ready"
)


@dataclass(frozen=True)
class Installed:
    """A fresh environment that has the wheel and what it asks for, and nothing of the checkout."""

    bin: Path

    def run(self, folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=folder, env=self.environment | more, capture_output=True, text=True, timeout=WAIT_SECONDS
        )

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("RELEARN_", "PYTHON"))}
        return own | {"PATH": f"{self.bin}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [TOOLS / "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment") / "env"
    subprocess.run([UV, "venv", "--quiet", "--python", ROOT / ".venv-serve/bin/python", folder], check=True)
    locked = ("-c", ROOT / "requirements-serve.txt")
    install = ["pip", "install", "--quiet", *locked, "--python", folder / "bin/python", f"{wheel}[serve]"]
    done = subprocess.run([UV, *map(str, install)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the locked packages, of uv's cache or a registry: {done.stderr[-200:]}")
    return Installed(folder / "bin")


@contextmanager
def serving(installed: Installed, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`relearn serve` in a folder, and its address."""
    with subprocess.Popen(
        [installed.bin / "relearn", "serve", "--port", "0"],
        cwd=folder,
        env=installed.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = next((line for line in process.stderr if "Relearn serves on" in line), None)
        try:
            assert said is not None
            yield process, said.rsplit(maxsplit=1)[-1]
        finally:
            process.kill()


def test_it_is_one_package_with_all_that_is_needed_and_nothing_else(wheel: Path) -> None:
    assert wheel.stat().st_size <= LIMIT_BYTES
    assert wheel.name.startswith(f"relearn_server-{__version__}-py3-none-any")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {"relearn", f"relearn_server-{__version__}.dist-info"}
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    parts = ("server/", "trainer/", "export/", "ui/", "artifacts/", "data/")
    expected = {f"relearn/{name}" for name in tracked if name.startswith(parts)}
    moved = {f"relearn/server/{name}" for name in ("client/py.typed", "command/package.py", "command/start.py")}
    own = {f"relearn/{name}" for name in ("__init__.py", "__main__.py", "py.typed")}
    assert {name for name in names if name.startswith("relearn/")} == (expected - moved) | own


def test_it_has_its_licences(wheel: Path) -> None:
    archive, about = zipfile.ZipFile(wheel), f"relearn_server-{__version__}.dist-info"
    assert "License-Expression: MIT AND CC-BY-SA-3.0\n" in archive.read(f"{about}/METADATA").decode()
    assert archive.read(f"{about}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert archive.read("relearn/data/README.md") == (ROOT / "data/README.md").read_bytes()


def test_nothing_is_wrong_with_its_contents(wheel: Path) -> None:
    command = ["--config", ROOT / "pyproject.toml", wheel]
    done = subprocess.run([TOOLS / "check-wheel-contents", *map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_an_empty_folder_serves_predicts_and_takes_what_it_is_taught(
    installed: Installed, tmp_path: Path, digits: Digits
) -> None:
    (tmp_path / "seven.png").write_bytes(digits.png(0))
    (tmp_path / "server").mkdir()  # of the user's, and none of ours
    (tmp_path / "server/__init__.py").write_text("raise SystemExit('not this one')")
    with serving(installed, tmp_path) as (server, url):
        said = installed.run(tmp_path, "relearn", "--url", url, "predict", "seven.png")
        while said.returncode == UNREACHABLE and server.poll() is None:  # its address is told before it listens
            said = installed.run(tmp_path, "relearn", "--url", url, "predict", "seven.png")
        assert said.stdout.startswith("seven.png: 7  "), said.stderr
        assert installed.run(tmp_path, "python", "-P", "-c", PROGRAM, url).stdout == "7 False\n"
        with Client(url) as client:
            assert client.models().versions[0].accuracy is not None
            assert client.upload([digits.png(1)], ["2"]).count == 1
        page = (ROOT / "ui/index.html").read_bytes()
        assert httpx.get(url + "/", **PLAIN).content == terse("index.html", page)
    told = installed.run(tmp_path, "relearn", "checks", "--json").stdout
    assert '"installed_in": "a wheel"' in told
    assert '"trainer": "not installed"' in told
    assert installed.run(tmp_path, "relearn", "check").returncode == 0
    assert "current" in installed.run(tmp_path, "relearn", "export", "list").stdout
    assert "relearn-server[train]" in installed.run(tmp_path, "relearn", "train").stderr
    trainer = {"RELEARN_TRAINER_PYTHON": str(ROOT / ".venv-train/bin/python")}  # the packages of the extra `train`
    assert "--learning-rate" in installed.run(tmp_path, "relearn", "train", "--", "--help", **trainer).stdout
    assert installed.run(tmp_path, "python", "-P", "-m", "relearn", "--version").stdout == f"relearn {__version__}\n"
