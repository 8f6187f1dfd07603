"""The network that is exported gives the answers of the one that was trained, for any size of picture."""

import keras
import numpy as np
import pytest

from export.convert import OPSET, to_onnx
from export.publish import Candidate
from export.verify import verify
from server.models.model import Images, Model
from server.store.errors import BrokenArtifact
from trainer.calibrate import Calibration, outputs_of
from trainer.config import Recipe
from trainer.learned_score import learned_score
from trainer.model import build_model, served
from trainer.score import fitted_score

LABELS = ("cat", "dog", "emu")


def trained_somewhat(recipe: Recipe) -> keras.Model:
    """A network whose weights and normalisations are all away from where they start, with logits of about 1."""
    keras.utils.set_random_seed(3)
    network = build_model(recipe, len(LABELS))
    random = np.random.default_rng(3)
    network.set_weights([weights + random.uniform(0.0, 0.05, weights.shape) for weights in network.get_weights()])
    last = network.get_layer("logits")
    kernel, bias = last.get_weights()
    spread = outputs_of(network, images_for(recipe))[1].std()
    last.set_weights([kernel / spread, bias / spread])
    return network


def images_for(recipe: Recipe) -> Images:
    shape = (60, recipe.height, recipe.width, recipe.channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(preprocessing="resize", height=32, width=32, channels=3),
        Recipe(preprocessing="resize", height=96, width=64, channels=3, channels_factor=0.5),
        Recipe(preprocessing="resize", height=8, width=40),
    ],
    ids=["digits", "small colour", "large", "flat"],
)
def test_the_exported_model_is_the_trained_network(recipe: Recipe) -> None:
    network = trained_somewhat(recipe)
    images = images_for(recipe)
    features, logits = outputs_of(network, images)
    score = fitted_score(features, logits / np.float32(1.7))
    calibration = Calibration(1.7, score, 0.5)
    exported = to_onnx(served(network, recipe, 3, 1.7, score), recipe.height, recipe.width, recipe.channels)
    candidate = Candidate(LABELS, recipe.input, ("probabilities", "score"), OPSET, {"model.onnx": exported})
    model = Model(candidate.manifest("m", "1"), exported)
    probabilities, scores = calibration.answers(features, logits)
    assert scores.max() == pytest.approx(1, abs=1e-5)
    assert verify(model, images, probabilities, scores).top1_agreement == 1
    with pytest.raises(BrokenArtifact, match="not the network"):
        verify(model, images, probabilities, scores + np.float32(0.001))
    wrong_temperature = Calibration(1.0, score, 0.5).answers(features, logits)[0]
    with pytest.raises(BrokenArtifact, match="not the network"):
        verify(model, images, wrong_temperature, scores)


def test_a_learned_score_is_exported_as_it_was_learned() -> None:
    recipe = Recipe()
    network = trained_somewhat(recipe)
    images = images_for(recipe)
    features, logits = outputs_of(network, images)
    right = np.arange(len(images)) % 3 > 0
    score = learned_score(fitted_score(features, logits / np.float32(1.7)), features, logits, right, 0)
    exported = to_onnx(served(network, recipe, 3, 1.7, score), recipe.height, recipe.width, recipe.channels)
    candidate = Candidate(LABELS, recipe.input, ("probabilities", "score"), OPSET, {"model.onnx": exported})
    model = Model(candidate.manifest("m", "1"), exported)
    assert verify(model, images, *Calibration(1.7, score, 0.5).answers(features, logits)).top1_agreement == 1


def test_channels_fill_the_blocks_that_onnxruntime_computes() -> None:
    for factor in (0.1, 0.5, 1.3, 2.0):
        network = build_model(Recipe(channels_factor=factor), 10)
        convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
        assert all(layer.filters % 16 == 0 for layer in convolutions)
