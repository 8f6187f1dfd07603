"""A last layer on features that stay as they are: a logistic regression, as strong as pictures it did not see allow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

RIDGES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)  # on the weights' squares, of features of deviation 1
FOLDS = 3
MOST_FOLDED = 2000  # pictures that the ridge is chosen by
ITERATIONS = 150
FLAT = 1e-3  # deviation of a feature, as a share of the largest: one with less says nothing, and would be blown up

Features = NDArray[np.float32]  # (N, features)
Classes = NDArray[np.int32]  # (N,)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """The last layer's weights, and by what they were chosen."""

    kernel: NDArray[np.float32]  # (features, classes)
    bias: NDArray[np.float32]  # (classes,)
    ridge: float
    log_loss: float  # of pictures that the regression did not see, a third of them at a time


def fitted_head(features: Features, classes: Classes, count: int, pictures: int) -> Head:
    """The head for `count` classes. The first `pictures` rows are those as they are, the others changes of them."""
    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    deviation = np.maximum(deviation, max(FLAT * deviation.max(), 1e-6))
    inputs = (features - mean) / deviation
    ridge, log_loss = _chosen(inputs[:pictures], classes[:pictures], count)
    weights = _regression(inputs, classes, count, ridge, np.zeros((inputs.shape[1] + 1, count)))
    kernel = weights[:-1] / deviation[:, None]
    bias = weights[-1] - mean @ kernel
    return Head(kernel.astype(np.float32), bias.astype(np.float32), ridge, log_loss)


def _chosen(inputs: Floats, classes: Classes, count: int) -> tuple[float, float]:
    """The ridge with the least log loss over all folds, and that."""
    some = slice(None, None, -(-len(inputs) // MOST_FOLDED))
    inputs, classes = inputs[some], classes[some]
    folds = _folds(classes)
    losses = np.zeros(len(RIDGES))
    for fold in range(FOLDS):
        seen, unseen = folds != fold, folds == fold
        weights = np.zeros((inputs.shape[1] + 1, count))
        for number, ridge in reversed(list(enumerate(RIDGES))):
            weights = _regression(inputs[seen], classes[seen], count, ridge, weights)
            losses[number] += -_log_probabilities(inputs[unseen], weights)[
                np.arange(unseen.sum()), classes[unseen]
            ].sum()
    best = int(losses.argmin())
    return RIDGES[best], float(losses[best] / len(inputs))


def _folds(classes: Classes) -> NDArray[np.int64]:
    """The fold of each picture, such that each has as many of every class, or one less."""
    folds = np.zeros(len(classes), np.int64)
    for number in np.unique(classes):
        rows = np.flatnonzero(classes == number)
        folds[rows] = np.arange(len(rows)) % FOLDS
    return folds


def _regression(inputs: Floats, classes: Classes, count: int, ridge: float, start: Floats) -> Floats:
    """Weights (features + 1, classes) of the softmax regression; the last row is the bias, which no ridge holds."""
    told = np.eye(count)[classes]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(start.shape)
        logs = _log_probabilities(inputs, weights)
        off = (np.exp(logs) - told) / len(inputs)
        slope = np.concatenate([inputs.T @ off + 2 * ridge * weights[:-1], off.sum(axis=0, keepdims=True)])
        return float(-(told * logs).sum() / len(inputs) + ridge * (weights[:-1] ** 2).sum()), slope.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    weights: Floats = found.x.reshape(start.shape)
    return weights


def _log_probabilities(inputs: Floats, weights: Floats) -> Floats:
    found: Floats = log_softmax(inputs @ weights[:-1] + weights[-1], axis=1)
    return found
