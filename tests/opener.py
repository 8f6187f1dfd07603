"""A store to test, on both databases, as one process or as several."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.memory import Memory, open_memory


class Opener:
    """Opens one store as often as a test wants: each time as a process of its own would."""

    def __init__(self, folder: Path, database: str) -> None:
        self.artifacts, self.data = folder / "artifacts", folder / "data"
        self.database = database
        self.opened: list[Memory] = []

    def __call__(
        self, name: str = "digits", images_limit: int = 2**53, bytes_limit: int = 2**53, living_name: str | None = None
    ) -> Memory:
        baseline = self.artifacts / "baseline"
        made = open_memory(
            self.artifacts, self.data, name, baseline, self.database, images_limit, bytes_limit, living_name
        )
        self.opened.append(made)
        return made

    def ready(self) -> Memory:
        """As calling it, with the database opened already, for what is to happen at one moment with something else."""
        made = self()
        made.browser.overview()
        return made

    def close(self) -> None:
        for each in self.opened:
            each.close()


@pytest.fixture
def opener(tmp_path: Path, database: str) -> Iterator[Opener]:
    made = Opener(tmp_path, database)
    yield made
    made.close()
