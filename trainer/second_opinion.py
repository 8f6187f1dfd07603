"""A second opinion on digits: a small network that reads the classifier's last features, and knows other hands, too.

The classifier knows MNIST and what was uploaded. The second network learns from images of its training, from digits as
other hands write them and from what is no digit (hands.py), each as it is and changed as in training: which digit it
is, whether it is of the classifier's own kind, and whether the answer that both give together is right. The logits are
the classifier's where it is, else the second's. docs/decisions/0052-a-second-opinion.md has what was tried.
"""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.config import Recipe
from trainer.evaluate import Probabilities, softmax
from trainer.hands import make_hands
from trainer.prepare import Classes, Images
from trainer.score import Features, Logits, Score, Values

HIDDEN = 64
PASSES, BATCH, RATE, DECAY = 15, 512, 2e-3, 1e-4  # of Adam with decoupled decay; the rate falls along a cosine
SHARE = 50.0  # features are read as shares of their sum, times this: about 1 where there are some
LEAST_SUM = 1e-6  # what has no features has no shares
OWN = 4.75  # added to the odds' logarithm that it is of the classifier's kind: MNIST's digits keep their answers
HANDS, NO_DIGITS = 1.5, 0.8  # digits of other hands to one training image, pictures of no digit to one of these
CHUNK = 512

Weights = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Lesson:
    """Pictures to learn from. The class of what is no digit is no class."""

    images: Images
    classes: Classes
    own: Flags  # it is of the classifier's own kind


@dataclass(frozen=True)
class SecondOpinion:
    """relu(shares @ first + hidden) @ last + bias: a logit a class, then of the own kind, then of being right."""

    likeness: Score
    first: Weights  # (features, HIDDEN)
    hidden: Weights  # (HIDDEN,)
    last: Weights  # (HIDDEN, classes + 2)
    bias: Weights  # (classes + 2,)

    doubted_quantile: ClassVar[float] = 0.006  # of the validation images, which have a score below the threshold

    def answers(self, features: Features, logits: Logits) -> tuple[Probabilities, Values]:
        """Probabilities (N, classes) and scores (N,) by the classifier's features and logits."""
        shares = features / np.maximum(features.sum(axis=1, keepdims=True), np.float32(LEAST_SUM))
        told = np.maximum(shares @ self.first + self.hidden, 0) @ self.last + self.bias
        own, right = (_sigmoid(told[:, each]) for each in (-2, -1))
        second = told[:, :-2]
        both = second + own[:, None] * (logits - logits.mean(axis=1, keepdims=True) - second)
        return softmax(both), self.likeness.of(features, both) * right

    def layers(
        self, features: keras.KerasTensor, logits: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """The same in a network that is to be exported; the logits are less their mean over the classes already."""
        classes = logits.shape[1]
        inner = keras.layers.Dense(HIDDEN, use_bias=False, name="of_features")
        shares = inner(features) / keras.ops.maximum(keras.ops.sum(features, axis=1, keepdims=True), LEAST_SUM)
        read = keras.ops.relu(shares + self.hidden)
        inner.set_weights([self.first])
        # A layer each: Split is no operator that a server takes (server/models/graph.py).
        parts = {"second": slice(0, classes), "own": slice(classes, classes + 1), "right": slice(classes + 1, None)}
        outer = {name: keras.layers.Dense(len(self.bias[part]), name=name) for name, part in parts.items()}
        second, own, right = (layer(read) for layer in outer.values())
        for name, part in parts.items():
            outer[name].set_weights([self.last[:, part], self.bias[part]])
        both = second + keras.ops.sigmoid(own) * (logits - second)
        probabilities = keras.ops.softmax(both)
        score = self.likeness.score_layers(features, both, probabilities)
        return probabilities, score * keras.ops.sum(keras.ops.sigmoid(right), axis=1)


def second_opinion(likeness: Score, features: Features, logits: Logits, lesson: Lesson, seed: int) -> SecondOpinion:
    """The second opinion by a lesson and what the classifier makes of its images."""
    shares = SHARE * features / np.maximum(features.sum(axis=1, keepdims=True), LEAST_SUM)
    classes = logits.shape[1]
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [keras.Input((features.shape[1],)), keras.layers.Dense(HIDDEN, "relu"), keras.layers.Dense(classes + 2)]
    )
    batch = min(BATCH, len(shares))
    rate = keras.optimizers.schedules.CosineDecay(RATE, PASSES * -(-len(shares) // batch))
    network.compile(keras.optimizers.AdamW(rate, weight_decay=DECAY), _loss)
    told = [logits, lesson.classes[:, None], lesson.own[:, None]]
    wanted = np.concatenate(told, axis=1).astype(np.float32)
    network.fit(shares, wanted, batch, PASSES, verbose=0)
    first, hidden, last, bias = (np.asarray(each, np.float32) for each in network.get_weights())
    # Less their mean over the classes, the logits have the same softmax, and are what the score asks for.
    last[:, :-2] -= last[:, :-2].mean(axis=1, keepdims=True)
    bias[:-2] -= bias[:-2].mean()
    bias[-2] += np.float32(OWN)
    return SecondOpinion(likeness, np.float32(SHARE) * first, hidden, last, bias)


def _loss(wanted: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
    """Of each image; `wanted` is the classifier's logits, the class and whether the image is of its own kind."""
    logits, classes, own = wanted[:, :-2], tf.cast(wanted[:, -2], tf.int32), wanted[:, -1]
    second, of_own, of_right = told[:, :-2], told[:, -2], told[:, -1]
    digit = tf.cast(classes >= 0, tf.float32)
    both = second + tf.sigmoid(of_own + OWN)[:, None] * (logits - second)
    right = tf.cast(tf.argmax(both, 1, tf.int32) == classes, tf.float32)  # has no gradient
    return (
        digit * tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(classes, 0), second)
        + digit * tf.nn.sigmoid_cross_entropy_with_logits(own, of_own)
        + tf.nn.sigmoid_cross_entropy_with_logits(right, of_right)
    )


def make_lesson(images: Images, classes: Classes, recipe: Recipe) -> Lesson:
    """What there is to learn from: training images, and drawn ones, plain and changed."""
    hands = round(HANDS * len(images))
    drawn, drawn_classes = make_hands(images, classes, hands, round(NO_DIGITS * hands), recipe.seed)
    plain = np.concatenate([images, drawn])
    starts = range(0, len(plain), CHUNK)
    seeds = (tf.constant([recipe.seed, start]) for start in starts)
    changed = [
        np.asarray(augment(tf.constant(plain[start : start + CHUNK]), recipe, seed))
        for start, seed in zip(starts, seeds, strict=True)
    ]
    own = np.arange(len(plain)) < len(images)
    return Lesson(
        np.concatenate([plain, *changed]), np.tile(np.concatenate([classes, drawn_classes]), 2), np.tile(own, 2)
    )


def _sigmoid(logits: Values) -> Values:
    odds = np.exp(np.clip(logits, np.float32(-80), np.float32(80)))
    found: Values = odds / (1 + odds)
    return found
