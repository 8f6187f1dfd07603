"""`make` refuses a Python that can't do before it builds anything, and `make run` serves before all is built."""

import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.live import PLAIN

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
PATIENCE_SECONDS = 60.0  # a bound for a slow machine

# Where an interpreter of another version, or a download of the trainer's half gigabyte, would be.
PYTHON = '#!/bin/sh\ncase "$2" in *ensurepip*) exit {venv};; *) echo "{says}";; esac\n'
UV = '#!/bin/sh\ncase "$1" in pip) echo $$ >{folder}/pid; echo >{folder}/begun; exec sleep 600;; esac\n'


def script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_range_of_pythons_is_the_project_s() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        asked = tomllib.load(file)["project"]["requires-python"]
    found = re.search(r"^PYTHONS := (.+)$", MAKEFILE, re.MULTILINE)
    assert found is not None
    versions = [tuple(map(int, version.split("."))) for version in found[1].split()]
    assert versions == [(3, minor) for minor in range(versions[0][1], versions[-1][1] + 1)]
    assert asked == f">=3.{versions[0][1]},<3.{versions[-1][1] + 1}"


@pytest.mark.parametrize(
    ("says", "venv", "sentence"),
    [
        ("Python 3.14", 0, "Relearn needs Python 3.11 to 3.13, and {} is Python 3.14."),
        ("Python 3.10", 0, "and {} is Python 3.10."),
        ("Python 3.1", 0, "and {} is Python 3.1."),
        ("Python 2.7", 0, "and {} is Python 2.7."),
        ("Python 3.12", 1, "Relearn needs Python's venv module, which {}, Python 3.12, lacks."),
        (None, 0, "and {} is no Python."),
    ],
)
@pytest.mark.parametrize("has_uv", [False, True])
def test_an_unfit_python_is_named_before_anything_is_built(
    tmp_path: Path, says: str | None, venv: int, sentence: str, has_uv: bool
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements-serve.txt").touch()
    python = tmp_path / "python"
    if says is not None:
        script(python, PYTHON.format(says=says, venv=venv))
    if has_uv:
        script(tmp_path / "uv", "#!/bin/sh\n")
    before = sorted(tmp_path.iterdir())
    command = ["make", "run", f"PYTHON={python}", *(["UV=./uv"] if has_uv else [])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert sentence.format(python) in done.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose serve environment is there, and whose train environment takes ten minutes to build."""
    for name in ("Makefile", "requirements-train.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements-serve.txt").touch()
    os.utime(tmp_path / "requirements-serve.txt", (0, 0))
    for name in (".venv-serve", "server", "ui"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/baseline").symlink_to(ROOT / "artifacts/baseline")
    script(tmp_path / "uv", UV.format(folder=tmp_path))
    os.mkfifo(tmp_path / "begun")
    return tmp_path


@pytest.fixture
def running(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RELEARN_", "MAKE"))}
    process = subprocess.Popen(
        ["make", "run", "PORT=0", "UV=./uv"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("by_terminal", [True, False])
def test_make_run_serves_while_it_builds_and_a_signal_ends_both(
    checkout: Path, running: subprocess.Popen[str], by_terminal: bool
) -> None:
    assert running.stderr is not None
    (checkout / "begun").read_text()  # the building goes on
    url = next(found[1] for line in running.stderr if (found := re.search(r"Relearn serves on (http://\S+)", line)))
    client = httpx.Client(base_url=url, **PLAIN, transport=httpx.HTTPTransport(retries=8))
    assert client.get("/livez").status_code == 200
    answer = client.post("/retrain", json={"force": True})
    assert (answer.status_code, answer.json()["code"]) == (503, "trainer_not_ready")
    assert "the trainer's environment is still being built" in answer.json()["error"]
    assert client.get("/retrain/jobs").json()["jobs"] == []
    builder = int((checkout / "pid").read_text())
    assert alive(builder)
    if by_terminal:
        os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C does
    else:
        running.terminate()
    running.communicate(timeout=PATIENCE_SECONDS)
    client.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/livez", **PLAIN)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while alive(builder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(builder)
    assert not (checkout / ".venv-train/ready").exists()
