"""The score of digits: that of score.py times the chance that the answer is right, which a small network learns.

It reads the classifier's last features and its probabilities, and learns from training images, from digits as other
hands write them and from what is no digit (hands.py), each as it is and changed as in training: whether the answer is
the class. The classifier itself learns nothing of these. docs/decisions/0035-a-learned-score.md has what was tried.
"""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from trainer.augment import augment
from trainer.config import Recipe
from trainer.evaluate import softmax
from trainer.hands import make_hands
from trainer.prepare import Classes, Images
from trainer.score import Score

HIDDEN = 32
PASSES, BATCH, RATE, DECAY = 25, 512, 2e-3, 1e-4  # of Adam; the decay is scikit-learn's alpha
SHARE = 50.0  # features are read as shares of their sum, times this: about 1 where there are some
LEAST_SUM = 1e-6  # what has no features has no shares
NO_DIGITS = 0.6  # pictures of no digit to one of the digits as other hands write them
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

    doubted_quantile: ClassVar[float] = 0.012  # of the validation images, which have a score below the threshold

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
    shares = SHARE * features / np.maximum(features.sum(axis=1, keepdims=True), LEAST_SUM)
    network = MLPClassifier(
        (HIDDEN,), alpha=DECAY, batch_size=min(BATCH, len(right)), learning_rate_init=RATE, max_iter=PASSES,
        n_iter_no_change=PASSES, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings(category=ConvergenceWarning, action="ignore"):  # PASSES are what there are to be
        network.fit(np.concatenate([shares, softmax(logits)], axis=1), right)
    first, last = (each.astype(np.float32) for each in network.coefs_)
    hidden, bias = (each.astype(np.float32) for each in network.intercepts_)
    number = features.shape[1]
    return LearnedScore(likeness, np.float32(SHARE) * first[:number], first[number:], hidden, last, bias)


def lesson(images: Images, classes: Classes, recipe: Recipe, digits: int) -> tuple[Images, Classes]:
    """What the score learns from: training images, and drawn ones as many or fewer, plain and changed.

    `digits`: how many of other hands. The class of what is no digit is no class.
    """
    drawn, drawn_classes = make_hands(images, classes, digits, round(NO_DIGITS * digits), recipe.seed)
    plain = np.concatenate([images, drawn])
    starts = range(0, len(plain), CHUNK)
    seeds = (tf.constant([recipe.seed, start]) for start in starts)
    changed = [
        np.asarray(augment(tf.constant(plain[start : start + CHUNK]), recipe, seed))
        for start, seed in zip(starts, seeds, strict=True)
    ]
    both = np.concatenate([classes, drawn_classes])
    return np.concatenate([plain, *changed]), np.concatenate([both, both])
