"""Figures of a classifier on one set of images, from its probabilities alone."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from export.calibration import calibration_error, reliability
from trainer.confusion import confusion

Probabilities = NDArray[np.float32]  # (N, classes)
Classes = NDArray[np.int32]  # (N,)

LEAST_PROBABILITY = 1e-15  # taken in place of 0, as scikit-learn does for float64


def metrics(probabilities: Probabilities, classes: Classes, labels: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy, macro and per-class precision, recall, F1, log loss, calibration, and what is confused."""
    predicted = probabilities.argmax(axis=1)
    numbers = list(range(len(labels)))
    precision, recall, f1, support = precision_recall_fscore_support(
        classes, predicted, labels=numbers, zero_division=0
    )
    return {
        "images": len(classes),
        "right": int((predicted == classes).sum()),
        "accuracy": float((predicted == classes).mean()),
        "precision": float(precision.mean()),
        "recall": float(recall.mean()),
        "f1": float(f1.mean()),
        "log_loss": negative_log_likelihood(probabilities, classes),
        "calibration_error": calibration_error(probabilities, classes),
        "reliability": [asdict(each) for each in reliability(probabilities, classes)],
        "classes": {
            label: {
                "precision": float(precision[number]),
                "recall": float(recall[number]),
                "f1": float(f1[number]),
                "images": int(support[number]),
            }
            for number, label in enumerate(labels)
        },
    } | confusion(classes, predicted, labels)


def negative_log_likelihood(probabilities: Probabilities, classes: Classes) -> float:
    """The mean over the images of -ln(probability of the true class): the log loss."""
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    true = exact[np.arange(len(classes)), classes]
    return float(-np.log(np.maximum(true, LEAST_PROBABILITY)).mean())


def softmax(logits: NDArray[np.float32]) -> Probabilities:
    """Probabilities of logits, (N, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
