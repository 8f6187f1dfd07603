"""What the number of images has to do with how they are trained on."""

from dataclasses import replace

import numpy as np
import pytest

from tests.digits import mnist
from trainer import train as training
from trainer.config import Recipe, recipe_of
from trainer.prepare import Prepared
from trainer.progress import Silent
from trainer.train import CHANGES, FEW, MORE, batch_size_for, changing, train


@pytest.mark.parametrize(
    ("images", "batch_size"), [(4, 8), (12, 8), (100, 8), (300, 16), (2000, 128), (2560, 256), (60_000, 256)]
)
def test_a_step_takes_fewer_images_of_few(images: int, batch_size: int) -> None:
    assert batch_size_for(Recipe(), images) == batch_size
    assert batch_size_for(Recipe(batch_size=100), images) == min(batch_size, 100)


def test_a_share_that_leaves_no_room_for_the_base_is_refused() -> None:
    with pytest.raises(ValueError, match="uploads_share"):
        recipe_of({"uploads_share": 1.0})


def test_few_digits_are_changed_more_and_nothing_else_is() -> None:
    recipe = Recipe(shear=0.0)
    wider = changing(recipe, FEW - 1)
    assert {name: getattr(wider, name) for name in CHANGES} == {
        name: pytest.approx(1.5 * getattr(recipe, name)) for name in ("rotation", "shift", "scale", "shear", "elastic")
    }
    assert replace(wider, **{name: getattr(recipe, name) for name in CHANGES}) == recipe
    assert changing(recipe, FEW) == recipe
    fitted = replace(recipe, preprocessing="resize")
    assert changing(fitted, 12) == fitted


def test_a_training_goes_by_its_number_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = mnist("train")
    rows = {"fit": np.arange(40), "uploads": np.arange(40, 48), "validation": np.arange(48, 60)}
    images, classes = digits.images[:60, ..., None], digits.classes[:60].astype(np.int32)
    prepared = Prepared(tuple("0123456789"), images, classes, rows, (), 0)

    def weights(recipe: Recipe) -> list[bytes]:
        return [each.tobytes() for each in train(recipe, prepared, None, Silent(None)).model.get_weights()]

    recipe = Recipe(epochs=1)
    by_number = weights(recipe)
    monkeypatch.setattr(training, "FEW", 48)
    assert weights(recipe) != by_number
    assert weights(replace(recipe, **{name: MORE * getattr(recipe, name) for name in CHANGES})) == by_number
