"""What the server says of itself and of its model."""

import tomllib

import pytest

from server.configuration import load
from server.inference.metadata import of_server
from server.settings import SettingError
from tests.live import ROOT


def test_the_version_is_that_of_the_project() -> None:
    assert of_server()["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_no_model_has_the_name_of_all_statistics() -> None:
    load(["--name", "status"], {})
    with pytest.raises(SettingError, match="stats"):
        load(["--name", "stats"], {})
