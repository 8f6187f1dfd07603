"""The README is true: its settings, calls and commands are the program's own."""

import re
from dataclasses import fields
from pathlib import Path

from server.settings import Settings
from tests.calls import calls
from tests.programs import PACKAGES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def settings_table() -> str:
    """The rows of the settings table, as the README must have them."""
    rows = []
    for field in fields(Settings):
        default = f"`{field.default}`" if str(field.default) else ""
        name = "RELEARN_" + field.name.upper() if field.metadata["secret"] else "--" + field.name.replace("_", "-")
        rows.append(f"| `{name}` | {default} | {field.metadata['unit']} | {field.metadata['help']} |")
    return "\n".join(rows)


def test_the_settings_table_is_the_settings() -> None:
    assert settings_table() in README, f"the table should be:\n{settings_table()}"


def test_every_call_is_listed_and_every_listed_call_is_there() -> None:
    listed = {(method, path) for method, path in re.findall(r"`(GET|POST|PUT|DELETE) (/[^`?]*)`", README)}
    there = calls()
    pages = {("GET", "/"), ("GET", "/docs")}
    assert {path for _, path in listed - pages} == {path for _, path in there}
    assert listed - pages <= there


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"(?:^    |`)make ([a-z-]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_package_without_which_tests_skip_is_named_and_installed_in_ci() -> None:
    tests = README.partition("\n## Tests\n")[2].partition("\n## ")[0]
    ci = (ROOT / ".ci/run").read_text()
    for package in PACKAGES.values():
        assert package in tests
        assert package in ci


def test_every_linked_file_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
