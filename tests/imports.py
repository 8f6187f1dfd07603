"""Who imports whom, read from the source: every import counts, wherever in a file it stands."""

import ast
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ONE_OF_TWO_NAMES = "server.client"  # which the wheel has as relearn.server.client too


class Import(NamedTuple):
    """One module that names another."""

    importer: str
    imported: str


def found(root: Path, room: str) -> set[Import]:
    """The imports of every module under a folder of `root`; of ours down to the module, of others as they are named."""
    return {
        Import(module_of(root, path), _module(root, name))
        for path in (root / room).rglob("*.py")
        for name in _names(path, module_of(root, path.with_name("__init__.py")))
    }


def module_of(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The wing of a module of the server, or its own name where it stands beside the wings; of others the room."""
    room, *rest = module.split(".")
    return rest[0] if room == "server" and rest else room


def cycle(imports: Iterable[Import]) -> list[str]:
    """Modules that import each other in a circle, the first again at the end; none if there is no such circle."""
    graph: dict[str, set[str]] = {}
    for each in imports:
        graph.setdefault(each.importer, set()).add(each.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _names(path: Path, package: str) -> set[str]:
    """Every dotted name that a file of a package imports, with what is taken out of it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or (node.level == 1 and package == ONE_OF_TWO_NAMES), f"{path} has a relative import"
            source = ".".join(filter(None, (package if node.level else "", node.module)))
            names |= {f"{source}.{alias.name}" for alias in node.names}
    return names


def _module(root: Path, name: str) -> str:
    """The module of ours that a dotted name is, or is taken from; the name itself where it is nobody's of ours."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = root.joinpath(*parts[:length])
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return ".".join(parts[:length])
    return name
