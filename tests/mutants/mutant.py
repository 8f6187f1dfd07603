"""One guard, and the change that takes it out of one file."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """A change that no test may overlook."""

    guard: str  # what no longer holds
    file: str
    before: str  # stands in the file exactly once, so that the list fails where the code moved on
    after: str
    tests: tuple[str, ...]  # of which one at least must turn red

    def mutated(self, root: Path) -> str:
        """The file's text without the guard; raises ValueError where the guard is not there, or not alone."""
        text = (root / self.file).read_text("utf-8")
        times = text.count(self.before)
        if times != 1:
            raise ValueError(f"{self.guard}: {self.file} has {times} times {self.before!r}")
        return text.replace(self.before, self.after)


def mutant(guard: str, file: str, before: str, after: str, *tests: str) -> Mutant:
    """As the lists are written; of tests the file is told without tests/."""
    return Mutant(guard, file, before, after, tuple(f"tests/{each}" for each in tests))
