"""A store to test, on both databases."""

import shutil
from pathlib import Path

import pytest

from server.store.memory import Memory
from tests.opener import Opener
from tests.server.store.filled import fill
from tests.tiny import memory_in


@pytest.fixture
def memory(opener: Opener) -> Memory:
    return opener()


@pytest.fixture
def data(opener: Opener) -> Path:
    return opener.data


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with something of everything, which no test may change."""
    folder = tmp_path_factory.mktemp("whole")
    memory = memory_in(folder)
    fill(memory)
    memory.close()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(whole, tmp_path / "store")
    return tmp_path / "store"
