"""A digit that is a pixel off is put in its place anew, and is told for a copy of the one that was in its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.pictures.preprocessing import NEWEST, Preprocessing
from server.store.dataset import Labelled
from tests.digits import mnist, write_small_mnist
from tests.tiny import memory_in
from trainer import dataset
from trainer.moved import Moved
from trainer.prepare import prepare

DIGIT = Preprocessing("digit", 28, 28, 1, NEWEST["digit"])
OTHERS = mnist("train").images[:3, ..., None]


def test_a_copy_that_is_cropped_anew_once_it_was_moved_is_left_out(tmp_path: Path) -> None:
    """The model sees another picture of it, as far from its original as other people's digits are."""
    write_small_mnist(tmp_path / "set", 400, 300)
    memory, held, number = memory_in(tmp_path), mnist("t10k"), 269
    moved = np.roll(held.images[number], (1, -1), (0, 1))
    memory.dataset.add([Labelled(Image.fromarray(moved), str(held.classes[number]))], "upload")
    assert prepare(dataset.find(tmp_path / "set"), memory, DIGIT, tmp_path).skipped == 1


@pytest.mark.parametrize("mode", ["digit", "resize"])
def test_a_moved_picture_is_another_where_a_preprocessing_puts_it_in_its_place(mode: str) -> None:
    preprocessing = DIGIT if mode == "digit" else replace(DIGIT, mode="resize", number=1)
    blank = np.zeros((1, 28, 28, 1), np.uint8)
    others = Moved(np.concatenate([blank, OTHERS]), preprocessing).of(np.arange(4))
    assert len(others) == (4 if mode == "digit" else 0)
    if mode == "digit":
        assert not others[0].any()
        assert all((one != other).any() for one, other in zip(others[1:], OTHERS, strict=True))
