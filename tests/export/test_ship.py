"""`python -m export ship`: a version becomes the baseline, and at no moment is there none."""

import shutil
import sys
from pathlib import Path

import pytest

from export.__main__ import main
from tests.live import ROOT
from tests.tiny import memory_in, publish_tiny


@pytest.fixture
def baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the baseline, beside a store whose version 1 is to be shipped."""
    copy = tmp_path / "shipped"
    shutil.copytree(ROOT / "artifacts/baseline", copy)
    memory = memory_in(tmp_path, baseline=copy)
    publish_tiny(memory, 1)
    memory.close()
    for name, value in {"artifacts": tmp_path / "artifacts", "data": tmp_path / "data", "baseline": copy}.items():
        monkeypatch.setenv(f"RELEARN_{name.upper()}", str(value))
    monkeypatch.setattr(sys, "argv", ["export", "ship", "1"])
    return copy


def model_of(folder: Path) -> bytes:
    return (folder / "model.onnx").read_bytes()


def test_the_version_is_the_baseline_and_nothing_else_is_left(baseline: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    version = next(path for path in tmp_path.rglob("model.onnx") if baseline not in path.parents)
    main()
    assert model_of(baseline) == version.read_bytes() != model_of(ROOT / "artifacts/baseline")
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("last", [0, 1], ids=["before the old one is moved", "before the new one is"])
def test_the_old_one_stays_whole_if_it_ends_between(
    baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    real, calls = Path.rename, []

    def rename(path: Path, target: Path) -> Path:
        if path.name.endswith(("shipped", "baseline")):
            calls.append(path)
            if len(calls) > last:
                raise OSError("the disk is gone")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(SystemExit, match="the disk is gone"):
        main()
    old = model_of(ROOT / "artifacts/baseline")
    assert any(model_of(path.parent) == old for path in tmp_path.glob("*/model.onnx"))
