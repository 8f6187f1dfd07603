"""How far a classifier's confidence can be taken at its word."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


def calibration_error(probabilities: NDArray[np.float32], classes: NDArray[np.int32], bins: int = BINS) -> float:
    """Expected calibration error with bins of equal mass, 0 to 1.

    Equal mass, since with equal width nearly every image of a good classifier falls into the last bin, and a constant
    100 % would look calibrated (Nixon et al. 2019, https://arxiv.org/abs/1904.01685).
    """
    found = reliability(probabilities, classes, bins)
    return sum(each.images * abs(each.confidence - each.accuracy) for each in found) / len(classes)


@dataclass(frozen=True)
class Bin:
    """Images of like confidence: the mean of it, and how many of them are right."""

    confidence: float
    accuracy: float
    images: int


def reliability(probabilities: NDArray[np.float32], classes: NDArray[np.int32], bins: int = BINS) -> list[Bin]:
    """The images sorted by confidence into bins of equal mass, the least sure first."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == classes
    order = np.argsort(confidence, kind="stable")
    return [
        Bin(float(confidence[members].mean()), float(right[members].mean()), len(members))
        for members in np.array_split(order, min(bins, len(order)))
    ]
