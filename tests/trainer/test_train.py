"""What one epoch is made of."""

import numpy as np
import pytest

from trainer.config import Recipe, recipe_of
from trainer.prepare import Prepared
from trainer.train import batch_size_for, epoch_rows

BASE = 900


def prepared_with(uploads: int) -> Prepared:
    images = np.zeros((BASE + uploads, 8, 8, 1), np.uint8)
    rows = {"fit": np.arange(BASE), "uploads": np.arange(BASE, BASE + uploads)}
    return Prepared(("a", "b"), images, np.zeros(len(images), np.int32), rows, (), 0)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("uploads", [0, 3, 40, 299, 5000])
def test_uploads_never_make_up_more_than_their_share(uploads: int, share: float) -> None:
    rows = epoch_rows(Recipe(uploads_share=share), prepared_with(uploads))
    from_uploads = int((rows >= BASE).sum())
    assert from_uploads <= share * len(rows)
    assert np.array_equal(np.sort(rows[rows < BASE]), np.arange(BASE))
    assert from_uploads > 0 or not uploads or not share


def test_few_uploads_are_repeated_evenly() -> None:
    rows = epoch_rows(Recipe(), prepared_with(20))
    assert np.unique(rows[rows >= BASE], return_counts=True)[1].tolist() == [10] * 20


def test_of_too_many_uploads_old_and_new_ones_are_drawn() -> None:
    rows = epoch_rows(Recipe(), prepared_with(5000))
    drawn = rows[rows >= BASE]
    assert len(np.unique(drawn)) == len(drawn) == BASE // 3
    assert drawn.min() < BASE + 500 < BASE + 4500 < drawn.max()


@pytest.mark.parametrize(
    ("images", "batch_size"), [(4, 8), (12, 8), (100, 8), (300, 16), (2000, 128), (2560, 256), (60_000, 256)]
)
def test_a_step_takes_fewer_images_of_few(images: int, batch_size: int) -> None:
    assert batch_size_for(Recipe(), images) == batch_size
    assert batch_size_for(Recipe(batch_size=100), images) == min(batch_size, 100)


def test_a_share_that_leaves_no_room_for_the_base_is_refused() -> None:
    with pytest.raises(ValueError, match="uploads_share"):
        recipe_of({"uploads_share": 1.0})
