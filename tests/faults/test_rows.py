"""Every row of faults has tests that are there, and a page of them is of a run in which all were tried and held."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import rows
from tests.faults.rows import Row
from tests.live import ROOT


def missing(row: Row) -> list[str]:
    """Tests that a row names and that there are not."""
    return [each for each in row.tests if not is_there(*each.split("::"))]


def is_there(file: str, test: str | None = None) -> bool:
    path = ROOT / "tests" / file
    if not path.is_file():
        return False
    tests = {each.name for each in ast.parse(path.read_text()).body if isinstance(each, ast.FunctionDef)}
    return (test or next((name for name in tests if name.startswith("test_")), None)) in tests


def test_every_row_has_tests_that_are_there() -> None:
    table = rows.read()
    assert [row.number for row in table] == list(range(1, len(table) + 1))
    for row in table:
        assert row.tests, row.done
        assert missing(row) == [], row.number


def test_a_test_that_is_gone_would_be_seen() -> None:
    here = "faults/test_rows.py"
    named = (here, f"{here}::test_a_test_that_is_gone_would_be_seen", f"{here}::missing", f"{here}::gone", "gone.py")
    assert missing(Row(1, "", "", named)) == [f"{here}::gone", "gone.py"]


def wrong_in(page: str) -> list[str]:
    """What a page says that is not of the table, or did not hold, or was not tried."""
    found = re.findall(r"^(\| \d+\*? \|.*\|) (\d+) \| (\d+) \|$", page, re.MULTILINE)
    there = [row.cells for row in rows.read()]
    strange = [cells for cells, _, _ in found if cells not in there]
    lost = [cells for cells in there if cells not in [each for each, _, _ in found]]
    return strange + lost + [cells for cells, tries, failures in found if tries == "0" or failures != "0"]


def test_a_page_is_of_a_run_in_which_every_row_was_tried_and_held() -> None:
    for page in ROOT.glob("docs/faults.md"):  # `make faults` writes it
        assert wrong_in(page.read_text()) == []


def test_a_page_that_is_not_would_be_seen() -> None:
    cells = [row.cells for row in rows.read()]
    whole = [f"{each} 2 | 0 |" for each in cells]
    assert wrong_in("\n".join(whole)) == []
    assert wrong_in("\n".join(whole[1:])) == cells[:1]
    assert wrong_in("\n".join([f"{cells[0]} 2 | 1 |", f"{cells[1]} 0 | 0 |", *whole[2:]])) == cells[:2]
    assert wrong_in("\n".join([*whole, "| 99 | another | row | 2 | 0 |"])) == ["| 99 | another | row |"]


TESTS = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_some(number, record_property):
    record_property("tries", 10)
    assert number != 1

@pytest.fixture
def broken():
    raise OSError

def test_other(broken): ...

def test_strange():
    raise AssertionError("it is of no row")
"""
TABLE = """
[[row]]
number = 1
done = "one"
must = "holds"
tests = ["test_it.py::test_some"]

[[row]]
number = 2
done = "two"
must = "holds"
under_load = true
tests = ["test_it.py"]
"""


@pytest.mark.parametrize("option", [[], ["-k", "test_some and not 1"]])
def test_tries_and_failures_are_counted_by_row(tmp_path: Path, option: list[str]) -> None:
    (tmp_path / "test_it.py").write_text(TESTS if option else TESTS.replace("def test_strange", "def strange"))
    (tmp_path / "rows.toml").write_text(TABLE)
    page = tmp_path / "page.md"
    command = [sys.executable, "-m", "pytest", "-p", "tests.faults.tally", "--faults", str(page), *option]
    done = subprocess.run(
        [*command, "--rows", str(tmp_path / "rows.toml"), "test_it.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ")][1:]
    if option:
        assert lines == ["| 1 | one | holds | 20 | 0 |", "| 2* | two | holds | 20 | 0 |"], done.stdout
    else:
        assert lines == ["| 1 | one | holds | 30 | 1 |", "| 2* | two | holds | 30 | 2 |"], done.stdout
