"""Fitting: the network, the recipe and the prepared images in; weights and the history of every epoch out."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.config import Recipe
from trainer.model import at_once, build_model
from trainer.prepare import Classes, Images, Prepared
from trainer.progress import Progress, Report
from trainer.replay import Replay

EPOCHS_FROM_SCRATCH, EPOCHS_QUICK, EPOCHS_FROM_CURRENT = 45, 20, 3
WARM_UP = 0.15  # of all steps: the learning rate climbs, then falls along a cosine to FINAL of its peak
FINAL = 0.01
PEAK_FROM_CURRENT = 0.25  # of the learning rate, when going on from weights that are good already
STEPS_TOLD = 20  # steps between two looks at how it goes
LEAST_STEPS = 10  # of an epoch: of fewer images a step takes fewer, and they come more than once an epoch
LEAST_BATCH = 8  # images a step: batch norm knows too little of fewer
FEW, MORE = 2000, 1.5  # of fewer digits than so many each is changed so much more: decision 68 has what was measured
CHANGES = ("rotation", "shift", "scale", "shear", "elastic")


Rows = NDArray[np.int64]  # row numbers of the prepared images
Logits = NDArray[np.float32]  # (N, classes)


@dataclass(frozen=True)
class Trained:
    """A trained network and how it got there."""

    model: keras.Model
    history: list[dict[str, float]]  # an entry an epoch: loss, accuracy, validation_loss, validation_accuracy
    epochs: int
    batch_size: int
    images: int  # different images trained on
    went_on: bool = False  # from the weights it was given
    backbone: dict[str, Any] | None = None  # where its weights are from, and what was chosen by what


def train(recipe: Recipe, prepared: Prepared, start: Path | None, report: Report) -> Trained:
    """Train on the fit part and the uploads; `start` is a weights file to go on from.

    The weights that come out are the moving average at the last step: no epoch is picked. On one machine they are the
    same, bit by bit, whenever the recipe with its seed, the images and the start are.
    """
    seed(recipe)
    model = build_model(recipe, len(prepared.labels))
    went_on = start is not None and take_weights(model, start, report)
    epochs = recipe.epochs or default_epochs(recipe, went_on)
    peak = recipe.learning_rate * (PEAK_FROM_CURRENT if went_on else 1.0)
    return replace(fitted(model, recipe, prepared, epochs, peak, report), went_on=went_on)


def seed(recipe: Recipe) -> None:
    """Make all that follows depend on the recipe's seed alone."""
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()


def fitted(model: keras.Model, recipe: Recipe, prepared: Prepared, epochs: int, peak: float, report: Report) -> Trained:
    """Fit a network for so many epochs, in each of which every image comes once, or oftener if they are few."""
    replay = Replay(prepared, recipe.uploads_share, recipe.seed)
    recipe = changing(recipe, len(prepared.rows["fit"]) + len(prepared.rows["uploads"]))
    batch_size = batch_size_for(recipe, len(replay))
    times = math.ceil(LEAST_STEPS * batch_size / len(replay))
    steps = times * len(replay) // batch_size
    fit = Fit(model, OneCycle(peak, steps * epochs), recipe.average)
    source = iter(batches(replace(recipe, batch_size=batch_size), prepared, replay, times))
    validation = prepared.part("validation")
    progress = Progress(report, epochs, steps)
    for epoch in range(1, epochs + 1):
        for step in range(1, steps + 1):
            fit.step(*next(source))
            if step % STEPS_TOLD == 0:
                progress.step(epoch, step, fit.figures())
        progress.epoch(epoch, fit.figures(), *_loss_and_accuracy(fit.averaged(), *validation))
        fit.forget_figures()
    return Trained(fit.averaged(), progress.history, epochs, batch_size, replay.images(epochs * times))


