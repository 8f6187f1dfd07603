"""The score of digits: that of score.py times the chance that the answer is right, which a small network learns.

It reads the classifier's last features and its probabilities, and learns from training images, from digits as other
hands write them and from what is no digit (hands.py), each as it is and changed as in training: whether the answer is
the class. The classifier itself learns nothing of these. docs/decisions/0035-a-learned-score.md and
0063-a-score-that-knows-more.md have what was tried.
"""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.config import Recipe
from trainer.evaluate import softmax
from trainer.hands import make_hands
from trainer.prepare import Classes, Images
from trainer.score import Score

HIDDEN = 32
PASSES, BATCH, RATE, LAST_RATE = 8, 1024, 2e-3, 0.02  # of Adam, the rate falling along a cosine to so much of it
LEAST_STEPS, LEAST_BATCH = 100, 16  # of a pass: of fewer pictures a step takes fewer
SHARE = 50.0  # features are read as shares of their sum, times this: about 1 where there are some
LEAST_SUM = 1e-6  # what has no features has no shares
OTHER_HANDS, NO_DIGITS = 1.0, 1.2  # pictures to one training image: digits as other hands write them, and of no digit
CHUNK = 512

Weights = NDArray[np.float32]
Features = NDArray[np.float32]  # (N, features), none below 0
Logits = NDArray[np.float32]  # (N, classes), divided by the temperature


@dataclass(frozen=True)
class LearnedScore:
    """likeness * sigmoid(relu(shares @ of_features + probabilities @ of_probabilities + hidden) @ last + bias)."""

    likeness: Score
    of_features: Weights  # (features, HIDDEN)
    of_probabilities: Weights  # (classes, HIDDEN)
    hidden: Weights  # (HIDDEN,)
    last: Weights  # (HIDDEN, 1)
    bias: Weights  # (1,)

    doubted_quantile: ClassVar[float] = 0.028  # of validation images and changed copies: their scores are too low

    def of(self, features: Features, logits: Logits) -> Weights:
        """The scores of images by their features and logits, (N,)."""
        shares = features @ self.of_features / np.maximum(features.sum(axis=1, keepdims=True), np.float32(LEAST_SUM))
        inner = np.maximum(shares + softmax(logits) @ self.of_probabilities + self.hidden, 0)
        odds = np.exp(np.maximum((inner @ self.last + self.bias)[:, 0], np.float32(-80)))
        found: Weights = self.likeness.of(features, logits) * (odds / (1 + odds))
        return found

    def layers(
        self, features: keras.KerasTensor, logits: keras.KerasTensor, probabilities: keras.KerasTensor
    ) -> keras.KerasTensor:
        """The same in a network that is to be exported."""
        of_features, of_probabilities, last = (
            keras.layers.Dense(units, use_bias=biased, name=name)
            for units, biased, name in (
                (HIDDEN, False, "of_features"),
                (HIDDEN, True, "of_probabilities"),
                (1, True, "believed"),
            )
        )
        total = keras.ops.maximum(keras.ops.sum(features, axis=1, keepdims=True), LEAST_SUM)
        inner = keras.ops.relu(of_features(features) / total + of_probabilities(probabilities))
        found = keras.ops.sigmoid(keras.ops.sum(last(inner), axis=1))
        of_features.set_weights([self.of_features])
        of_probabilities.set_weights([self.of_probabilities, self.hidden])
        last.set_weights([self.last, self.bias])
        return self.likeness.layers(features, logits, probabilities) * found


def learned_score(
    likeness: Score, features: Features, logits: Logits, right: NDArray[np.bool_], seed: int
) -> LearnedScore:
    """The score by the features and logits of images, and whether the answer was right; some are, and some are not."""
    shares = np.float32(SHARE) * features / np.maximum(features.sum(axis=1, keepdims=True), np.float32(LEAST_SUM))
    inputs = np.concatenate([shares, softmax(logits)], axis=1)
    keras.utils.set_random_seed(seed)
    inner = keras.layers.Dense(HIDDEN, "relu", kernel_initializer="he_normal")
    last = keras.layers.Dense(1)
    network = keras.Sequential([keras.Input((inputs.shape[1],)), inner, last])
    batch = max(LEAST_BATCH, min(BATCH, len(inputs) // LEAST_STEPS))
    rate = keras.optimizers.schedules.CosineDecay(RATE, PASSES * -(-len(inputs) // batch), LAST_RATE)
    network.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    network.fit(inputs, right[:, None].astype(np.float32), batch_size=batch, epochs=PASSES, verbose=0)
    (first, hidden), number = inner.get_weights(), features.shape[1]
    return LearnedScore(likeness, np.float32(SHARE) * first[:number], first[number:], hidden, *last.get_weights())


def lesson(images: Images, classes: Classes, recipe: Recipe) -> tuple[Images, Classes]:
    """What the score learns from: training images, other hands' digits and what is no digit, plain and changed.

    The training images come first. The class of what is no digit is no class.
    """
    others, none = (round(share * len(images)) for share in (OTHER_HANDS, NO_DIGITS))
    drawn, drawn_classes = make_hands(images, classes, others, none, recipe.seed)
    plain, told = np.concatenate([images, drawn]), np.concatenate([classes, drawn_classes])
    return np.concatenate([plain, changed(plain, recipe, recipe.seed)]), np.concatenate([told, told])


def changed(images: Images, recipe: Recipe, seed: int) -> Images:
    """Each changed as in training."""
    starts = range(0, len(images), CHUNK)
    seeds = (tf.constant([seed, start]) for start in starts)
    return np.concatenate(
        [
            np.asarray(augment(tf.constant(images[start : start + CHUNK]), recipe, seed))
            for start, seed in zip(starts, seeds, strict=True)
        ]
    )
