"""Figures of a classifier on one set of images, from its probabilities alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support


def metrics(probabilities: NDArray[np.float32], classes: NDArray[np.int32], labels: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy, macro and per-class precision, recall and F1, log loss and the confusion matrix (true in rows)."""
    predicted = probabilities.argmax(axis=1)
    exact = probabilities.astype(np.float64)
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
        "log_loss": float(log_loss(classes, exact / exact.sum(axis=1, keepdims=True), labels=numbers)),
        "classes": {
            label: {
                "precision": float(precision[number]),
                "recall": float(recall[number]),
                "f1": float(f1[number]),
                "images": int(support[number]),
            }
            for number, label in enumerate(labels)
        },
        "confusion": confusion_matrix(classes, predicted, labels=numbers).tolist(),
    }


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of logits, (N, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
