"""A model that begins from nothing: what its first recipe follows from, and how its uploads are parted."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.layouts.errors import DatasetError
from server.pictures.preprocessing import Preprocessing
from server.store.dataset import Labelled
from server.store.memory import Memory
from tests.tiny import memory_in
from trainer import dataset
from trainer.backbone import known
from trainer.config import Recipe
from trainer.deal import check_enough
from trainer.prepare import Prepared, prepare
from trainer.start import recipe_for

NAMES = ("cat", "dog")


def pictures(count: int, side: int, mode: str, seed: int = 0) -> list[Image.Image]:
    random = np.random.default_rng([seed, side, count])
    shape = (side, side, 3) if mode == "RGB" else (side, side)
    return [Image.fromarray(random.integers(0, 256, shape, np.uint8)) for _ in range(count)]


def taught(memory: Memory, label: str, images: list[Image.Image]) -> None:
    memory.dataset.add([Labelled(image, label) for image in images], "upload")


def prepared(memory: Memory, folder: Path, preprocessing: Preprocessing) -> Prepared:
    folder.mkdir()
    vocabulary = memory.classes.vocabulary()
    assert vocabulary is not None
    return prepare(dataset.nothing(vocabulary), memory, preprocessing, folder)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    made = memory_in(tmp_path, "pets")
    made.classes.begin(NAMES, "ana")
    return made


@pytest.mark.parametrize(
    ("side", "mode", "expected"), [(28, "L", (28, 1)), (48, "L", (28, 1)), (49, "RGB", (64, 3)), (20, "RGB", (28, 3))]
)
def test_the_first_recipe_follows_from_the_pictures(
    memory: Memory, side: int, mode: str, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "packaged", lambda: None)  # as where the weights are not installed
    taught(memory, "cat", pictures(3, side, mode))
    recipe = recipe_for(memory, {})
    assert (recipe.preprocessing, recipe.thickness) == ("resize", 0.0)
    assert (recipe.height, recipe.channels) == (recipe.width, expected[1]) == expected
    assert recipe_for(memory, {"channels": 1, "height": 32}).height == 32


def test_one_picture_in_colour_is_enough_for_colour(memory: Memory) -> None:
    taught(memory, "cat", pictures(9, 28, "L"))
    taught(memory, "cat", pictures(1, 28, "RGB"))
    assert recipe_for(memory, {}).channels == 3


def test_other_models_begin_as_ever(tmp_path: Path) -> None:
    assert recipe_for(memory_in(tmp_path), {}) == Recipe()


@pytest.mark.parametrize("channels", [1, 3])
def test_every_part_has_uploads_of_every_class_however_few(memory: Memory, tmp_path: Path, channels: int) -> None:
    taught(memory, "cat", pictures(12, 28, "L"))
    taught(memory, "dog", pictures(30, 28, "RGB", 1))
    found = prepared(memory, tmp_path / "work", Preprocessing("resize", 28, 28, channels))
    assert found.counts() == {
        "fit": {"cat": 6, "dog": 15},
        "validation": {"cat": 2, "dog": 5},
        "gate": {"cat": 2, "dog": 5},
        "test": {"cat": 2, "dog": 5},
        "uploads": {},
        "held out": {},
    }
    check_enough(found.counts(), NAMES, "uploads")
    rows = np.concatenate([found.rows[part] for part in found.rows])
    assert sorted(rows.tolist()) == list(range(42))


def test_pictures_that_are_the_same_to_the_model_count_once(memory: Memory, tmp_path: Path) -> None:
    taught(memory, "cat", pictures(12, 28, "L"))
    large = pictures(1, 56, "L")[0]
    small = large.resize((28, 28), Image.Resampling.BILINEAR, reducing_gap=2.0)
    taught(memory, "dog", [large, small, *pictures(10, 28, "L", 2)])
    found = prepared(memory, tmp_path / "work", Preprocessing("resize", 28, 28, 1))
    with pytest.raises(DatasetError, match="1 more of 'dog' and a version can be trained"):
        check_enough(found.counts(), NAMES, "uploads")
