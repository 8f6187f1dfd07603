"""The list of mutants is up to date with the code, and one that no test notices is told of."""

import ast
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.mutants.__main__ import ROOT, run
from tests.mutants.checkout import Checkout
from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import Mutant

LEAST = 80  # guards; their number grows
WINGS = {"web", "pictures", "store", "models", "serving", "predict", "routes", "training", "process", "machine"}


@cache
def code_of(file: str) -> str:
    return ast.dump(ast.parse((ROOT / file).read_text("utf-8")))


@cache
def functions_in(file: str) -> set[str]:
    found = ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_guard_is_where_the_list_says_and_alone() -> None:
    for each in MUTANTS:
        assert ast.dump(ast.parse(each.mutated(ROOT))) != code_of(each.file), each.guard


def test_each_test_that_must_turn_red_is_there() -> None:
    for each in MUTANTS:
        assert each.tests, each.guard
        for test in each.tests:
            file, _, name = test.partition("::")
            assert name.partition("[")[0] in functions_in(file), test


def test_the_list_has_guards_of_every_room_each_once() -> None:
    assert len(MUTANTS) >= LEAST
    assert [guard for guard, times in Counter(each.guard for each in MUTANTS).items() if times > 1] == []
    assert {file.split("/")[1] for each in MUTANTS if (file := each.file).startswith("server/")} >= WINGS
    assert {each.file.split("/")[0] for each in MUTANTS} == {"server", "export", "trainer"}


def test_a_guard_that_moved_on_is_named(tmp_path: Path) -> None:
    for text, times in (("", 0), ("guard(); guard()", 2)):
        (tmp_path / "code.py").write_text(text)
        with pytest.raises(ValueError, match=rf"code\.py has {times} times"):
            Mutant("a guard", "code.py", "guard()", "pass", ()).mutated(tmp_path)


TESTS = """
import time
from code_here import limit

def test_that_notices(): assert limit(9) == 5
def test_that_does_not(): assert limit(3) == 3
def test_that_is_red_anyway(): assert limit(3) == 4
def test_that_waits(): limit(9) == 5 or time.sleep(600)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of a small project of its own, with the program that runs tests there."""
    folder = tmp_path_factory.mktemp("mutants")
    project = folder / "project"
    (project / "tests/mutants").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    (project / "code_here.py").write_text("def limit(number):\n    return min(number, 5)\n")
    (project / "test_code.py").write_text(TESTS)
    (project / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (project / "tests/mutants/warm.py").write_bytes((ROOT / "tests/mutants/warm.py").read_bytes())
    made = Checkout(project, folder / "copy")
    yield made
    made.close()


def without(test: str, after: str = "number") -> Mutant:
    return Mutant("a limit", "code_here.py", "min(number, 5)", after, (f"test_code.py::{test}",))


@pytest.mark.long(seconds=6)
def test_what_tests_say_of_a_mutant_is_told(copy: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = copy.try_out(without("test_that_notices"))
    assert (outcome.verdict, outcome.by) == ("red", "test_code.py::test_that_notices")
    assert copy.try_out(without("test_that_does_not")).verdict == "green"
    assert copy.try_out(without("test_that_is_not_there")).verdict == "void"
    assert copy.try_out(without("test_that_notices", "min(number, 6)")).verdict == "red", "and not as it was compiled"
    assert copy.run(("test_code.py::test_that_notices",)).verdict == "green", "the guard is back"
    assert copy.run(("test_code.py::test_that_waits",), limit_seconds=60).verdict == "green"
    assert run([without("test_that_notices")], [copy]) == 0
    assert run([without("test_that_does_not")], [copy]) == 1
    assert run([without("test_that_is_red_anyway")], [copy]) == 1
    said = capsys.readouterr().out
    assert "1 guards, 1 of them missed by their tests" in said
    assert "all guards are in place" in said


def test_who_waits_for_ever_notices_nothing(copy: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Checkout.run, "__kwdefaults__", {"limit_seconds": 3.0})
    assert copy.try_out(without("test_that_waits")).verdict == "late"
    assert copy.run(("test_code.py::test_that_notices",), limit_seconds=60).verdict == "green", "it goes on"
