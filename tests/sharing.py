"""How processes share the tests, in whatever order: by file, since the tests of a file share a server.

Two folders stay whole, tests/ui for its browser and tests/containers for its engine and images. They take longest and
begin; what follows is as pytest-randomly shuffled it.
"""

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

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
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    share = _share_of(item.nodeid)
    return WHOLE.index(share) if share in WHOLE else len(WHOLE)


def _share_of(test: str) -> str:
    file = test.partition("::")[0]
    return next((folder for folder in WHOLE if file.startswith(f"{folder}/")), file)
