"""The pretrained network answers as the original does, and takes weights of its own kind alone."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.trainer.backbone.torch_files import write_tensors
from trainer.backbone.known import LITE0, packaged
from trainer.backbone.lite0 import lite0, take_weights
from trainer.backbone.network import multiply_adds, take_pretrained
from trainer.config import Recipe
from trainer.errors import TrainingError
from trainer.model import FEATURES, build_model

EXPECTED = Path(__file__).with_name("lite0.npz")  # of efficientnet-lite-pytorch 0.1.0 with torch 2.14, in float32


def pictures(side: int) -> NDArray[np.uint8]:
    """Two pictures of waves with a disc, (2, side, side, 3): the original was asked about these."""
    row, column = np.mgrid[:side, :side] / side
    made = []
    for number in range(2):
        waves = [np.sin((3 + number) * row + k) * np.cos((5 - number) * (k + 1) * column) for k in range(3)]
        picture = np.stack(waves, axis=-1)
        picture[(row - 0.3) ** 2 + (column - 0.5) ** 2 < 0.04] = (1, -1, 0.2 * number)
        made.append(np.round(127.5 + 127.5 * picture))
    return np.stack(made).clip(0, 255).astype(np.uint8)


@pytest.mark.skipif(packaged() is None, reason="the package with the weights is not installed")
@pytest.mark.parametrize("side", [64, 128])
def test_the_features_are_the_originals(side: int) -> None:
    model = build_model(Recipe(backbone=LITE0, preprocessing="resize", height=side, width=side, channels=3), 2)
    file = packaged()
    assert file is not None
    take_pretrained(model, LITE0, file)
    features = keras.Model(model.input, model.get_layer(FEATURES).output)
    found, expected = np.asarray(features(pictures(side))), np.load(EXPECTED)[f"side_{side}"]
    assert expected.std() > 0.3
    np.testing.assert_allclose(found, expected, atol=1e-4)


def as_torch(model: keras.Model) -> dict[str, NDArray[np.float32]]:
    """A network's weights under torch's names, each with its axes in torch's order."""
    kinds = ("weight", "bias", "running_mean", "running_var")
    weights, made = iter(model.get_weights()), dict[str, NDArray[np.float32]]()

    def take(convolution: str, normalization: str, axes: tuple[int, ...] = (3, 2, 0, 1)) -> None:
        made[f"{convolution}.weight"] = next(weights).transpose(axes)
        made.update({f"{normalization}.{kind}": next(weights) for kind in kinds})

    take("_conv_stem", "_bn0")
    for block in range(16):
        if block:
            take(f"_blocks.{block}._expand_conv", f"_blocks.{block}._bn0")
        take(f"_blocks.{block}._depthwise_conv", f"_blocks.{block}._bn1", (2, 3, 0, 1))
        take(f"_blocks.{block}._project_conv", f"_blocks.{block}._bn2")
    take("_conv_head", "_bn1")
    assert next(weights, None) is None
    return made


def test_weights_go_where_they_belong(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model, other = lite0(32, 32), lite0(64, 48)
    tensors = as_torch(model)
    write_tensors(tmp_path / "some.pth", {**tensors, "_fc.bias": np.zeros(1000, np.float32)})
    take_weights(other, tmp_path / "some.pth")
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """One for all weights that are refused, which each leave it as it was."""
    return build_model(Recipe(backbone=LITE0, preprocessing="resize", height=32, width=32, channels=3), 2)


@pytest.mark.parametrize("wrong", ["lacks one", "shape", "no number"])
def test_weights_of_another_network_are_refused(tmp_path: Path, model: keras.Model, wrong: str) -> None:
    tensors = as_torch(model.get_layer("backbone"))
    name = "_blocks.3._project_conv.weight"
    if wrong == "lacks one":
        del tensors[name]
    elif wrong == "shape":
        tensors[name] = tensors[name][:-1]
    else:
        tensors[name] = np.full_like(tensors[name], np.nan)
    write_tensors(tmp_path / "other.pth", tensors)
    before = model.get_weights()
    with pytest.raises(TrainingError, match=r"other\.pth has no weights for efficientnet-lite0"):
        take_pretrained(model, LITE0, tmp_path / "other.pth")
    assert all((mine == now).all() for mine, now in zip(before, model.get_weights(), strict=True))


def test_what_a_prediction_costs_is_known_before_it_is_trained() -> None:
    recipe = Recipe(backbone=LITE0, preprocessing="resize", height=224, width=224, channels=3)
    assert 380e6 < multiply_adds(build_model(recipe, 2)) < 390e6  # the paper's figure is 407, with all else
