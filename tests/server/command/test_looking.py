"""What review opens and what bench measures, against a real server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.command.main import relearn
from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer


@pytest.fixture
def seven(tmp_path: Path, digits: Digits) -> str:
    (tmp_path / "seven.png").write_bytes(digits.png(0))
    return str(tmp_path / "seven.png")


def test_review_opens_the_page_where_labels_are_given(server: LiveServer, tmp_path: Path) -> None:
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >{opened}\n')
    browser.chmod(0o755)
    command = [sys.executable, "-m", "server.command", "--url", server.url, "review"]
    environment = os.environ | {"BROWSER": f"{browser} %s"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"0 to review: {server.url}/#teach\n"
    assert opened.read_text() == f"{server.url}/#teach\n"
    opened.unlink()
    done = subprocess.run([*command, "--json"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"waiting": 0, "page": f"{server.url}/#teach"}
    assert not opened.exists()


def test_bench_asks_as_often_as_it_says(server: LiveServer, seven: str) -> None:
    def answered() -> int:
        return sum("/predict " in line for line in server.access)

    before = answered()
    words = ["--url", server.url, "bench", seven, "--requests", "60", "--connections", "7"]
    done = CliRunner().invoke(relearn, [*words, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["requests"], told["failed"]) == (60, 0)
    assert 0 < told["ms"]["p50"] <= told["ms"]["p95"] <= told["ms"]["p99"]
    assert told["requests_a_second"] > 0
    eventually(lambda: answered() >= before + 60, "a line of the log for each")
    assert "requests a second; p50" in CliRunner().invoke(relearn, words).stdout


def test_bench_says_what_failed(server: LiveServer, seven: str, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    words = ["--url", server.url, "bench", str(tmp_path / "broken.png"), "--requests", "4"]
    none = CliRunner().invoke(relearn, words)
    assert none.exit_code == 1
    assert "every request failed: " in none.stderr
    half = CliRunner().invoke(relearn, [*words, seven, "--json"])
    assert (half.exit_code, json.loads(half.stdout)["failed"]) == (1, 2)
    nobody = CliRunner().invoke(relearn, ["--url", "http://127.0.0.1:1", "bench", seven])
    assert nobody.exit_code == 3
