"""What docs/platforms.md says of machines that no test runs on, by the locks and by the types of what is called."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.live import ROOT

PYTHONS = ("3.11", "3.12", "3.13")
# What a package's marker asks for, and the platforms of wheels that run there.
MACHINES = {
    "x86-64": ("linux", "Linux", "x86_64", r"manylinux\w*_x86_64"),
    "arm": ("linux", "Linux", "aarch64", r"manylinux\w*_aarch64"),
    "apple": ("darwin", "Darwin", "arm64", r"macosx_\d+_\d+_(arm64|universal2)"),
}


def wheels_of(locked: dict[tuple[str, str], list[str]], requirement: Requirement) -> list[Tag]:
    version = next(iter(requirement.specifier)).version
    names = locked[canonicalize_name(requirement.name), version]
    return [tag for name in names for tag in parse_wheel_filename(name)[3]]


def runs(tag: Tag, python: str, platforms: str) -> bool:
    minor = int(python.partition(".")[2])
    said = re.fullmatch(r"(?:cp|py)3(\d*)", tag.interpreter)
    if said is None or not (tag.platform == "any" or re.fullmatch(platforms, tag.platform)):
        return False
    since = int(said[1] or 0)
    return since == minor if tag.abi.startswith("cp") else since <= minor


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("lock", ["serve", "train", "grpc", "telemetry", "mlflow", "postgres", "docker"])
def test_every_package_is_there_as_a_wheel(lock: str, machine: str) -> None:
    system, named, processor, platforms = MACHINES[machine]
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    locked = {(p["name"], p["version"]): [wheel["path"] for wheel in p.get("wheels", [])] for p in packages}
    lines = re.findall(r"^([\w.-]+==[^\\\n]+)", (ROOT / f"requirements-{lock}.txt").read_text(), re.MULTILINE)
    requirements = [Requirement(line) for line in lines]
    for python in PYTHONS:
        environment = {"sys_platform": system, "platform_system": named, "platform_machine": processor}
        environment |= {"python_version": python, "python_full_version": f"{python}.1"}
        wanted = [each for each in requirements if each.marker is None or each.marker.evaluate(environment)]
        assert len(wanted) > 10
        for each in wanted:
            tags = wheels_of(locked, each)
            assert any(runs(tag, python, platforms) for tag in tags), f"{each} for Python {python}"


def check_as_for_macos(folder: Path, *paths: str) -> "subprocess.CompletedProcess[str]":
    """Whether all that is called is there on macOS, or asked for first: the standard library's types tell both."""
    config = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(folder / "cache"))
    command = [sys.executable, "-m", "mypy", "--platform", "darwin", *config, *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.long(seconds=11)
def test_nothing_that_only_linux_has_is_called_unasked(tmp_path: Path) -> None:
    done = check_as_for_macos(tmp_path, "server", "export", "trainer")
    assert done.returncode == 0, done.stdout


def test_a_call_that_only_linux_has_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "unasked.py").write_text("import os\n\nprint(os.sched_getaffinity(0))\n")
    (tmp_path / "asked.py").write_text(
        'import os\n\nprint(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else os.cpu_count())\n'
    )
    assert "sched_getaffinity" in check_as_for_macos(tmp_path, str(tmp_path / "unasked.py")).stdout
    assert check_as_for_macos(tmp_path, str(tmp_path / "asked.py")).returncode == 0