def batch_size_for(recipe: Recipe, images: int) -> int:
    """The recipe's, or of fewer images the largest power of two that gives an epoch its steps."""
    most = max(LEAST_BATCH, images // LEAST_STEPS)
    return min(recipe.batch_size, 1 << most.bit_length() - 1)


def changing(recipe: Recipe, images: int) -> Recipe:
    """The recipe with the changes of images that so many ask for: of few digits their hands are too few."""
    if recipe.preprocessing != "digit" or images >= FEW:
        return recipe
    wider: dict[str, Any] = {name: MORE * getattr(recipe, name) for name in CHANGES}
    return replace(recipe, **wider)


def default_epochs(recipe: Recipe, went_on: bool) -> int:
    """Passes over the images where the recipe names none."""
    if went_on:
        return EPOCHS_FROM_CURRENT
    return EPOCHS_QUICK if recipe.quick else EPOCHS_FROM_SCRATCH


def take_weights(model: keras.Model, start: Path, report: Report) -> bool:
    """Go on from a weights file; False if it is another network's, which a change of build_model makes of old files."""
    try:
        model.load_weights(start)
    except ValueError as error:
        note = "starting from scratch: the current weights are another network's"
        report("training", f"{note}: {error}", note=note)
        return False
    return True


class Fit:
    """A network being fitted: the training step, and the moving average of everything it learns."""

    def __init__(self, model: keras.Model, schedule: "OneCycle", average: float) -> None:
        self._model = model
        self._averaged = keras.models.clone_model(model)
        self._averaged.set_weights(model.get_weights())
        self._average = average
        self._optimizer = keras.optimizers.Adam(schedule, beta_2=0.99)
        self._optimizer.build(model.trainable_variables)
        self._loss = keras.metrics.Mean()
        self._accuracy = keras.metrics.SparseCategoricalAccuracy()

    # One call a step: a loop over the steps inside the function took 44 ms a step where single calls took 26.
    @tf.function
    def step(self, images: tf.Tensor, classes: tf.Tensor) -> None:
        """One step of Adam on a batch, and the average moved after it."""
        with tf.GradientTape() as tape:
            logits = self._model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
        variables = self._model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        self._loss.update_state(loss)
        self._accuracy.update_state(classes, logits)
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


def _loss_and_accuracy(model: keras.Model, images: Images, classes: Classes) -> tuple[float, float]:
    logits = logits_of(model, images)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
    return float(loss), float((logits.argmax(axis=1) == classes).mean())


def batches(recipe: Recipe, prepared: Prepared, replay: Replay, times: int = 1) -> tf.data.Dataset:
    """Endless batches of (augmented uint8 images, classes), gathered from the array file when needed.

    An epoch takes so many of the replay's. All that is random follows from the recipe's seed and a batch's number.
    """
    shape = prepared.images.shape[1:]

    def gather(numbers: Rows) -> tuple[Any, Any]:
        numbers = np.sort(numbers)
        return prepared.images[numbers], prepared.classes[numbers]

    def read(batch: tf.Tensor, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, classes = tf.numpy_function(gather, [numbers], (tf.uint8, tf.int32), stateful=False)
        images = tf.ensure_shape(images, (recipe.batch_size, *shape))
        return augment(images, recipe, tf.stack([recipe.seed, batch])), tf.ensure_shape(classes, (recipe.batch_size,))

    def rows_of(epoch: int) -> Rows:
        return np.concatenate([replay.epoch(times * int(epoch) + time) for time in range(times)])

    def of_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        rows = tf.numpy_function(rows_of, [epoch], tf.int64)
        rows = tf.ensure_shape(rows, (times * len(replay),))
        return tf.data.Dataset.from_tensor_slices(rows).batch(recipe.batch_size, drop_remainder=True)

    numbered = tf.data.Dataset.counter().flat_map(of_epoch).enumerate()
    return numbered.map(read, tf.data.AUTOTUNE).prefetch(4)


def logits_of(model: keras.Model, images: Images) -> Logits:
    """The network's logits, float32 (N, classes), for any number of images."""
    return np.asarray(model.predict(images, batch_size=at_once(model), verbose=0), np.float32)


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
