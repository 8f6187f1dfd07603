"""How a model answers pictures: right, refused, flagged, sure and wrong; and how far its score can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.conditions import hands, kinds, sizes  # noqa: F401 - hands and sizes enter their conditions
from benchmarks.conditions.glyphs import Glyph, digits_of
from benchmarks.conditions.kinds import Sample
from benchmarks.mnist import read
from benchmarks.reading import read_back
from export.calibration import calibration_error
from server.models.model import Model

CONDITIONS = kinds.CONDITIONS
SETS = {"look": ("fit", 1), "select": ("validation", 2), "report": ("test", 3)}  # MNIST's part, and a seed
BATCH = 100

Flags = NDArray[np.bool_]  # (N,)
Shares = NDArray[np.float32]  # (N,)


@dataclass(frozen=True)
class Answers:
    """What became of some pictures; those refused have confidence and score 0."""

    digit: Flags  # it is one, so that there is a right answer
    right: Flags
    refused: Flags
    confidence: Shares
    score: Shares
    inputs: NDArray[np.uint8]  # (N, height, width, channels): what the model saw
    predicted: NDArray[np.int64]  # (N,)

    def figures(self, threshold: float) -> dict[str, Any]:
        """Shares of all these pictures."""
        flagged = ~self.refused & (self.score < threshold)
        return {
            "digits": bool(self.digit.all()),
            "right": float(self.right.mean()),
            "refused": float(self.refused.mean()),
            "flagged": float(flagged.mean()),
            "sure and wrong": float((~self.right & ~self.refused & ~flagged).mean()),
        }


def drawn(name: str, chosen: str, number: int) -> list[Sample]:
    """So many pictures of a condition, of one of the disjoint sets; the same ones every time."""
    random = np.random.default_rng([SETS[chosen][1], *name.encode()])
    return [CONDITIONS[name](glyph, random) for glyph in _digits(chosen, number)]


@cache
def _digits(chosen: str, number: int) -> list[Glyph]:
    part, seed = SETS[chosen]
    return digits_of(read(part), number, seed)


def answers(model: Model, samples: Sequence[Sample]) -> Answers:
    """What the model says of them, through the server's own preprocessing."""
    inputs, usable = read_back([sample.file for sample in samples], model.preprocessing)
    refused = ~usable
    outputs = [model.predict(inputs[first : first + BATCH]) for first in range(0, len(inputs), BATCH)]
    probabilities = np.concatenate([output.probabilities for output in outputs])
    scores = np.concatenate([output.scores for output in outputs if output.scores is not None])
    predicted = probabilities.argmax(axis=1)
    labels = [model.labels[at] for at in predicted.tolist()]
    right = np.array([label == sample.label for label, sample in zip(labels, samples, strict=True)]) & ~refused
    return Answers(
        np.array([sample.label is not None for sample in samples]),
        right,
        refused,
        np.where(refused, 0, probabilities.max(axis=1)).astype(np.float32),
        np.where(refused, 0, scores).astype(np.float32),
        inputs,
        predicted,
    )


def trust(found: Sequence[Answers], threshold: float) -> dict[str, Any]:
    """What the score is worth over all conditions, of the pictures that were not refused."""
    kept = [~each.refused for each in found]
    right, score, confidence, digit = (
        np.concatenate([getattr(each, name)[keep] for each, keep in zip(found, kept, strict=True)])
        for name in ("right", "score", "confidence", "digit")
    )
    return {
        "score, area under the ROC curve": area(score[right], score[~right]),
        "confidence, area under the ROC curve": area(confidence[right], confidence[~right]),
        "right and flagged": _share(score[right] < threshold),
        "wrong or no digit, and not flagged": _share(score[~right] >= threshold),
        "calibration error": calibration_error(confidence[digit, None], (~right[digit]).astype(np.int32)),
    }


def area(above: Shares, below: Shares) -> float:
    """The probability that one of the first is above one of the second (Mann and Whitney); 1 where there are none."""
    if not len(above) or not len(below):
        return 1.0
    ordered = np.sort(below)
    wins = np.searchsorted(ordered, above, "left") + np.searchsorted(ordered, above, "right")
    return float(wins.sum() / (2 * len(above) * len(below)))


def _share(flags: Flags) -> float:
    return float(flags.mean()) if len(flags) else 0.0
