"""The network: a few convolutions, strided early, since multiply-adds decide what a prediction costs.

It maps uint8 images to logits. `served` is the same network as it is exported: pixels scaled by the first layer's
weights, which is one operation less for every prediction, the temperature in the last layer's, softmax and score added.
In place of the convolutions a pretrained network may stand (backbone/).
"""

import math

import keras
import numpy as np
from numpy.typing import NDArray

from trainer.backbone import network
from trainer.backbone.known import NONE
from trainer.config import Recipe
from trainer.learned_score import LearnedScore
from trainer.score import Score

SCALE = 1 / 255
KERNEL, CHANNELS = (5, 3, 3, 3), (16, 32, 48, 96)  # see docs/decisions/0003-network-and-recipe.md
BLOCK = 16  # channels that onnxruntime computes at once: a number of channels between two multiples costs the higher
NEAR_SIDE = 40  # pixels: pictures are halved until one of their sides is at most this
FLAT_SIDE = 4  # of the last grid: beyond it the places are averaged, or the dense layer would outgrow all the others
FEATURES = "features"  # the layer before the logits
LEAST_AT_ONCE, MOST_AT_ONCE = 32, 512  # images


def build_model(recipe: Recipe, classes: int, scaled: bool = True) -> keras.Model:
    """Images uint8 (N, height, width, channels) -> logits float32 (N, classes)."""
    inputs = keras.Input((recipe.height, recipe.width, recipe.channels), dtype="uint8", name="image")
    pixels = keras.ops.cast(inputs, "float32")
    if recipe.backbone != NONE:
        x = network.features(pixels, recipe.backbone)
    else:
        x = _convolutions(pixels * SCALE if scaled else pixels, recipe)
    x = keras.layers.Identity(name=FEATURES)(x)
    logits = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, logits)


def _convolutions(x: keras.KerasTensor, recipe: Recipe) -> keras.KerasTensor:
    """Scaled pixels float32 (N, height, width, channels) -> features (N, features)."""
    while min(x.shape[1:3]) > NEAR_SIDE:  # larger pictures are brought near to the size that the network was made for
        x = keras.layers.AveragePooling2D(2)(x)
    for number, (kernel, channels) in enumerate(zip(KERNEL, CHANNELS, strict=True)):
        x = keras.layers.Conv2D(
            max(BLOCK, round(channels * recipe.channels_factor / BLOCK) * BLOCK),
            kernel,
            strides=2 if number < 2 else 1,
            padding="same" if number == 1 or min(x.shape[1:3]) < 4 else "valid",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"convolution_{number}",
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.95, name=f"normalization_{number}")(x)
        x = keras.layers.ReLU(name=f"activation_{number}")(x)
    if max(x.shape[1:3]) > FLAT_SIDE:
        return keras.layers.GlobalAveragePooling2D()(x)
    # Keras' Flatten asks for the batch's size, which would be exported as seven operations.
    return keras.ops.reshape(x, (-1, math.prod(x.shape[1:])))


def at_once(model: keras.Model) -> int:
    """How many images a prediction takes at once: as many as fit well in memory, of large ones fewer."""
    height, width = (int(side) for side in model.input.shape[1:3])
    return max(LEAST_AT_ONCE, min(MOST_AT_ONCE, MOST_AT_ONCE * NEAR_SIDE**2 // (height * width)))


def served(
    model: keras.Model, recipe: Recipe, classes: int, temperature: float, score: Score | LearnedScore
) -> keras.Model:
    """Images -> {"probabilities": (N, classes), "score": (N,)}; see calibrate.py for temperature and score."""
    made = build_model(recipe, classes, scaled=False)
    made.set_weights(model.get_weights())
    last = made.get_layer("logits")
    if recipe.backbone == NONE:
        first = made.get_layer("convolution_0")
        first.set_weights([first.get_weights()[0] * SCALE])
    # Less their mean over the classes, the logits have the same softmax, and are what the score asks for.
    last.set_weights([_less_mean(weights / np.float32(temperature)) for weights in last.get_weights()])
    probabilities = keras.ops.softmax(made.output)
    found = score.layers(made.get_layer(FEATURES).output, made.output, probabilities)
    return keras.Model(made.input, {"probabilities": probabilities, "score": found})


def _less_mean(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    less: NDArray[np.float32] = weights - weights.mean(axis=-1, keepdims=True)
    return less
