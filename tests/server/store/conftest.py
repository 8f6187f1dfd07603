"""A store to test, on both databases."""

from pathlib import Path

import pytest

from server.store.memory import Memory
from tests.opener import Opener


@pytest.fixture
def memory(opener: Opener) -> Memory:
    return opener()


@pytest.fixture
def data(opener: Opener) -> Path:
    return opener.data
