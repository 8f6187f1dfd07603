"""Every program finds the store where the server does: by the same variables, over which flags win."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path

import pytest

from server.configuration import load
from server.settings import STORE
from tests.live import ROOT
from tests.tiny import memory_in, publish_tiny
from trainer.config import Places, places_of

IMAGE = {"RELEARN_HOST": "0.0.0.0", "RELEARN_TRAINER": "none"}  # noqa: S104 - as in the images, where no key is set


def run(module: str, *arguments: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *module.split(), *arguments]
    given = {"PATH": "/usr/bin:/bin", **IMAGE, **environment}
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=300, check=False)


def variables(folder: Path, name: str = "digits") -> dict[str, str]:
    return {
        "RELEARN_ARTIFACTS": str(folder / "artifacts"),
        "RELEARN_DATA": str(folder / "data"),
        "RELEARN_BASELINE": str(ROOT / "artifacts/baseline"),
        "RELEARN_NAME": name,
    }


@pytest.fixture
def stores(tmp_path: Path) -> tuple[Path, Path]:
    """Two stores, the first at version 1, the second at version 2."""
    for place, versions in (("one", 1), ("two", 2)):
        memory = memory_in(tmp_path / place, baseline=ROOT / "artifacts/baseline")
        for seed in range(versions):
            publish_tiny(memory, seed)
        memory.close()
    return tmp_path / "one", tmp_path / "two"


def current(folder: Path) -> str | None:
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    try:
        return memory.pointer.current()
    finally:
        memory.close()


def test_export_and_check_look_at_the_store_of_the_environment(stores: tuple[Path, Path]) -> None:
    one, two = stores
    listed = run("export", "list", environment=variables(two)).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["0", "1", "2"]
    assert listed[-1].endswith("current")
    flags = ("--artifacts", str(one / "artifacts"), "--data", str(one / "data"))
    assert len(run("export", *flags, "list", environment=variables(two)).stdout.splitlines()) == 2
    checked = run("server check", environment=variables(two))
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout + checked.stderr


def test_a_promotion_moves_the_pointer_of_the_environments_store_and_no_other(stores: tuple[Path, Path]) -> None:
    one, two = stores
    done = run("export", "promote", "0", "--reason", "a test", environment=variables(two))
    assert done.returncode == 0, done.stderr
    assert (current(one), current(two)) == ("1", "0")
    done = run("export", "promote", "0", "--reason", "a test", environment=variables(two, name="others"))
    assert done.returncode == 1
    assert "there is no version '0'" in done.stderr


@pytest.mark.parametrize("variable", [*(f"RELEARN_{name.upper()}" for name in STORE), "RELEARN_DATASET"])
def test_the_trainer_reads_each_place_as_the_server_does(tmp_path: Path, variable: str) -> None:
    text = {"RELEARN_NAME": "others", "RELEARN_DATABASE": "sqlite:////tmp/x"}.get(variable, str(tmp_path))
    for environment in ({variable: text}, {variable: ""} if "NAME" not in variable else {}):
        settings = load([], environment)
        expected = Places(*(getattr(settings, name) for name in Places.__dataclass_fields__))
        assert astuple(places_of({}, environment)) == astuple(expected)


@pytest.mark.parametrize("module", ["export", "trainer", "server check", "trainer.reexport"])
def test_a_variable_that_is_none_is_named_by_every_program(module: str) -> None:
    arguments = {"export": ["list"], "trainer": ["--watch"], "trainer.reexport": ["1"]}.get(module, [])
    done = run(module, *arguments, environment={"RELEARN_ARTEFACTS": "elsewhere"})
    assert done.returncode != 0
    assert "RELEARN_ARTEFACTS is not a setting" in done.stderr
    assert "Traceback" not in done.stderr
