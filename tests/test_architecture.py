"""The tree is the architecture: imports run downwards only, and the server carries nothing that trains."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "server": {"server"},
    "export": {"export", "server"},
    "trainer": {"trainer", "export", "server"},
    "benchmarks": {"benchmarks", "trainer", "export", "server"},
}
HEAVY = {"tensorflow", "keras", "tf2onnx", "onnx", "sklearn", "matplotlib"}


def imported_names(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in the file that stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported(path: Path) -> set[str]:
    """The top-level names of these."""
    return {name.split(".")[0] for name in imported_names(path)}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_downwards_only(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        ours = imported(path) & {*MAY_IMPORT, "tests"}
        assert ours <= MAY_IMPORT[room], f"{path.relative_to(ROOT)} imports {ours - MAY_IMPORT[room]}"


def test_each_room_of_the_benchmarks_imports_itself_and_what_both_share() -> None:
    folder = ROOT / "benchmarks"
    rooms = {room.parent.name for room in folder.glob("*/__init__.py")}
    assert rooms == {"service", "model"}
    for path in folder.rglob("*.py"):
        if path != folder / "__main__.py":  # it wires the benchmarks of the service together
            names = [name.split(".") for name in imported_names(path) if name.startswith("benchmarks.")]
            strange = {name[1] for name in names} & rooms - {path.relative_to(folder).parts[0]}
            assert not strange, f"{path.relative_to(ROOT)} imports from {strange}"


def test_the_server_names_no_training_library() -> None:
    for path in (ROOT / "server").rglob("*.py"):
        assert not imported(path) & HEAVY, path


def test_a_running_server_has_loaded_no_training_library() -> None:
    code = """
import json, sys
from server.settings import Settings
from server.app import create_app
create_app(Settings())
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(json.loads(done.stdout))
    assert "onnxruntime" in loaded
    assert not loaded & (HEAVY | {"trainer", "export"})


def test_the_serve_environment_has_no_training_library() -> None:
    code = "import importlib.util as u, json, sys; print(json.dumps([n for n in sys.argv[1:] if u.find_spec(n)]))"
    python = ROOT / ".venv-serve/bin/python"
    done = subprocess.run([python, "-c", code, *HEAVY], capture_output=True, text=True, check=True, cwd="/")
    assert json.loads(done.stdout) == []


def test_the_runner_does_not_load_tensorflow() -> None:
    code = "import sys, trainer.__main__, trainer.job; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False"]


def test_no_file_is_long_without_a_reason() -> None:
    reasons = {"artifacts.py": "the store's whole contract, most of it the manifest's"}
    for room in MAY_IMPORT:
        for path in (ROOT / room).rglob("*.py"):
            if path.name not in reasons:
                assert len(path.read_text().splitlines()) <= 250, path
