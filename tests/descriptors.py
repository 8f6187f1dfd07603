"""Descriptors for tests that open thousands of connections: a shell's usual soft limit is 1,024."""

import resource
from collections.abc import Iterator

import pytest

NEEDED = 4096


@pytest.fixture
def many() -> Iterator[None]:
    """So many descriptors as thousands of connections need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(hard, NEEDED)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, OSError):
        pytest.skip(f"thousands of connections need a hard limit of {NEEDED} descriptors")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, wanted))  # the hard one does not come back for all
