"""A clone on a machine that turns line ends, as git for Windows does, is the same tree."""

import subprocess
from pathlib import Path

import pytest

from server.models import model
from server.store.manifest import read_manifest

ROOT = Path(__file__).parents[1]


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone") / "tree"
    git(ROOT, "clone", "--quiet", "--depth=1", "--config=core.autocrlf=true", ROOT.as_uri(), str(folder))
    return folder


def test_a_clone_that_turns_line_ends_is_clean(clone: Path) -> None:
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "config", "core.autocrlf").strip() == "true"


def test_every_file_has_the_bytes_that_were_committed(clone: Path) -> None:
    ends = [line.split()[:2] for line in git(clone, "ls-files", "--eol").splitlines()]
    assert len(ends) > 100
    assert all(kept.partition("/")[2] == checked_out.partition("/")[2] for kept, checked_out in ends)


def test_scripts_have_a_first_line_that_a_shell_finds(clone: Path) -> None:
    scripts = [path for path in clone.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!")]
    assert clone / "trainer/give-disk" in scripts
    for path in scripts:
        assert b"\r" not in path.read_bytes(), path


def test_the_baseline_loads(clone: Path) -> None:
    folder = clone / "artifacts/baseline"
    loaded = model.load(folder, read_manifest(folder, "digits", "0"), 1)
    assert loaded.labels
