"""The datasets are drawn the same every time, no picture is in two parts, and the figures are those of the seeds."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.datasets.cases import CASES
from benchmarks.datasets.draw import CHARACTERS, THINGS, write_letters, write_things
from benchmarks.datasets.none import NONE, write_digits_and_none
from benchmarks.datasets.run import reported, rows
from tests.digits import write_small_mnist
from trainer import idx


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


def test_digits_and_what_is_none_stand_in_one_dataset_whose_halves_share_nothing(tmp_path: Path) -> None:
    write_small_mnist(tmp_path / "small", 40, 10)  # in place of digits, and of clothes
    for file in tuple((tmp_path / "small").iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    write_digits_and_none(tmp_path / "made", tmp_path / "small", tmp_path / "small")
    for half, known in (("train", 40), ("t10k", 10)):
        labels = idx.read(tmp_path / "made" / f"{half}-labels-idx1-ubyte")
        assert (labels[:known] < NONE).all()
        assert labels[known:].tolist() == [NONE] * 2 * known
    train, test = (idx.read(tmp_path / "made" / f"{half}-images-idx3-ubyte") for half in ("train", "t10k"))
    assert not {each.tobytes() for each in train[80:]} & {each.tobytes() for each in test[20:]}


def test_a_class_apart_has_a_figure_of_its_own() -> None:
    classes = {
        "0": {"recall": 1.0, "images": 300},
        "1": {"recall": 0.5, "images": 100},
        "10": {"recall": 0.9, "images": 9},
    }
    assert reported(classes, CASES["none"]) == {"percent": 87.5, "apart": 90.0}
    right, apart = rows({"none": {"seeds": [{"percent": 99.6, "apart": 96.0}, {"percent": 99.6, "apart": 97.0}]}})
    assert (right.value, right.reached) == (99.6, True)
    assert (apart.value, apart.at_least, apart.reached) == (96.5, 97.0, False)
