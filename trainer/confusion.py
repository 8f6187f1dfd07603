"""What was taken for what: the whole matrix of some classes; of many the worst mistakes, and a matrix folded to them.

A matrix of 3,000 classes has nine million cells, nearly all of them 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

WHOLE_CLASSES = 100  # up to which the matrix is given whole
FOLDED_CLASSES = 40  # of more the most confused ones; the others share one row and one column
LISTED = 100  # pairs, the most frequent first
OTHERS = "(others)"

Classes = NDArray[np.int32]  # (N,)


def confusion(classes: Classes, predicted: NDArray[np.int64], labels: tuple[str, ...]) -> dict[str, Any]:
    """`confused`, the mistakes by their number; and `confusion`, or `folded` with its labels. True classes in rows."""
    wrong = classes != predicted
    pairs, times = np.unique(np.stack([classes, predicted])[:, wrong], axis=1, return_counts=True)
    first = np.argsort(-times, kind="stable")
    listed = [(labels[pairs[0, each]], labels[pairs[1, each]], int(times[each])) for each in first[:LISTED]]
    confused = [{"label": label, "predicted": taken_for, "images": images} for label, taken_for, images in listed]
    if len(labels) <= WHOLE_CLASSES:
        places = np.arange(len(labels))
        return {"confused": confused, "confusion": _matrix(places[classes], places[predicted], len(labels))}
    part = np.bincount(pairs.ravel(), np.tile(times, 2), len(labels))  # in mistakes
    shown = np.sort(np.argsort(-part, kind="stable")[:FOLDED_CLASSES])
    places = np.full(len(labels), len(shown))
    places[shown] = np.arange(len(shown))
    matrix = _matrix(places[classes], places[predicted], len(shown) + 1)
    return {"confused": confused, "folded": {"labels": [*(labels[each] for each in shown), OTHERS], "counts": matrix}}


def _matrix(rows: NDArray[np.int64], columns: NDArray[np.int64], side: int) -> list[list[int]]:
    counts = np.zeros((side, side), np.int64)
    np.add.at(counts, (rows, columns), 1)
    found: list[list[int]] = counts.tolist()
    return found
