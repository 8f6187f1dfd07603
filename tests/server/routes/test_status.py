"""Health says what keeps the service from storing anything."""

import os
from pathlib import Path

import pytest

from server.routes.status import folder_problems


def test_a_folder_that_can_not_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts, data = tmp_path / "artifacts", tmp_path / "data"
    artifacts.mkdir()
    assert [each.partition(";")[0] for each in folder_problems(artifacts, data)] == ["the folder data is missing"]
    data.mkdir()
    assert folder_problems(artifacts, data) == []
    real = os.access  # root may write anywhere
    monkeypatch.setattr(os, "access", lambda path, mode: path != data and real(path, mode))
    assert [each.partition(";")[0] for each in folder_problems(artifacts, data)] == ["the folder data is read-only"]
