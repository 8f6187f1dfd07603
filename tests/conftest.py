"""Fixtures that more than one room's tests use: real digits, a real tiny model, a switch that forbids skipping."""

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from tests import warden
from tests.descriptors import many
from tests.digits import Digits, mnist
from tests.live import LiveServer
from tests.long import pytest_itemcollected
from tests.opener import opener
from tests.postgres import database, postgres
from tests.sharing import pytest_collection_modifyitems, pytest_xdist_make_scheduler

# Fixtures and hooks of other files'.
__all__ = [
    "database",
    "many",
    "opener",
    "postgres",
    "pytest_collection_modifyitems",
    "pytest_itemcollected",
    "pytest_xdist_make_scheduler",
]

ROOT = Path(__file__).parents[1]

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("relearn", deadline=None)
hypothesis.settings.load_profile("relearn")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ALL_TESTS set, as in CI, a test that skips has failed: everything it needs is meant to be there."""
    report = yield
    if os.environ.get("REQUIRE_ALL_TESTS") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session", autouse=True)
def no_survivors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that the tests start or mount outlives this process, however it ends."""
    folder = str(tmp_path_factory.getbasetemp())
    os.environ[warden.VARIABLE] = folder
    command = [sys.executable, "-I", warden.__file__, folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):  # at whose end it is waited for
        yield


@pytest.fixture(scope="session")
def digits() -> Digits:
    """MNIST's 10,000 test images."""
    return mnist("t10k")


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own for the tests of one file, with the baseline model and empty folders."""
    with LiveServer(tmp_path_factory.mktemp("server")) as live:
        yield live
