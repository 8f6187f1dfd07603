"""A pytest plugin: counts tries and failures of every row of faults, and writes them down: `make faults`.

A test is one try, or as many as it says by `record_property("tries", ...)`; it has failed if any of its stages did.
"""

import os
import platform
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import rows
from tests.faults.rows import Row

HEAD = """# Faults

What was done to running processes, and what became of it: written by `make faults` from a run of the tests that
`tests/faults/rows.toml` names for each row; `make faults SHORT=1` leaves out those of `make soak`. Rows with a star
have clients that keep asking, and every answer is looked at. A try is a test, or one of the faults that it counts.

"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", metavar="PAGE", required=True, help="run the tests of all rows, and write this page")
    parser.addoption("--rows", metavar="TOML", default=str(rows.ROWS), help="the table of faults")


def pytest_configure(config: pytest.Config) -> None:
    table = rows.read(Path(config.getoption("--rows")))
    config.pluginmanager.register(Tally(table, Path(config.getoption("--faults"))))


class Tally:
    """What is counted in one run."""

    def __init__(self, table: tuple[Row, ...], page: Path) -> None:
        self._table = table
        self._page = page
        self._started = time.monotonic()
        self._tries = Counter[int]()
        self._failed: dict[int, set[str]] = {row.number: set() for row in table}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        strange = [item for item in items if not any(row.has(item.nodeid) for row in self._table)]
        config.hook.pytest_deselected(items=strange)
        items[:] = [item for item in items if item not in strange]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tries = sum(int(str(value)) for name, value in report.user_properties if name == "tries") or 1
        for row in self._table:
            if row.has(report.nodeid):
                if report.when == "call" and not report.skipped:
                    self._tries[row.number] += tries
                if report.failed:
                    self._failed[row.number].add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        form = "without those of `make soak`" if session.config.option.markexpr == "not soak" else "in their long form"
        minutes = (time.monotonic() - self._started) / 60
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        lines = ["| # | what is done | what must happen | tries | failures |", "|---|---|---|---|---|"]
        lines += [f"{row.cells} {self._tries[row.number]} | {len(self._failed[row.number])} |" for row in self._table]
        lines += ["", f"{sum(self._tries.values())} tries in {minutes:.0f} minutes, {form}, on {machine}."]
        self._page.write_text(HEAD + "\n".join(lines) + "\n")
