"""Processes share the files so that what takes longest begins."""

from pathlib import Path

import pytest

from tests.test_long import ROOT, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files, in the order of their names the shortest first."""
    (tmp_path / "conftest.py").write_text("from tests.sharing import pytest_collection_modifyitems\n")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\nmarkers = long: takes long\n")
    for name, seconds in (("a", 0), ("b", 5), ("c", 50)):
        mark = f"import pytest\n@pytest.mark.long(seconds={seconds})\n" if seconds else ""
        (tmp_path / f"test_{name}.py").write_text(f"{mark}def test_it(): pass\n")
    return tmp_path


@pytest.mark.parametrize(("environment", "order"), [({"LONG_TESTS": "1"}, "cba"), ({}, "abc")])
def test_files_that_take_long_begin_if_they_run(folder: Path, environment: dict[str, str], order: str) -> None:
    text = said(folder, "--collect-only", "-p", "no:randomly", **environment)
    assert [line[5] for line in text.splitlines() if line.startswith("test_")] == list(order)
