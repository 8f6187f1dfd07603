"""What is installed is known: locked, under a licence that is listed, and in the bill of materials."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import ROOT

UV = ROOT / ".venv-uv/bin/uv"
LOCKS = {path.stem.removeprefix("requirements-"): path for path in ROOT.glob("requirements-*.txt")}
PASSED_ON = {"serve", "train", "docker", "postgres", "grpc", "telemetry", "mlflow"}
# Of what is passed on: permissive ones, and weak copyleft, which asks for nothing where a package is used unchanged.
PERMITTED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-CMU", "PSF-2.0", "Zlib"),
    *("LGPL-3.0-only", "MPL-2.0", "LLVM-exception"),
}
TOOLS = {*PERMITTED, "GPL-3.0-only", "ZPL-2.1"}
# How a package that gives no SPDX expression names the family of its licence.
FAMILIES = {
    "0BSD": r"0BSD",
    "Apache": r"Apache",
    "BSD": r"\bBSD",
    "GPL": r"GPL",
    "ISC": r"ISC",
    "MIT": r"\bMIT\b",
    "MPL": r"MPL|Mozilla",
    "PSF": r"PSF|Python Software Foundation",
}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, set[str]]:
    """Each locked package, whatever platform it is for, and the locks that have it."""
    found: dict[str, set[str]] = {}
    for lock, path in LOCKS.items():
        for name in re.findall(r"^([\w.-]+)==", path.read_text(), re.MULTILINE):
            found.setdefault(normalised(name), set()).add(lock)
    return found


def listed() -> dict[str, tuple[str, set[str]]]:
    """Each listed package with its licence and its locks."""
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| (.+) \| ([a-z, ]+) \|$", (ROOT / "docs/licences.md").read_text(), re.MULTILINE
    )
    return {name: (licence, set(locks.split(", "))) for name, licence, locks in rows if name != "package"}


def installed(environment: str) -> Iterator[importlib.metadata.PackageMetadata]:
    folders = [str(path) for path in ROOT.glob(f".venv-{environment}/lib/python*/site-packages")]
    assert folders, f"there is no .venv-{environment}"
    for found in importlib.metadata.distributions(path=folders):
        yield found.metadata


def ids_of(licence: str) -> set[str]:
    return set(re.findall(r"[\w.-]+", licence)) - {"AND", "OR", "WITH"}


def disagreement(metadata: importlib.metadata.PackageMetadata, licence: str) -> str | None:
    """What a package says of its licence, if that is not what is listed."""
    if "License-Expression" in metadata:
        said = metadata["License-Expression"]
        return None if said == licence else said
    words = [
        metadata["License"][:60] if "License" in metadata else "",
        *(c for c in metadata.get_all("Classifier", []) if "License ::" in c),
    ]
    families = {family for family, pattern in FAMILIES.items() if re.search(pattern, " ".join(words))}
    if not families or any(each.startswith(tuple(families)) for each in ids_of(licence)):
        return None
    return " ".join(words)


def test_every_locked_package_is_listed_with_its_locks_and_no_other() -> None:
    assert {name: locks for name, (_, locks) in listed().items()} == locked()


def test_every_licence_may_be_used_for_what_it_is_used_for() -> None:
    for name, (licence, locks) in listed().items():
        assert ids_of(licence) <= (PERMITTED if locks & PASSED_ON else TOOLS), name


@pytest.mark.parametrize("environment", ["serve", "train", "dev"])
def test_a_package_says_the_licence_that_is_listed(environment: str) -> None:
    table = listed()
    wrong = {}
    for metadata in installed(environment):
        name = normalised(metadata["Name"])
        if name in table and (said := disagreement(metadata, table[name][0])) is not None:
            wrong[name] = (table[name][0], said)
    assert not wrong


def test_a_wrong_licence_would_be_seen() -> None:
    of = {normalised(metadata["Name"]): metadata for metadata in installed("serve")}
    assert disagreement(of["numpy"], "MIT") is not None
    assert disagreement(of["h11"], "Apache-2.0") is not None
    assert disagreement(of["h11"], "MIT") is None


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_a_lock_has_hashes_for_everything_and_names_no_index(lock: str) -> None:
    text = LOCKS[lock].read_text()
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    packages = [entry for entry in entries if entry and not entry.startswith("#")]
    assert len(packages) > 10
    assert all(re.match(r"[\w.-]+==[^\n]+\\\n +--hash=sha256:[0-9a-f]{64}", entry) for entry in packages)
    assert "://" not in text


def plan_of(target: str) -> str:
    return subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def resolved(tmp_path: Path) -> Path:
    """A folder with what is asked for and what was resolved, and nothing else."""
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_one_resolution_answers_what_the_project_asks_for(resolved: Path) -> None:
    command = [str(UV), "lock", "--check", "--offline", "--no-cache"]
    done = subprocess.run(command, cwd=resolved, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"make lock resolves again: {done.stderr}"
    asked = (resolved / "pyproject.toml").read_text()
    (resolved / "pyproject.toml").write_text(asked.replace('"httpx>=', '"unheard-of>=1", "httpx>='))
    done = subprocess.run(command, cwd=resolved, capture_output=True, text=True, check=False)
    assert done.returncode != 0


def test_one_resolution_has_hashes_for_everything_and_names_no_index() -> None:
    text = (ROOT / "uv.lock").read_text()
    assert "://" not in text
    packages = [package for package in tomllib.loads(text)["package"] if "registry" in package["source"]]
    assert {normalised(package["name"]) for package in packages} == set(locked())
    for package in packages:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]) for file in files), package["name"]


def test_every_lock_is_exported_from_the_one_resolution_as_it_stands(resolved: Path) -> None:
    exports = re.findall(r"^\S+ (export .+ -o requirements-\w+\.txt)$", plan_of("lock"), re.MULTILINE)
    for arguments in exports:
        subprocess.run([str(UV), *arguments.split(), "--offline", "--no-cache"], cwd=resolved, check=True)
    made = {path.stem.removeprefix("requirements-"): path for path in resolved.glob("requirements-*.txt")}
    assert set(made) == set(LOCKS)
    for name, path in made.items():  # beyond the first lines, which tell the command
        assert packages_of(path) == packages_of(LOCKS[name]), name


def packages_of(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_every_lock_is_looked_at_by_make_audit() -> None:
    plan = plan_of("audit")
    assert "for lock in requirements-*.txt" in plan
    assert "--strict" in plan


def test_a_bill_of_materials_names_all_that_is_installed_with_its_version(tmp_path: Path) -> None:
    program = ROOT / ".venv-audit/bin/cyclonedx-py"
    if not program.exists():
        pytest.skip("there is no .venv-audit; make .venv-audit/ready builds it")
    commands = re.findall(r"^(\S+cyclonedx-py .+) -o sbom/(\w+)\.cdx\.json (\S+)$", plan_of("sbom"), re.MULTILINE)
    assert [name for _, name, _ in commands] == ["serve", "train"]
    for command, name, python in commands:
        file = tmp_path / name
        subprocess.run([*command.split(), "-o", str(file), python], cwd=ROOT, check=True, capture_output=True)
        bill = json.loads(file.read_text())
        assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "relearn-server")
        named = {(normalised(each["name"]), each["version"]) for each in bill["components"]}
        there = {(normalised(each["Name"]), each["Version"]) for each in installed(name)}
        assert named == there
        assert str(ROOT) not in file.read_text()
