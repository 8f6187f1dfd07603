"""What the server says of itself and of its model."""

import tomllib

from server.inference.metadata import of_server
from tests.live import ROOT


def test_the_version_is_that_of_the_project() -> None:
    assert of_server()["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
