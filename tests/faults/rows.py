"""The table of faults: what is done to the service, what must happen, and the tests that do it (rows.toml)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROWS = Path(__file__).with_name("rows.toml")


@dataclass(frozen=True)
class Row:
    """One kind of fault."""

    number: int
    done: str
    must: str
    tests: tuple[str, ...]  # files under tests/, or single tests of them
    under_load: bool = False  # while clients keep asking, each of whose answers is looked at

    def has(self, test: str) -> bool:
        """Whether a test, by pytest's name for it, is one of this row's."""
        name = test.removeprefix("tests/")
        return any(name == each or name.startswith((f"{each}::", f"{each}[")) for each in self.tests)

    @property
    def cells(self) -> str:
        return f"| {self.number}{'*' if self.under_load else ''} | {self.done} | {self.must} |"


def read(path: Path = ROWS) -> tuple[Row, ...]:
    return tuple(Row(**row | {"tests": tuple(row["tests"])}) for row in tomllib.loads(path.read_text())["row"])
