"""The tree is the architecture: imports run downwards only, and the server carries nothing that trains."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import imports
from tests.imports import Import, part_of

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "server": {"server"},
    "export": {"export", "server"},
    "trainer": {"trainer", "export", "server"},
    "benchmarks": {"benchmarks", "trainer", "export", "server"},
}
HEAVY = {"tensorflow", "keras", "tf2onnx", "onnx", "sklearn", "matplotlib"}

# The server from its roof to the ground: each imports only what stands after it, and all may read the settings.
ROOF = ("__main__", "app", "beside", "lanes", "lifespan", "optional")
WINGS = (
    *("command", "process", "grpc", "inference", "label_studio", "routes", "training", "observe", "predict", "serving"),
    *("web", "models", "store", "layouts", "pictures", "machine", "client"),
)
LEAVES = ("configuration", "settings")
ORDER = (*ROOF, *WINGS, *LEAVES)
SHARED = {"models", "store", "layouts", "pictures", *LEAVES}  # all that trainer/ and export/ see of the server

# Imports against the order, each with its reason.
UPWARDS = {
    Import("server.process.worker", "server.app"): "uvicorn is told of the worker and the worker of the application: "
    "only inside the worker's own process, so that the parent of several never loads a model",
}


def server_imports() -> set[Import]:
    return {each for each in imports.found(ROOT, "server") if each.imported.startswith("server.")}


def against_the_order(found: set[Import]) -> set[Import]:
    """The imports within the server that lead upwards, or out of the leaves."""
    return {
        each
        for each in found
        if part_of(each.importer) != part_of(each.imported)
        and ORDER.index(part_of(each.importer)) >= ORDER.index(part_of(each.imported))
    }


def taken_from_the_server(room: str) -> set[Import]:
    return {each for each in imports.found(ROOT, room) if each.imported.startswith("server")}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_downwards_only(room: str) -> None:
    for each in imports.found(ROOT, room):
        top = each.imported.split(".")[0]
        assert top in MAY_IMPORT[room] or top not in {*MAY_IMPORT, "tests"}, each


def test_every_part_of_the_server_has_its_place_in_the_order() -> None:
    folders = {path.name for path in (ROOT / "server").iterdir() if (path / "__init__.py").is_file()}
    files = {path.stem for path in (ROOT / "server").glob("*.py")} - {"__init__"}
    assert folders == set(WINGS)
    assert files == {*ROOF, *LEAVES}


def test_imports_between_wings_run_downwards_only() -> None:
    assert against_the_order(server_imports()) == UPWARDS.keys()


@pytest.mark.parametrize(
    "wrong",
    [
        Import("server.web.front", "server.predict.express"),
        Import("server.pictures.image", "server.web.errors"),
        Import("server.settings", "server.machine.memory"),
        Import("server.routes.status", "server.app"),
    ],
)
def test_an_import_upwards_would_be_seen(wrong: Import) -> None:
    assert against_the_order({wrong, Import("server.app", "server.web.front")}) == {wrong}


@pytest.mark.parametrize("room", ["trainer", "export"])
def test_trainer_and_export_see_only_the_shared_wings(room: str) -> None:
    for each in taken_from_the_server(room):
        assert part_of(each.imported) in SHARED, each


def test_no_modules_of_the_server_import_each_other_in_a_circle() -> None:
    assert imports.cycle(server_imports()) == []


def test_a_circle_would_be_seen(tmp_path: Path) -> None:
    wing = tmp_path / "server" / "web"
    wing.mkdir(parents=True)
    (wing / "__init__.py").write_text("")
    (wing / "first.py").write_text("from server.web import second\n")
    (wing / "second.py").write_text("def late() -> None:\n    from server.web.third import name\n")
    (wing / "third.py").write_text("name = 1\n")
    assert imports.cycle(imports.found(tmp_path, "server")) == []
    (wing / "third.py").write_text("import server.web.first\n\nname = 1\n")
    circle = imports.cycle(imports.found(tmp_path, "server"))
    assert set(circle) == {"server.web.first", "server.web.second", "server.web.third"}


@pytest.mark.parametrize("wing", WINGS)
def test_a_wing_says_its_purpose_in_one_line_and_nothing_else(wing: str) -> None:
    path = ROOT / "server" / wing / "__init__.py"
    body = ast.parse(path.read_text()).body
    purpose = ast.get_docstring(ast.parse(path.read_text()))
    assert len(body) == 1, f"{path} has more than its purpose"
    assert purpose, path
    assert "\n" not in purpose, path


class Drawing(NamedTuple):
    """What the architecture's page draws."""

    nodes: set[str]
    arrows: set[tuple[str, str]]


