"""`relearn serve` and the others are `python -m server`, trainer and export: from an empty folder, to the end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from server.command import programs
from server.command.main import relearn
from tests.digits import Digits
from tests.live import PLAIN, ROOT

RELEARN = (sys.executable, "-m", "server.command")
WAIT_SECONDS = 120.0


@pytest.fixture
def environment() -> dict[str, str]:
    """A user's, in which the checkout's command is found from any folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("RELEARN_", "PYTHON"))}
    return own | {"PYTHONPATH": str(ROOT)}


def ran(environment: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RELEARN, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=WAIT_SECONDS
    )


def wait_for(url: str) -> None:
    """Until it answers: its address is told before it listens."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            httpx.get(url + "/livez", **PLAIN, timeout=10)
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def serving(environment: dict[str, str], folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [*RELEARN, "serve", "--port", "0", *flags]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "Relearn serves on" in line)
        url = line.rsplit(maxsplit=1)[-1]
        try:
            wait_for(url)
            yield process, url
        finally:
            process.kill()


def test_an_empty_folder_serves_and_ctrl_c_ends_it(environment: dict[str, str], tmp_path: Path, digits: Digits) -> None:
    with (
        serving(environment, tmp_path, "--drain-seconds", "0") as (process, url),
        httpx.Client(**PLAIN) as client,
    ):
        answer = client.post(url + "/predict", content=digits.png(0), headers={"Content-Type": "image/png"}, timeout=60)
        assert answer.json()["label"] == "7"
        assert client.get(url + "/").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_SECONDS) in (0, -signal.SIGINT)
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "data"}
    checked = ran(environment, tmp_path, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    listed = ran(environment, tmp_path, "export", "list")
    assert (listed.returncode, "current" in listed.stdout) == (0, True)


def test_a_flag_that_is_none_is_the_server_s_to_refuse(environment: dict[str, str], tmp_path: Path) -> None:
    assert "RELEARN_API_KEY" in ran(environment, tmp_path, "serve", "--api-key", "secret").stderr
    unknown = ran(environment, tmp_path, "serve", "--prot", "1")
    assert unknown.returncode == 2
    assert "unrecognized arguments" in unknown.stderr


def test_a_key_is_made(environment: dict[str, str], tmp_path: Path) -> None:
    made = ran(environment, tmp_path, "key", "ana", "--scopes", "read")
    assert re.fullmatch(r"relearn_\S+\nana read sha256:[0-9a-f]{64}\n", made.stdout), made.stdout


def test_training_is_the_trainer_s(environment: dict[str, str], tmp_path: Path) -> None:
    told = ran(environment, tmp_path, "train", "--", "--help")
    assert told.returncode == 0, told.stderr
    assert "--learning-rate" in told.stdout


def test_without_tensorflow_a_sentence_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "trainer_python", lambda: None)
    result = CliRunner().invoke(relearn, ["train"])
    assert result.exit_code == 1
    assert "pip install 'relearn-server[train]'" in result.stderr
