"""The score, 0 to 1: how far an answer may be believed, compared with the best of the training images.

It is a product. The share of an image's last features that lies along the main directions of the training images'
features says that it looks like them, whatever it is taken for; how far the features point to one class alone says that
it is clear which. docs/decisions/0022-the-score-doubts-what-is-unclear.md has what else was tried.
"""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
from numpy.typing import NDArray

from trainer.evaluate import softmax

LEAST_DIRECTIONS = 8

Features = NDArray[np.float32]  # (N, features), none below 0
Logits = NDArray[np.float32]  # (N, classes), divided by the temperature
Values = NDArray[np.float32]  # (N,)


@dataclass(frozen=True)
class Score:
    """What the training images have to do with it."""

    directions: NDArray[np.float32]  # (features, directions), orthogonal columns, so long that the best image has 1
    least_extent: float  # of any of the images: one with less gains nothing by it

    doubted_quantile: ClassVar[float] = 0.0075  # of the validation images, which have a score below the threshold

    def of(self, features: Features, logits: Logits) -> Values:
        """The scores of images by their features and logits."""
        return np.minimum(self.uncapped(features, logits), np.float32(1))

    def layers(
        self, features: keras.KerasTensor, logits: keras.KerasTensor, probabilities: keras.KerasTensor
    ) -> keras.KerasTensor:
        """The same in a network that is to be exported; the logits are less their mean over the classes already."""
        project = keras.layers.Dense(self.directions.shape[1], use_bias=False, name="directions")
        along = keras.ops.sum(keras.ops.square(project(features)), axis=1)
        pointing = keras.ops.sum(keras.ops.square(probabilities) * logits, axis=1)
        extent = keras.ops.sum(keras.ops.square(features), axis=1) * keras.ops.sum(features, axis=1)
        project.set_weights([self.directions])
        return keras.ops.minimum(along * pointing / keras.ops.maximum(extent, self.least_extent), 1.0)

    def uncapped(self, features: Features, logits: Logits) -> Values:
        along = np.square(features @ self.directions).sum(axis=1)
        found: Values = along * _pointing(logits) / np.maximum(_extent(features), np.float32(self.least_extent))
        return found


def fitted_score(features: Features, logits: Logits) -> Score:
    """The score by the features and logits of images that were trained on."""
    unscaled = Score(main_directions(features, logits.shape[1]), float(max(_extent(features).min(), 1e-6)))
    best = max(float(unscaled.uncapped(features, logits).max()), 1e-12)
    return Score(unscaled.directions / np.float32(np.sqrt(best)), unscaled.least_extent)


def main_directions(features: Features, classes: int) -> NDArray[np.float32]:
    """The directions in which the features are longest: (features, directions), orthonormal.

    One less than there are classes, as many as their means span; at most a third of the number of features.
    """
    exact = features.astype(np.float64)
    _, vectors = np.linalg.eigh(exact.T @ exact)  # ascending
    number = max(1, min(max(LEAST_DIRECTIONS, classes - 1), features.shape[1] // 3))
    return np.asarray(vectors[:, -number:], np.float32)


def _extent(features: Features) -> Values:
    """The features' squared length times their sum."""
    extent: Values = np.square(features).sum(axis=1) * features.sum(axis=1)
    return extent


def _pointing(logits: Logits) -> Values:
    """The logits above their mean, each weighted by its class's probability squared: what is shared counts little."""
    above = logits - logits.mean(axis=1, keepdims=True)
    pointing: Values = (np.square(softmax(logits)) * above).sum(axis=1)
    return pointing
