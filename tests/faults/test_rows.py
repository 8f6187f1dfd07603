"""Every row of faults has tests that are there, and a page of them is of a run in which all were tried and held."""

import ast
import os
import re
import subprocess
import sys
import time
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
    found = re.findall(r"^(\| \d+\*? \|.*\|) (\d+) \| (\d+) \| \w+ \| [^|]+ \| [\d-]+ \|$", page, re.MULTILINE)
    there = [row.cells for row in rows.read()]
    strange = [cells for cells, _, _ in found if cells not in there]
    lost = [cells for cells in there if cells not in [each for each, _, _ in found]]
    return strange + lost + [cells for cells, tries, failures in found if tries == "0" or failures != "0"]


def test_a_page_is_of_a_run_in_which_every_row_was_tried_and_held() -> None:
    for page in ROOT.glob("docs/faults.md"):  # `make faults` writes it
        assert wrong_in(page.read_text()) == []


def test_a_page_that_is_not_would_be_seen() -> None:
    cells = [row.cells for row in rows.read()]
    run = "| short | 1234567 | 2026-01-31 |"
    whole = [f"{each} 2 | 0 {run}" for each in cells]
    assert wrong_in("\n".join(whole)) == []
    assert wrong_in("\n".join(whole[1:])) == cells[:1]
    assert wrong_in("\n".join([f"{cells[0]} 2 | 1 {run}", f"{cells[1]} 0 | 0 {run}", *whole[2:]])) == cells[:2]
    assert wrong_in("\n".join([*whole, f"| 99 | another | row | 2 | 0 {run}"])) == ["| 99 | another | row |"]


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


def lines_of(folder: Path, *options: str) -> list[str]:
    """The rows of the page after a run, without what every run says of itself."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.faults.tally", "--faults", str(folder / "page.md")]
    done = subprocess.run(
        [*command, "--table", str(folder / "rows.toml"), *options, "test_it.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in (folder / "page.md").read_text().splitlines() if line.startswith("| ")][1:]
    run = f" | long | none | {time.strftime('%Y-%m-%d')} |"  # it is no checkout
    assert all(line.endswith(run) for line in lines), done.stdout
    return [line.removesuffix(run) for line in lines]


@pytest.mark.long(seconds=4)
def test_tries_and_failures_are_counted_by_row(tmp_path: Path) -> None:
    """By all rows; and by one of them, which leaves the others as they were; in one process and in several."""
    (tmp_path / "rows.toml").write_text(TABLE)
    (tmp_path / "test_it.py").write_text(TESTS)
    good = ["| 1 | one | holds | 20 | 0", "| 2* | two | holds | 20 | 0"]
    assert lines_of(tmp_path, "-k", "test_some and not 1") == good
    (tmp_path / "test_it.py").write_text(TESTS.replace("def test_strange", "def strange"))
    assert lines_of(tmp_path, "--rows", "1") == ["| 1 | one | holds | 30 | 1", good[1]]
    assert lines_of(tmp_path, "--numprocesses", "2") == ["| 1 | one | holds | 30 | 1", "| 2* | two | holds | 30 | 2"]


def test_a_run_of_all_tests_counts_as_well(tmp_path: Path) -> None:
    (tmp_path / "rows.toml").write_text(TABLE.partition("\n[[row]]\nnumber = 2")[0])
    (tmp_path / "test_it.py").write_text(f"{TESTS}\n    open('ran', 'w').close()".replace("    raise Assert", "    # "))
    for options, ran in ((), False), (("--whole",), True):
        assert lines_of(tmp_path, *options) == ["| 1 | one | holds | 30 | 1"]
        assert (tmp_path / "ran").exists() == ran
