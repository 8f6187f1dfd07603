"""The current weights for other classes: all layers as they are, but the last, which has a row for each class now.

A class that stays keeps its row, whatever it is called. One that several were merged into begins with the mean of
their rows, its bias higher by the logarithm of their number; a new one with a row fitted to its pictures.
"""

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from export.shared import Sources
from trainer.config import Recipe
from trainer.model import FEATURES, at_once, build_model
from trainer.newcomer import Floats, fitted_row
from trainer.prepare import Prepared

SAMPLE = 2000  # pictures of the other classes that a new row is fitted against


def reshape(weights: Path, recipe: Recipe, earlier: int, sources: Sources, prepared: Prepared) -> None:
    """Rewrite a weights file of so many classes as one of others; it stays as it is where it is another network's."""
    model = build_model(recipe, earlier)
    try:
        model.load_weights(weights)
    except ValueError:
        return  # whoever loads it says so
    *others, kernel, bias = model.get_weights()
    kernel, bias = kept_rows(kernel, bias, sources)
    made = build_model(recipe, len(sources))
    made.set_weights([*others, kernel, bias])
    features = keras.Model(made.input, made.get_layer(FEATURES).output)
    known = [number for number, each in enumerate(sources) if each]
    for number in (number for number, each in enumerate(sources) if not each):
        rows, is_new = _sample(prepared, number, known)
        if is_new.any() and known:
            found = np.asarray(features.predict(prepared.images[rows], at_once(model), verbose=0), np.float32)
            logits = found @ kernel[:, known] + bias[known]
            kernel[:, number], bias[number] = fitted_row(found, logits, is_new, 1 / (len(known) + 1))
            known.append(number)
    made.set_weights([*others, kernel, bias])
    made.save_weights(weights)


def kept_rows(kernel: Floats, bias: Floats, sources: Sources) -> tuple[Floats, Floats]:
    """The last layer's kernel (features, classes) and bias (classes,) for the classes now; zeros where one is new."""
    made, biases = np.zeros((len(kernel), len(sources)), np.float32), np.zeros(len(sources), np.float32)
    for number, each in enumerate(sources):
        if each:
            made[:, number] = kernel[:, list(each)].mean(axis=1)
            biases[number] = bias[list(each)].mean() + np.log(len(each))
    return made, biases


def _sample(prepared: Prepared, number: int, known: list[int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows of what is trained on: all of a class, and some of those that the network knows; and which are which."""
    fit = np.concatenate([prepared.rows["fit"], prepared.rows["uploads"]])
    mine, others = fit[prepared.classes[fit] == number], fit[np.isin(prepared.classes[fit], known)]
    others = others[:: max(1, len(others) // SAMPLE)]
    rows = np.sort(np.concatenate([mine, others]))
    return rows, prepared.classes[rows] == number
