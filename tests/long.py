"""Tests that take long: they show at more places, for longer or of more things what a quicker test shows of one.

A plain `make test` skips them and says so (docs/decisions/0067-make-test-in-minutes.md). With LONG_TESTS set they run,
and in the gate, where nothing may be skipped.
"""

import os

import pytest

SWITCHES = ("LONG_TESTS", "REQUIRE_ALL_TESTS")


@pytest.hookimpl
def pytest_itemcollected(item: pytest.Item) -> None:
    """Skip a test that is marked, unless a switch is set."""
    marker = item.get_closest_marker("long")
    if marker is not None and not _all_run():
        seconds = marker.kwargs["seconds"]
        item.add_marker(pytest.mark.skip(f"takes long, {seconds} s of a processor: make test LONG_TESTS=1 runs it"))


def seconds_of(item: pytest.Item) -> int:
    """Of a processor, for one that takes long and is not skipped; 0 for any other."""
    marker = item.get_closest_marker("long")
    return int(marker.kwargs["seconds"]) if marker is not None and _all_run() else 0


def _all_run() -> bool:
    return any(map(os.environ.get, SWITCHES))
