"""What a trained network must still learn about itself: how sure it may be, and what is foreign to it.

The temperature divides the logits, so that an answer given with 90 % is right nine times in ten (Guo et al. 2017,
https://arxiv.org/abs/1706.04599); it is fitted on the validation part. The score is the share, 0 to 1, of an image's
last features that lies along the main directions of the training images' features: what is like them lies along them,
whatever it is taken for. docs/decisions/0005-calibration-and-score.md has what else was tried.
"""

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from trainer.evaluate import negative_log_likelihood, softmax
from trainer.model import FEATURES, MAIN_DIRECTIONS
from trainer.prepare import Classes, Images, Prepared

TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(5), 321))
SAMPLE = 10_000  # fit images at most whose features give the main directions
UNLIKE_QUANTILE = 0.01  # of the validation images, which have a score below the threshold

Features = NDArray[np.float32]  # (N, features)
Logits = NDArray[np.float32]  # (N, classes)


@dataclass(frozen=True)
class Calibration:
    """What is folded into the exported graph besides the network's weights."""

    temperature: float
    directions: NDArray[np.float32]  # (features, directions), orthonormal columns
    score_threshold: float  # an image with a lower score does not look like the training images

    def answers(self, features: Features, logits: Logits) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities (N, classes) and scores (N,)."""
        return softmax(logits / np.float32(self.temperature)), scores(features, self.directions)


def calibrate(model: keras.Model, prepared: Prepared) -> Calibration:
    """Temperature and threshold from the validation part, main directions from what was trained on."""
    fit = prepared.rows["fit"]
    sample = np.concatenate([fit[:: -(-len(fit) // SAMPLE)], prepared.rows["uploads"][:SAMPLE]])
    directions = main_directions(outputs_of(model, prepared.images[np.sort(sample)])[0])
    images, classes = prepared.part("validation")
    features, logits = outputs_of(model, images)
    threshold = float(np.quantile(scores(features, directions), UNLIKE_QUANTILE))
    return Calibration(fitted_temperature(logits, classes), directions, threshold)


def fitted_temperature(logits: Logits, classes: Classes) -> float:
    """The temperature with the least log loss."""
    losses = [negative_log_likelihood(softmax(logits / temperature), classes) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def main_directions(features: Features) -> NDArray[np.float32]:
    """The directions in which the features are longest, at most a third of their number: (features, directions)."""
    exact = features.astype(np.float64)
    _, vectors = np.linalg.eigh(exact.T @ exact)  # ascending
    return np.asarray(vectors[:, -max(1, min(MAIN_DIRECTIONS, features.shape[1] // 3)) :], np.float32)


def scores(features: Features, directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share of each image's squared features along the directions; 0 where all features are 0."""
    along = np.square(features @ directions).sum(axis=1)
    return np.asarray(along / np.maximum(np.square(features).sum(axis=1), 1e-9), np.float32)


def outputs_of(model: keras.Model, images: Images) -> tuple[Features, Logits]:
    """The network's last features and its logits for any number of images."""
    both = keras.Model(model.input, [model.get_layer(FEATURES).output, model.output])
    features, logits = both.predict(images, batch_size=512, verbose=0)
    return np.asarray(features, np.float32), np.asarray(logits, np.float32)
