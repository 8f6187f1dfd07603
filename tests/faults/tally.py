"""A pytest plugin: counts tries and failures of every row of faults, and writes them down: `make faults`.

A test is one try, or as many as it says by `record_property("tries", ...)`; it has failed if any of its stages did. A
run of some rows leaves the others as they are on the page; each says of which commit it is, and when it was tried. A
run of all tests writes it as well: `make test FAULTS=docs/faults.md`. Of a test that was run again its last run counts.
"""

import os
import platform
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import rows
from tests.faults.rows import Row

HEAD = """# Faults

What was done to running processes, and what became of it: written by `make faults` from runs of the tests that
`tests/faults/rows.toml` names for each row. The long form has those of `make soak` as well; `make faults SHORT=1` is
the short one, and `ROWS="9 10"` tries some. Rows with a star have clients that keep asking, and every answer is looked
at. A try is a test, or one of the faults that it counts.

| # | what is done | what must happen | tries | failures | form | commit | day |
|---|---|---|---|---|---|---|---|
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", metavar="PAGE", required=True, help="run the tests of all rows, and write this page")
    parser.addoption("--table", metavar="TOML", default=str(rows.ROWS), help="the table of faults")
    parser.addoption("--rows", metavar="NUMBERS", default="", help="those to try; all by default")
    parser.addoption("--whole", action="store_true", help="run all other tests as well")


def pytest_configure(config: pytest.Config) -> None:
    table = rows.read(Path(config.getoption("--table")))
    wanted = {int(number) for number in config.getoption("--rows").split()} or {row.number for row in table}
    is_whole = config.getoption("--whole")
    if not is_whole and config.args_source is not pytest.Config.ArgsSource.ARGS:  # nothing else need be collected
        files = {test.partition("::")[0] for row in table if row.number in wanted for test in row.tests}
        config.args = [f"tests/{file}" for file in sorted(files)]
    page = None if hasattr(config, "workerinput") else Path(config.getoption("--faults"))
    config.pluginmanager.register(Tally(table, wanted, page, is_whole))


class Tally:
    """What is counted in one run."""

    def __init__(self, table: tuple[Row, ...], wanted: set[int], page: Path | None, is_whole: bool) -> None:
        """`page` is None in a process that only runs tests for another."""
        self._table = table
        self._tried = [row for row in table if row.number in wanted]
        self._page = page
        self._is_whole = is_whole
        self._tries = Counter[int]()
        self._failed: dict[int, set[str]] = {row.number: set() for row in table}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        if self._is_whole:
            return
        strange = [item for item in items if not any(row.has(item.nodeid) for row in self._tried)]
        config.hook.pytest_deselected(items=strange)
        items[:] = [item for item in items if item not in strange]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tries = sum(int(str(value)) for name, value in report.user_properties if name == "tries") or 1
        for row in self._tried:
            if row.has(report.nodeid):
                if report.when == "call" and report.outcome not in ("skipped", "rerun"):
                    self._tries[row.number] += tries
                if report.failed:
                    self._failed[row.number].add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._page is None or session.config.option.collectonly:
            return
        form = "short" if session.config.option.markexpr == "not soak" else "long"
        run = f"{form} | {_commit()} | {time.strftime('%Y-%m-%d')}"
        before = self._page.read_text().splitlines() if self._page.is_file() else []
        lines = []
        for row in self._table:
            if row in self._tried:
                lines.append(f"{row.cells} {self._tries[row.number]} | {len(self._failed[row.number])} | {run} |")
            else:
                lines += [line for line in before if line.startswith(row.cells)]
        machine = f"On {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}."
        self._page.write_text(HEAD + "\n".join([*lines, "", machine]) + "\n")


def _commit() -> str:
    """Which was tried; it says so where something was changed since."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=, changed"], capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "none"
