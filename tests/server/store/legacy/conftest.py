"""A folder of the form before, and a database that was never used."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.store.old_form.folder import OldForm


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a database without tables, which is what is filled; "" for SQLite's file beside the artifacts."""
    return ""


@pytest.fixture
def form(tmp_path: Path, database: str) -> OldForm:
    return OldForm(tmp_path, database)


@pytest.fixture
def answers(form: OldForm) -> dict[str, Any]:
    """What the service answered on the kept folder, which lies unpacked in `form`."""
    return form.unpack("digits")
