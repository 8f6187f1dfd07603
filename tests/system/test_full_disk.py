"""A disk that is full: what would be stored is refused whole, predictions go on, and it recovers with the space."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.digits import Digits
from tests.live import LiveServer


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_an_upload_to_a_full_disk_stores_nothing(tmp_path: Path, small_disk: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--data", str(small_disk)) as server:
        filler = small_disk / "filler"
        fill(filler)
        answer = server.upload([("a.png", digits.png(0))], ["7"])
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_failed")
        assert "No space left" in answer.json()["error"]
        assert server.predict(digits.png(0)).json()["prediction"] == 7
        assert server.get("/dataset").json()["count"] == 0
        filler.unlink()
        assert server.upload([("a.png", digits.png(0))], ["7"]).status_code == 201
        assert server.get("/dataset").json()["count"] == 1
        assert not list(small_disk.rglob(".tmp-*"))
