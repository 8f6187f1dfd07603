"""How far a classifier's confidence can be taken at its word."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.answers import Answers, answers

BINS = 15
RESAMPLES = 1000


def calibration_error(probabilities: NDArray[np.float32], classes: NDArray[np.int32], bins: int = BINS) -> float:
    """Expected calibration error with bins of equal mass, 0 to 1.

    Equal mass, since with equal width nearly every image of a good classifier falls into the last bin, and a constant
    100 % would look calibrated (Nixon et al. 2019, https://arxiv.org/abs/1904.01685).
    """
    return error_of(answers(probabilities, classes), bins)


def error_of(said: Answers, bins: int = BINS) -> float:
    """The same of answers."""
    return sum(each.images * abs(each.confidence - each.accuracy) for each in _reliability(said, bins)) / len(
        said.right
    )


@dataclass(frozen=True)
class Bin:
    """Images of like confidence: the mean of it, and how many of them are right."""

    confidence: float
    accuracy: float
    images: int


def reliability(probabilities: NDArray[np.float32], classes: NDArray[np.int32], bins: int = BINS) -> list[Bin]:
    """The images sorted by confidence into bins of equal mass, the least sure first."""
    return _reliability(answers(probabilities, classes), bins)


def _reliability(said: Answers, bins: int) -> list[Bin]:
    return [
        Bin(float(said.confidence[members].mean()), float(said.right[members].mean()), len(members))
        for members in _members(said.confidence, bins)
    ]


def calibration_loss(before: Answers, now: Answers, significance: float) -> float:
    """By how much the calibration error of one classifier is surely above another's on the same images.

    The quantile at `significance` of the difference over resamples of the images, the same for both: a paired bootstrap
    (Efron and Tibshirani 1993, chapter 16). The bins stay those of all images.
    """
    gaps = [_gaps(each) for each in (before, now)]
    random, count = np.random.default_rng(0), len(now.right)
    losses = np.empty(RESAMPLES)
    for resample in range(RESAMPLES):
        drawn = random.integers(count, size=count)
        error_before, error_now = (np.abs(np.bincount(bins[drawn], gap[drawn])).sum() for bins, gap in gaps)
        losses[resample] = (error_now - error_before) / count
    return float(np.quantile(losses, significance))


def _gaps(said: Answers) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of each image its bin, and its confidence less 1 if it is right: summed over a bin, what that is off by."""
    bins = np.empty(len(said.right), np.int64)
    for number, members in enumerate(_members(said.confidence, BINS)):
        bins[members] = number
    return bins, said.confidence.astype(np.float64) - said.right


def _members(confidence: NDArray[Any], bins: int) -> list[NDArray[np.int64]]:
    """The positions of the images in each bin of equal mass, the least sure first."""
    return np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(confidence)))
