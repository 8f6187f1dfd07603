"""How far a classifier's confidence can be taken at its word."""

import numpy as np
from numpy.typing import NDArray

BINS = 15


def calibration_error(probabilities: NDArray[np.float32], classes: NDArray[np.int32], bins: int = BINS) -> float:
    """Expected calibration error with bins of equal mass, 0 to 1.

    Equal mass, since with equal width nearly every image of a good classifier falls into the last bin, and a constant
    100 % would look calibrated (Nixon et al. 2019, https://arxiv.org/abs/1904.01685).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == classes
    order = np.argsort(confidence, kind="stable")
    error = 0.0
    for members in np.array_split(order, min(bins, len(order))):
        error += len(members) / len(order) * abs(float(confidence[members].mean()) - float(right[members].mean()))
    return error
