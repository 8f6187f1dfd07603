"""Fitting a pretrained network: first a logistic regression on its features as they are, then all of its weights.

What few pictures can not teach they should not undo: the second is taken only where it says more of the validation
part. A version goes on from its own weights, and needs no others.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.backbone.head import fitted_head
from trainer.backbone.known import LICENCE, packaged, weights_file
from trainer.backbone.network import hold_normalization, multiply_adds, take_pretrained
from trainer.calibrate import fitted_temperature, outputs_of
from trainer.config import Recipe
from trainer.evaluate import negative_log_likelihood, softmax
from trainer.model import FEATURES, at_once, build_model
from trainer.prepare import Prepared
from trainer.progress import Report
from trainer.train import PEAK_FROM_CURRENT, Trained, fitted, seed, take_weights

VIEWS, VIEWED = 4, 2000  # each picture is also seen changed, so often at most, as long as there are fewer than so many
HEAD_MOST = 20_000  # pictures that the regression learns from
PASSES, EPOCHS = 6000, 10  # pictures that all weights learn from, each so often at most; a pass takes 50 ms of a core
TUNED_MOST = 20_000  # pictures: of more an epoch would take longer than a job may
RATE = 1 / 30  # of the recipe's learning rate, for weights that know much already

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Said:
    """What a network says of the validation part, at its best temperature."""

    log_loss: float
    accuracy: float

    def __str__(self) -> str:
        return f"log loss {self.log_loss:.4f}, accuracy {self.accuracy:.4f}"


def fit_backbone(recipe: Recipe, prepared: Prepared, start: Path | None, report: Report) -> Trained:
    """Go on from the weights of a version, or begin with pretrained ones; raises ValueError if there are none."""
    seed(recipe)
    model = build_model(recipe, len(prepared.labels))
    about: dict[str, Any] = {"name": recipe.backbone, "multiply_adds": multiply_adds(model)}
    if start is not None and take_weights(model, start, report):
        trained = _tuned(model, recipe, prepared, PEAK_FROM_CURRENT, report)
        return replace(trained, went_on=True, backbone=about | {"chosen": "went on"})
    file = weights_file(recipe.backbone, recipe.backbone_weights)
    take_pretrained(model, recipe.backbone, file)
    about |= {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    if file == packaged():
        about["licence"] = LICENCE
    report("training", f"features of {recipe.backbone} under a logistic regression", backbone=recipe.backbone)
    images, figures = _fit_head(model, recipe, prepared)
    frozen = said(model, prepared)
    history = [figures | {"validation_loss": frozen.log_loss, "validation_accuracy": frozen.accuracy}]
    first = Trained(model, history, 0, recipe.batch_size, images, backbone=about | {"chosen": "features"})
    if images > TUNED_MOST:
        report("training", f"its weights stay as they are: {images} pictures would take too long")
        return first
    tuned = build_model(recipe, len(prepared.labels))
    tuned.set_weights(model.get_weights())
    second = _tuned(tuned, recipe, prepared, 1.0, report)
    after = said(second.model, prepared)
    better = after.log_loss < frozen.log_loss and after.accuracy >= frozen.accuracy
    note = f"validation part, by features alone: {frozen}; with all weights fitted: {after}"
    report("training", note, note=f"{note}; the {'second' if better else 'first'} is taken")
    return replace(second, backbone=about | {"chosen": "all weights"}) if better else first


def said(model: keras.Model, prepared: Prepared) -> Said:
    """The figures by which networks are chosen between."""
    images, classes = prepared.part("validation")
    _, logits = outputs_of(model, images)
    probabilities = softmax(logits / np.float32(fitted_temperature(logits, classes)))
    return Said(negative_log_likelihood(probabilities, classes), float((logits.argmax(axis=1) == classes).mean()))


def _tuned(model: keras.Model, recipe: Recipe, prepared: Prepared, share: float, report: Report) -> Trained:
    """All weights but those of the normalizations fitted, for as many passes as there is time for."""
    hold_normalization(model)
    images = max(1, len(prepared.rows["fit"]) + len(prepared.rows["uploads"]))
    most = EPOCHS if share == 1 else EPOCHS // 3
    epochs = recipe.epochs or max(1, min(most, PASSES // images))
    return fitted(model, recipe, prepared, epochs, recipe.learning_rate * RATE * share, report)


def _fit_head(model: keras.Model, recipe: Recipe, prepared: Prepared) -> tuple[int, dict[str, float]]:
    """Fit the last layer to the features of what is trained on, plain and changed; how many pictures, and how well."""
    rows = np.concatenate([prepared.rows["fit"], prepared.rows["uploads"]])
    if len(rows) > HEAD_MOST:
        rows = np.random.default_rng(recipe.seed).choice(rows, HEAD_MOST, replace=False)
    rows = np.sort(rows)
    views = max(1, min(VIEWS, VIEWED // len(rows)))
    network = keras.Model(model.input, model.get_layer(FEATURES).output)
    found = np.concatenate([_features(network, recipe, prepared, rows, view) for view in range(views)])
    classes = np.tile(prepared.classes[rows], views)
    head = fitted_head(found, classes, len(prepared.labels), len(rows))
    model.get_layer("logits").set_weights([head.kernel, head.bias])
    probabilities = softmax(found @ head.kernel + head.bias)
    right = float((probabilities.argmax(axis=1) == classes).mean())
    return len(rows), {"loss": negative_log_likelihood(probabilities, classes), "accuracy": right}


def _features(network: keras.Model, recipe: Recipe, prepared: Prepared, rows: Rows, view: int) -> NDArray[np.float32]:
    """Of the pictures as they are in view 0, changed in each other."""
    found = []
    for first in range(0, len(rows), size := at_once(network)):
        images = prepared.images[rows[first : first + size]]
        if view:
            images = np.asarray(augment(tf.constant(images), recipe, tf.constant([recipe.seed, view << 24 | first])))
        found.append(network.predict_on_batch(images))
    return np.asarray(np.concatenate(found), np.float32)