def drawn(page: str) -> Drawing:
    """The nodes and arrows of the page's Mermaid block; every line must be of a kind that is known here."""
    blocks = re.findall(r"^```mermaid\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    nodes, arrows = set[str](), set[tuple[str, str]]()
    for line in blocks[0].splitlines():
        if node := re.fullmatch(r' *(\w+)\["[^"]+"\]', line):
            nodes.add(node[1])
        elif arrow := re.fullmatch(r" *(\w+) --> (\w+(?: & \w+)*)", line):
            arrows |= {(arrow[1], target) for target in arrow[2].split(" & ")}
        else:
            assert re.fullmatch(r' *(flowchart TB|subgraph \w+ \["[^"]+"\]|end)?', line), line
    return Drawing(nodes, arrows)


def between_parts() -> set[tuple[str, str]]:
    """Which wing, or room beside the server, takes something from which."""
    listed = server_imports() | taken_from_the_server("trainer") | taken_from_the_server("export")
    listed |= {each for each in imports.found(ROOT, "trainer") if each.imported.startswith("export")}
    pairs = {(part_of(each.importer), part_of(each.imported)) for each in listed}
    return {(one, other) for one, other in pairs if one != other and not {one, other} & {*ROOF, *LEAVES}}


def test_the_drawing_is_the_tree() -> None:
    drawing = drawn((ROOT / "docs/architecture.md").read_text())
    there = between_parts()
    assert drawing.nodes == {*WINGS, "trainer", "export"}
    assert drawing.arrows - there == set(), "arrows that no import uses"
    assert there - drawing.arrows == set(), "imports without an arrow"


def test_a_wrong_drawing_would_be_seen() -> None:
    page = '```mermaid\nflowchart TB\n  web["web: a request"]\n  web --> store & serving\n```\n'
    assert drawn(page) == Drawing({"web"}, {("web", "store"), ("web", "serving")})
    assert ("web", "serving") not in between_parts()
    with pytest.raises(AssertionError):
        drawn(page.replace("-->", "-.->"))


def test_every_file_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    named = re.findall(r"`([\w/]+/[\w.]+\.\w+)`", page)
    assert named
    for name in named:
        assert (ROOT / name).is_file() or (ROOT / "server" / name).is_file(), name


def test_each_room_of_the_benchmarks_imports_itself_and_what_both_share() -> None:
    rooms = {room.parent.name for room in (ROOT / "benchmarks").glob("*/__init__.py")}
    assert rooms == {"service", "model", "conditions", "datasets", "loop"}
    shared = {"loop": {"service", "datasets"}}  # by whose servers and clients, and with whose letters, it is measured
    for each in imports.found(ROOT, "benchmarks"):
        if each.importer != "benchmarks.__main__":  # it wires the benchmarks of the service together
            own, *taken = (name.split(".")[1:2] for name in each if name.startswith("benchmarks"))
            strange = {room for room, *_ in filter(None, taken)} & rooms - set(own) - shared.get("".join(own), set())
            assert not strange, each


def test_the_server_names_no_training_library() -> None:
    assert not {each.imported.split(".")[0] for each in imports.found(ROOT, "server")} & HEAVY


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
    assert not loaded & (HEAVY | {"trainer", "export", "httpx"})


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
    reasons = {
        "connection.py": "one state machine: each of its stages must agree with all others",
        "tables.py": "every table beside the others, so that they can be read as one",
        "versions.py": "the versions and the pointer, which every change of either must agree with",
    }
    for room in MAY_IMPORT:
        for path in (ROOT / room).rglob("*.py"):
            if path.name not in reasons:
                assert len(path.read_text().splitlines()) <= 250, path
