"""The datasets are drawn the same every time, no picture is in two parts, and the figures are those of the seeds."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.datasets.cases import CASES
from benchmarks.datasets.draw import CHARACTERS, THINGS, write_letters, write_things
from benchmarks.datasets.run import rows


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.png"))
    return {str(file.relative_to(folder)): hashlib.sha256(Image.open(file).tobytes()).hexdigest() for file in files}


@pytest.mark.parametrize(("write", "labels"), [(write_things, tuple(THINGS)), (write_letters, tuple(CHARACTERS))])
def test_a_dataset_is_the_same_every_time_and_its_halves_share_nothing(
    tmp_path: Path, write: Any, labels: tuple[str, ...]
) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, {"train": 3, "test": 2})
    found = hashes(tmp_path / "one")
    assert found == hashes(tmp_path / "two")
    assert len(set(found.values())) == len(found) == 5 * len(labels)
    assert {Path(file).parts[1] for file in found} == set(labels)


def test_what_tests_two_classes_of_twelve_lies_apart_from_them(tmp_path: Path) -> None:
    write = CASES["pair"].write
    assert write is not None
    write(tmp_path / "set")
    assert len(hashes(tmp_path / "set")) == 24
    assert len(hashes(tmp_path / "test")) == 80
    assert not set(hashes(tmp_path / "set").values()) & set(hashes(tmp_path / "test").values())


def test_a_row_is_the_mean_of_the_seeds_and_what_was_not_measured_has_none() -> None:
    found = {"things": {"seeds": [{"percent": 90.0}, {"percent": 94.0}], "features_percent": 91.0}}
    right, more = rows(found)
    assert (right.value, right.at_least, right.rounds, right.reached) == (92.0, 88.0, [90.0, 94.0], True)
    assert (more.value, more.at_least, more.rounds, more.reached) == (1.0, 0.0, [-1.0, 3.0], True)
