"""Folds for cross-fitting: of each class as many images in every fold as there can be, by chance."""

import numpy as np
from numpy.typing import NDArray

FOLDS = 5

Folds = NDArray[np.int64]  # (N,), from 0 to FOLDS - 1


def folds_of(classes: NDArray[np.int32], random: np.random.Generator) -> Folds:
    """A fold for each image, of classes (N,)."""
    order = random.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    folds = np.empty(len(classes), np.int64)
    folds[order] = np.arange(len(classes)) % FOLDS
    return folds
