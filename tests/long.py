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
    if marker is not None and not any(map(os.environ.get, SWITCHES)):
        seconds = marker.kwargs["seconds"]
        item.add_marker(pytest.mark.skip(f"takes long, {seconds} s of a processor: make test LONG_TESTS=1 runs it"))
