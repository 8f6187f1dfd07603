"""How many images a step takes."""

import pytest

from trainer.config import Recipe, recipe_of
from trainer.train import batch_size_for


@pytest.mark.parametrize(
    ("images", "batch_size"), [(4, 8), (12, 8), (100, 8), (300, 16), (2000, 128), (2560, 256), (60_000, 256)]
)
def test_a_step_takes_fewer_images_of_few(images: int, batch_size: int) -> None:
    assert batch_size_for(Recipe(), images) == batch_size
    assert batch_size_for(Recipe(batch_size=100), images) == min(batch_size, 100)


def test_a_share_that_leaves_no_room_for_the_base_is_refused() -> None:
    with pytest.raises(ValueError, match="uploads_share"):
        recipe_of({"uploads_share": 1.0})
