"""The row of a class that the current weights do not know, fitted while all else of the network stays.

A logistic regression on the features: the new logit against the logarithm of the sum of the others' exponentials. A
network that goes on for an epoch or three from there has the class from its first step on.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

RIDGE = 1e-3  # on the squares of the weights: of a few dozen pictures many rows tell them from all others

Floats = NDArray[np.float32]


def fitted_row(features: Floats, logits: Floats, is_new: NDArray[np.bool_], share: float) -> tuple[Floats, float]:
    """Weights (features,) and bias of a new logit, from pictures with their features and the logits there are.

    The new class counts as `share` of all pictures, however many there are of it.
    """
    scale = max(1e-6, float(np.abs(features).mean()))
    inputs, against = features.astype(np.float64) / scale, logsumexp(logits.astype(np.float64), axis=1)
    weights = np.where(is_new, share / is_new.sum(), (1 - share) / max(1, (~is_new).sum()))
    sign = np.where(is_new, 1.0, -1.0)

    def loss(row: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (inputs @ row[:-1] + row[-1] - against)
        slope = -weights * sign * expit(-margin)
        value = (weights * np.logaddexp(0, -margin)).sum() + RIDGE * (row[:-1] ** 2).sum()
        return float(value), np.append(inputs.T @ slope + 2 * RIDGE * row[:-1], slope.sum())

    found = minimize(loss, np.zeros(inputs.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return (found[:-1] / scale).astype(np.float32), float(found[-1])
