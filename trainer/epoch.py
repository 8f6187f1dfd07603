"""What one epoch reads: the fit part, the uploads' share, and what is drawn beside them (hands.py)."""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.config import Recipe
from trainer.hands import make_hands, suits
from trainer.prepare import Classes, Images, Prepared

LEAST_STEPS = 10  # of an epoch: of fewer images a step takes fewer, and they come more than once an epoch
LEAST_BATCH = 8  # images a step: batch norm knows too little of fewer
UPLOADS_REPEAT = 10  # times an epoch, at most: few uploads are repeated up to their share, to be heard at all

Rows = NDArray[np.int64]  # row numbers of the prepared images; from their number on, of what is drawn


@dataclass(frozen=True)
class Epoch:
    """Where its images are, and which of them it reads."""

    rows: Rows
    stored: Images  # a memory map
    drawn: Images
    classes: Classes  # of the stored, then of the drawn
    base: NDArray[np.bool_]  # which of them are of the fit part
    batch_size: int

    @classmethod
    def of(cls, recipe: Recipe, prepared: Prepared) -> "Epoch":
        """Drawn are the recipe's shares of the fit part, the same pictures in every epoch."""
        rows, fit = epoch_rows(recipe, prepared), prepared.rows["fit"]
        drawn, classes = np.zeros((0, *prepared.images.shape[1:]), np.uint8), np.zeros(0, np.int32)
        if suits(recipe, prepared.labels):
            numbers = round(recipe.hands * len(fit)), round(recipe.foreign * len(fit))
            drawn, classes = make_hands(*prepared.part("fit"), *numbers, recipe.seed)
        base = np.zeros(len(prepared.images) + len(drawn), bool)
        base[fit] = True
        rows = np.concatenate([rows, len(prepared.images) + np.arange(len(drawn))])
        batch_size = batch_size_for(recipe, len(rows))
        rows = np.tile(rows, math.ceil(LEAST_STEPS * batch_size / len(rows)))
        return cls(rows, prepared.images, drawn, np.concatenate([prepared.classes, classes]), base, batch_size)

    def stored_images(self) -> int:
        """How many different images of the base and the uploads there are."""
        return len(np.unique(self.rows[self.rows < len(self.stored)]))

    def read(self, rows: Rows) -> tuple[Images, Classes, NDArray[np.bool_]]:
        """Images, classes, and which of them are of the base, in an order of its own."""
        rows = np.sort(rows)
        stored, beyond = rows[rows < len(self.stored)], rows[rows >= len(self.stored)] - len(self.stored)
        return np.concatenate([self.stored[stored], self.drawn[beyond]]), self.classes[rows], self.base[rows]


def batch_size_for(recipe: Recipe, images: int) -> int:
    """The recipe's, or of fewer images the largest power of two that gives an epoch its steps."""
    most = max(LEAST_BATCH, images // LEAST_STEPS)
    return min(recipe.batch_size, 1 << most.bit_length() - 1)


def epoch_rows(recipe: Recipe, prepared: Prepared) -> Rows:
    """The rows of the fit part, and the uploads' as often as their share allows.

    Of more uploads than that, some are drawn at random for the whole run.
    """
    fit, uploads = prepared.rows["fit"], prepared.rows["uploads"]
    room = int(len(fit) * recipe.uploads_share / (1 - recipe.uploads_share))
    if not len(uploads) or not room:
        return fit
    drawn = np.random.default_rng([recipe.seed, len(uploads)]).permutation(uploads)
    repeated = np.tile(drawn, min(UPLOADS_REPEAT, math.ceil(room / len(drawn))))[:room]
    return np.concatenate([fit, repeated])


def batches(recipe: Recipe, epoch: Epoch) -> tf.data.Dataset:
    """Endless shuffled batches of (augmented uint8 images, classes, of the base), gathered when needed.

    All that is random follows from the recipe's seed and a batch's number.
    """
    size, shape = epoch.batch_size, epoch.stored.shape[1:]

    def read(batch: tf.Tensor, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        images, classes, base = tf.numpy_function(epoch.read, [numbers], (tf.uint8, tf.int32, tf.bool), stateful=False)
        images = augment(tf.ensure_shape(images, (size, *shape)), recipe, tf.stack([recipe.seed, batch]))
        return images, tf.ensure_shape(classes, (size,)), tf.ensure_shape(base, (size,))

    numbers = tf.data.Dataset.from_tensor_slices(epoch.rows)
    shuffled = numbers.shuffle(len(epoch.rows), recipe.seed, reshuffle_each_iteration=True)
    numbered = shuffled.batch(size, drop_remainder=True).repeat().enumerate()
    return numbered.map(read, tf.data.AUTOTUNE).prefetch(4)
