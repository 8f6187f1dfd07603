"""Fitting: the network, the recipe and the prepared images in; weights and the history of every epoch out."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.config import Recipe
from trainer.epoch import Epoch, batches
from trainer.hands import FOREIGN
from trainer.model import build_model
from trainer.prepare import Classes, Images, Prepared
from trainer.progress import Progress, Report

EPOCHS_FROM_SCRATCH, EPOCHS_QUICK, EPOCHS_FROM_CURRENT = 45, 20, 3
WARM_UP = 0.15  # of all steps: the learning rate climbs, then falls along a cosine to FINAL of its peak
FINAL = 0.01
PEAK_FROM_CURRENT = 0.25  # of the learning rate, when going on from weights that are good already
STEPS_TOLD = 20  # steps between two looks at how it goes
HEARD = 0.8  # weight of a teacher's answers beside the labels

Logits = NDArray[np.float32]  # (N, classes)


@dataclass(frozen=True)
class Trained:
    """A trained network and how it got there."""

    model: keras.Model
    history: list[dict[str, float]]  # an entry an epoch: loss, accuracy, validation_loss, validation_accuracy
    epochs: int
    batch_size: int
    images: int  # different images trained on
    went_on: bool  # from the weights it was given


def train(
    recipe: Recipe, prepared: Prepared, start: Path | None, report: Report, teacher: Path | None = None
) -> Trained:
    """Train on the fit part, the uploads and what is drawn.

    `start` is a weights file to go on from, `teacher` one whose answers on the fit part are learned beside the labels.

    The weights that come out are the moving average at the last step: no epoch is picked. On one machine they are the
    same, bit by bit, whenever the recipe with its seed, the images and the start are.
    """
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    model = build_model(recipe, len(prepared.labels))
    if start is not None and not _take_weights(model, start, report):
        start = None
    epochs = recipe.epochs or _default_epochs(recipe, start)
    read = Epoch.of(recipe, prepared)
    steps = len(read.rows) // read.batch_size
    peak = recipe.learning_rate * (1.0 if start is None else PEAK_FROM_CURRENT)
    fit = Fit(model, OneCycle(peak, steps * epochs), recipe.average, _teacher(recipe, prepared, teacher))
    source = iter(batches(recipe, read))
    validation = prepared.part("validation")
    progress = Progress(report, epochs, steps)
    for epoch in range(1, epochs + 1):
        for step in range(1, steps + 1):
            fit.step(*next(source))
            if step % STEPS_TOLD == 0:
                progress.step(epoch, step, fit.figures())
        progress.epoch(epoch, fit.figures(), *_loss_and_accuracy(fit.averaged(), *validation))
        fit.forget_figures()
    return Trained(
        fit.averaged(), progress.history, epochs, read.batch_size, read.stored_images(), went_on=start is not None
    )


def _default_epochs(recipe: Recipe, start: Path | None) -> int:
    if start is not None:
        return EPOCHS_FROM_CURRENT
    return EPOCHS_QUICK if recipe.quick else EPOCHS_FROM_SCRATCH


def _take_weights(model: keras.Model, start: Path, report: Report) -> bool:
    """Go on from a weights file; False if it is another network's, which a change of build_model makes of old files."""
    try:
        model.load_weights(start)
    except ValueError as error:
        note = "starting from scratch: the current weights are another network's"
        report("training", f"{note}: {error}", note=note)
        return False
    return True


def _teacher(recipe: Recipe, prepared: Prepared, weights: Path | None) -> keras.Model | None:
    if weights is None:
        return None
    teacher = build_model(recipe, len(prepared.labels))
    teacher.load_weights(weights)
    return teacher


class Fit:
    """A network being fitted: the training step, and the moving average of everything it learns."""

    def __init__(
        self, model: keras.Model, schedule: "OneCycle", average: float, teacher: keras.Model | None = None
    ) -> None:
        self._model = model
        self._teacher = teacher
        self._averaged = keras.models.clone_model(model)
        self._averaged.set_weights(model.get_weights())
        self._average = average
        self._optimizer = keras.optimizers.Adam(schedule, beta_2=0.99)
        self._optimizer.build(model.trainable_variables)
        self._loss = keras.metrics.Mean()
        self._accuracy = keras.metrics.SparseCategoricalAccuracy()

    # One call a step: a loop over the steps inside the function took 44 ms a step where single calls took 26.
    @tf.function
    def step(self, images: tf.Tensor, classes: tf.Tensor, base: tf.Tensor) -> None:
        """One step of Adam on a batch, and the average moved after it; `base` tells the images of the fit part."""
        heard = tf.nn.softmax(self._teacher(images, training=False)) if self._teacher is not None else None
        with tf.GradientTape() as tape:
            logits = self._model(images, training=True)
            targets = targets_of(classes, logits.shape[1], base, heard)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        variables = self._model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        self._loss.update_state(loss)
        self._accuracy.update_state(tf.maximum(classes, 0), logits, classes != FOREIGN)
        # At first the average follows closely, so that it does not remember the random start.
        taken = tf.cast(self._optimizer.iterations, tf.float32)
        kept = tf.minimum(self._average, (1 + taken) / (10 + taken))
        for averaged, weight in zip(self._averaged.weights, self._model.weights, strict=True):
            averaged.assign(kept * averaged + (1 - kept) * weight)

    def averaged(self) -> keras.Model:
        """The network with the averaged weights; it goes on changing while the fit runs."""
        return self._averaged

    def figures(self) -> dict[str, float]:
        """Loss and accuracy on the augmented images of this epoch so far."""
        return {"loss": float(self._loss.result()), "accuracy": float(self._accuracy.result())}

    def forget_figures(self) -> None:
        self._loss.reset_state()
        self._accuracy.reset_state()


def targets_of(classes: tf.Tensor, number: int, base: tf.Tensor, heard: tf.Tensor | None) -> tf.Tensor:
    """What each image's probabilities are to be, float32 (N, number).

    Its class; of the fit part's images, where there is a teacher, partly what is `heard` of it (Hinton et al. 2015,
    https://arxiv.org/abs/1503.02531); of what is FOREIGN all the same (Hendrycks et al. 2019,
    https://arxiv.org/abs/1812.04606).
    """
    targets = tf.one_hot(classes, number)
    if heard is not None:
        targets = tf.where(base[:, None], (1 - HEARD) * targets + HEARD * heard, targets)
    return tf.where((classes == FOREIGN)[:, None], 1 / number, targets)


def _loss_and_accuracy(model: keras.Model, images: Images, classes: Classes) -> tuple[float, float]:
    logits = logits_of(model, images)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
    return float(loss), float((logits.argmax(axis=1) == classes).mean())


def logits_of(model: keras.Model, images: Images) -> Logits:
    """The network's logits, float32 (N, classes), for any number of images."""
    return np.asarray(model.predict(images, batch_size=512, verbose=0), np.float32)


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """One climb and one fall of the learning rate (Smith 2018, https://arxiv.org/abs/1803.09820)."""

    def __init__(self, peak: float, steps: int) -> None:
        self.peak, self.steps = peak, steps

    def __call__(self, step: Any) -> tf.Tensor:
        done = tf.cast(step, tf.float32) / self.steps
        fall = FINAL + (1 - FINAL) * 0.5 * (1 + tf.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
        return self.peak * tf.where(done < WARM_UP, done / WARM_UP, fall)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "steps": self.steps}
