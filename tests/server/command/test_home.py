"""Where a program that is started finds what came along, and the interpreter that can train."""

import importlib.util
import sys
from pathlib import Path

import pytest

from server.command import home
from tests.live import ROOT


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("BASELINE", "DATASET", "UI", "TRAINER_PYTHON"):
        monkeypatch.delenv(f"RELEARN_{name}", raising=False)
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_an_empty_folder_is_served_what_came_along() -> None:
    made = home.environment()
    assert made["RELEARN_BASELINE"] == str(ROOT / "artifacts/baseline")
    assert made["RELEARN_DATASET"] == str(ROOT / "data/mnist")
    assert made["RELEARN_UI"] == str(ROOT / "ui")
    assert "RELEARN_ARTIFACTS" not in made
    assert made["PYTHONPATH"].split(":")[0] == str(ROOT)


def test_what_is_set_or_in_the_folder_stays(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / "ui").mkdir()
    monkeypatch.setenv("RELEARN_DATASET", "mine")
    made = home.environment()
    assert "RELEARN_UI" not in made
    assert made["RELEARN_DATASET"] == "mine"


def test_the_trainer_s_interpreter_is_the_one_that_is_set_or_near(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(home, "HOME", tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert home.trainer_python() is None
    assert "RELEARN_TRAINER_PYTHON" not in home.environment()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    assert home.trainer_python() == Path(sys.executable)
    near = empty_folder / ".venv-train/bin/python"
    near.parent.mkdir(parents=True)
    near.touch()
    assert home.trainer_python() == near
    monkeypatch.setenv("RELEARN_TRAINER_PYTHON", "/elsewhere/python")
    assert home.trainer_python() == Path("/elsewhere/python")
