"""What the commands that ask a server print, and how they end, against a real one."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.command.main import relearn
from tests.digits import Digits, mnist
from tests.live import ROOT, LiveServer

Run = Callable[..., Result]


@pytest.fixture
def run(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("RELEARN_URL", server.url)
    return lambda *words, **options: CliRunner().invoke(relearn, [str(word) for word in words], **options)


@pytest.fixture
def pictures(tmp_path: Path, digits: Digits) -> list[Path]:
    paths = [tmp_path / "seven.png", tmp_path / "two.png", tmp_path / "broken.png"]
    for path, data in zip(paths, (digits.png(0), digits.png(1), b"no picture"), strict=True):
        path.write_bytes(data)
    return paths


def dataset(folder: Path, number: int, count: int) -> Path:
    train = mnist("train")
    label = folder / str(number)
    label.mkdir(parents=True)
    for position in train.of_class(number, count):
        (label / f"{position}.png").write_bytes(train.png(position))
    return folder


def error_of(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result.stderr)
    return told


def test_a_line_for_each_picture_in_order(run: Run, pictures: list[Path]) -> None:
    result = run("predict", *pictures[:2])
    assert result.exit_code == 0, result.output
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{pictures[0]}: 7  ")
    assert second.startswith(f"{pictures[1]}: 2  ")
    assert result.stderr == ""  # no progress bar where nobody sees it


def test_a_picture_that_cannot_be_read_is_said_beside_the_others(run: Run, pictures: list[Path]) -> None:
    result = run("predict", *pictures, "--json")
    assert result.exit_code == 1
    told = {each["file"]: each["answer"] for each in json.loads(result.stdout)}
    assert told[str(pictures[0])]["label"] == "7"
    assert told[str(pictures[2])]["code"] == "unsupported_type"


def test_a_picture_may_come_from_standard_input(run: Run, digits: Digits) -> None:
    result = run("predict", "-", input=digits.png(0))
    assert result.stdout.startswith("-: 7  ")


def test_a_terminal_sees_a_bar(server: LiveServer, pictures: list[Path]) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "server.command", "--url", server.url, "predict", str(pictures[0])]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    assert b"predicting" in os.read(ours, 10_000)
    os.close(ours)
    assert b": 7  " in done.stdout
    assert b"predicting" not in done.stdout


def test_a_folder_is_uploaded_taken_out_and_brought_back(run: Run, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "mine", 6, 3)
    (folder / "6" / "broken.png").write_bytes(b"no picture")
    stored = run("upload", folder, "--source", "tests")
    assert stored.exit_code == 0, stored.output
    assert "3 stored" in stored.stdout
    assert "broken.png: left out: " in stored.stdout
    out = run("data", "export", tmp_path / "all.zip", "--label", "6", "--json")
    assert json.loads(out.stdout)["bytes"] == (tmp_path / "all.zip").stat().st_size
    again = run("data", "export", tmp_path / "all.zip")
    assert (again.exit_code, again.stderr) == (1, f"error: {tmp_path / 'all.zip'} is there already\n")
    back = json.loads(run("data", "import", tmp_path / "all.zip", "--json").stdout)
    assert [(each["count"], len(each["duplicates"])) for each in back] == [(0, 3)]


def test_what_serves_is_listed_and_chosen(run: Run) -> None:
    assert "     0  " in run("models").stdout
    assert run("models").stdout.rstrip().endswith("current")
    assert json.loads(run("models", "--json").stdout)["current"] == "0"
    assert run("promote", "0").exit_code == 0
    refused = run("promote", "77", "--json")
    assert (refused.exit_code, error_of(refused)["code"]) == (1, "not_found")
    moved = run("promote", "0", "--expected", "77", "--json")
    assert (moved.exit_code, error_of(moved)["code"]) == (1, "precondition_failed")


def test_there_is_nothing_to_go_back_to_at_first(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as fresh:
        result = CliRunner().invoke(relearn, ["--url", fresh.url, "rollback"])
        nothing = CliRunner().invoke(relearn, ["--url", fresh.url, "retrain"])
    assert result.exit_code == 1
    assert "none to go back to" in result.stderr
    assert (nothing.exit_code, nothing.stdout) == (0, "nothing new, nothing new to learn from\n")


def test_nobody_there_has_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch, pictures: list[Path]) -> None:
    monkeypatch.setenv("RELEARN_URL", "http://127.0.0.1:1")  # where nobody may listen
    for words in (["models"], ["predict", str(pictures[0])]):
        result = CliRunner().invoke(relearn, words)
        assert result.exit_code == 3
        assert "relearn serve" in result.stderr
        as_json = CliRunner().invoke(relearn, [*words, "--json"])
        assert (as_json.stdout, error_of(as_json)["code"]) == ("", "unreachable")


@pytest.mark.parametrize("words", [["predict"], ["predict", "nowhere.png"], ["upload", "nowhere"], ["premote", "3"]])
def test_a_command_line_that_cannot_be_used_ends_with_2(words: list[str]) -> None:
    result = CliRunner().invoke(relearn, words)
    assert result.exit_code == 2
    assert "Usage: relearn" in result.stderr


def test_a_report_has_what_helps_and_no_secret(run: Run, monkeypatch: pytest.MonkeyPatch, server: LiveServer) -> None:
    for name, value in {
        "API_KEY": "hidden-key",
        "KEYS": f"ana read sha256:{'0' * 64}",
        "DATABASE": "postgresql+psycopg://user:hidden-word@db.example/facts",
        "WORKERS": "3",
    }.items():
        monkeypatch.setenv(f"RELEARN_{name}", value)
    told = run("checks", "--json")
    assert told.exit_code == 0, told.output
    assert "hidden" not in told.output + run("checks").output
    assert "0" * 64 not in told.output
    found = json.loads(told.stdout)
    assert found["settings"] == {
        "api_key": "set",
        "keys": "set",
        "database": "postgresql+psycopg://…@db.example/facts",
        "workers": "3",
    }
    assert found["health"]["status"] == server.get("/health").json()["status"]
    assert found["packages"]["onnxruntime"]


def test_a_report_says_why_there_is_no_health_and_which_setting_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEARN_PROT", "1")
    result = CliRunner().invoke(relearn, ["--url", "http://127.0.0.1:1", "checks"])
    assert result.exit_code == 0
    assert "RELEARN_PROT is not a setting" in result.stdout
    assert "does not answer" in result.stdout
