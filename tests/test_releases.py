"""Which release this is, wherever that is asked, and how what is locked is taken anew."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from server import __version__
from tests.live import ROOT, LiveServer

SERVE, TRAIN = ROOT / ".venv-serve/bin/python", ROOT / ".venv-train/bin/python"


def test_the_distribution_the_programs_the_images_and_the_changelog_are_of_one_release() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == __version__
    for dockerfile in ("Dockerfile.serve", "Dockerfile.train"):
        assert f'org.opencontainers.image.version="{__version__}"' in (ROOT / dockerfile).read_text()
    assert releases()[0][0] == __version__


def test_the_changelog_is_by_version_the_newest_first_and_only_that_may_be_to_come() -> None:
    found = releases()
    numbers = [tuple(map(int, version.split("."))) for version, _ in found]
    assert numbers == sorted(set(numbers), reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for _, date in found[1:])
    assert re.fullmatch(r"unreleased|\d{4}-\d\d-\d\d", found[0][1])


def releases() -> list[tuple[str, str]]:
    """Each version of the changelog, and its date."""
    found = []
    for head in re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE):
        parts = re.fullmatch(r"(\d+\.\d+\.\d+) \((.+)\)", head)
        assert parts is not None, head
        found.append((parts[1], parts[2]))
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clean checkout of its own, whose changelog has the version with a date."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "CHANGELOG.md").write_text(f"# Changelog\n\n## {__version__} (2026-01-31)\n")
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def git(folder: Path, *arguments: str) -> str:
    somebody = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    command = ["git", *somebody, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=all of it")


def make_release(folder: Path) -> "subprocess.CompletedProcess[str]":
    person = {f"GIT_COMMITTER_{name}": "somebody@example.org" for name in ("NAME", "EMAIL")}
    return subprocess.run(
        ["make", "release"], cwd=folder, env=os.environ | person, capture_output=True, text=True, check=False
    )


def test_make_release_tags_a_clean_commit_whose_changelog_is_dated(repository: Path) -> None:
    assert make_release(repository).returncode == 0
    assert git(repository, "tag", "--points-at", "HEAD") == f"v{__version__}\n"
    assert git(repository, "cat-file", "-t", f"v{__version__}") == "tag\n"
    assert "already exists" in make_release(repository).stderr


def test_make_release_refuses_what_is_not_committed_or_not_dated(repository: Path) -> None:
    (repository / "new.py").touch()
    assert "Something is not committed" in make_release(repository).stderr
    (repository / "CHANGELOG.md").write_text(f"# Changelog\n\n## {__version__} (unreleased)\n")
    commit(repository)
    assert f"CHANGELOG.md has no heading '## {__version__} (" in make_release(repository).stderr
    assert git(repository, "tag") == ""


def test_make_images_labels_them_with_revision_and_time(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "docker").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "docker").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["make", "--silent", "images", "BUILD_FLAGS=--build-arg=BASE=other"]
    revision = git(repository, "rev-parse", "HEAD").strip()
    for label in (revision, f"{revision}-dirty"):
        said = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=True)
        for line, name in zip(said.stdout.splitlines(), ("serve", "train"), strict=True):
            assert line.startswith(f"build -f Dockerfile.{name} --label org.opencontainers.image.revision={label} ")
            assert re.search(r"--label org\.opencontainers\.image\.created=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line)
            assert line.endswith(f" --build-arg=BASE=other -t relearn-{name} -t relearn-{name}:{__version__} .")
        (repository / "CHANGELOG.md").write_text("changed\n")


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
