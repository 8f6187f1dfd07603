"""The images, built once from the real Dockerfiles, and volumes that are gone after the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.containers.engine import SERVE, SERVE_DOCKER, TRAIN, Volume, build, missing
from tests.digits import write_small_mnist


@pytest.fixture(scope="session")
def images() -> None:
    """Builds the three images; without a Docker engine the test that asks for them is skipped."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    build(SERVE, "Dockerfile.serve")
    build(SERVE_DOCKER, "Dockerfile.serve", REQUIREMENTS="requirements-docker.txt requirements-postgres.txt")
    build(TRAIN, "Dockerfile.train")


@pytest.fixture(scope="module")
def artifacts(images: None) -> Iterator[Volume]:
    volume = Volume("artifacts")
    yield volume
    volume.remove()


@pytest.fixture(scope="module")
def data(images: None) -> Iterator[Volume]:
    volume = Volume("data")
    yield volume
    volume.remove()


@pytest.fixture(scope="session")
def dataset(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume]:
    """A base dataset small enough for a test."""
    folder = tmp_path_factory.mktemp("dataset") / "small"  # not the first, which is for this user alone
    write_small_mnist(folder)
    volume = Volume("dataset")
    volume.fill(folder)
    yield volume
    volume.remove()
