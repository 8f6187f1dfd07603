"""How processes share the tests: by file, since the tests of a file share a server, and so keep its order too.

Two folders stay whole, tests/ui for its browser and tests/containers for its engine and images. They take longest and
begin; the files that follow are as pytest-randomly shuffled them.
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
    files = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))}
    items.sort(key=lambda item: (_rank(item), files[item.path], _place(item)))


def _rank(item: pytest.Item) -> int:
    share = _share_of(item.nodeid)
    return WHOLE.index(share) if share in WHOLE else len(WHOLE)


def _place(item: pytest.Item) -> tuple[int, ...]:
    """Where a test stands in its file, and which of its cases it is."""
    case = item.callspec.indices.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    return (item.location[1] or 0, *case)


def _share_of(test: str) -> str:
    file = test.partition("::")[0]
    return next((folder for folder in WHOLE if file.startswith(f"{folder}/")), file)
