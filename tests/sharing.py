"""How processes share the tests, in whatever order: by file, since the tests of a file share a server.

Two folders stay whole, tests/ui for its browser and tests/containers for its engine and images. They take longest and
begin; then come files with tests that take long, the longest first, so that none is still at it when all else is done.
What follows is as pytest-randomly shuffled it.
"""

from collections import Counter

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from tests.long import seconds_of

WHOLE = ("tests/containers", "tests/ui")


class ByFile(LoadScopeScheduling):
    """Gives a process the next file, or folder, when it is through with its last."""

    def _split_scope(self, nodeid: str) -> str:
        return _share_of(nodeid)


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    seconds: Counter[str] = Counter()
    for item in items:
        seconds[_share_of(item.nodeid)] += seconds_of(item)

    def rank(item: pytest.Item) -> tuple[int, int]:
        share = _share_of(item.nodeid)
        return (WHOLE.index(share), 0) if share in WHOLE else (len(WHOLE), -seconds[share])

    items.sort(key=rank)


def _share_of(test: str) -> str:
    file = test.partition("::")[0]
    return next((folder for folder in WHOLE if file.startswith(f"{folder}/")), file)
