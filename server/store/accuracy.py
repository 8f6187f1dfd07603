"""How often the service was right in production, from the random samples that somebody looked at.

In each hour the random samples are reviewed by their ranks (review.py), so those under the first that still waits were
chosen by nothing but chance, each with the rank of that one as its probability; once none waits, with its own. What was
looked at out of turn does not count, nor does feedback: who sends it chooses what about. Each answer weighs as many as
it stands for. The interval is Wilson's for 95 % (https://doi.org/10.1080/01621459.1927.10502953), at the number of
equal weights that would be as good (Kish 1965, Survey Sampling).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

from server.store.sample import Sample, Why
from server.store.split import split_of

NORMAL_95 = 1.959964
UNFAMILIAR_SHARE = 0.1  # of low scores, from which on confidences were calibrated for something else


@dataclass(frozen=True)
class Accuracy:
    """What is known of some answers."""

    answers: int  # random samples that there are
    reviewed: int  # of these, that count
    right: int  # of these
    skipped: int  # looked at in their turn, and none of the labels
    held_out: int  # of the reviewed, those whose uploads are held out when they come
    accuracy: float | None  # weighted; None without any
    low: float | None
    high: float | None
    estimated_accuracy: float | None  # by the calibrated confidences of all random samples
    unfamiliar_share: float | None  # of them; None where no version has a score
    estimate_is_valid: bool | None  # None where that can't be known


@dataclass(frozen=True)
class Weighed:
    """A random sample with how many answers it stands for: of those that were reviewed in turn, and of all."""

    sample: Sample
    reviewed: float | None
    drawn: float


def weighed(samples: Iterable[Sample]) -> list[Weighed]:
    """The random samples, newest hour first."""
    drawn = sorted((each for each in samples if each.why == Why.RANDOM), key=lambda each: -each.hour)
    found = []
    for _, hour in groupby(drawn, key=lambda each: each.hour):
        those = list(hour)
        waiting = min((each.rank for each in those if each.is_waiting), default=1.0)
        for each in those:
            probability = each.probability or 1.0
            in_turn = 1 / min(waiting, probability) if each.rank < waiting else None
            found.append(Weighed(each, in_turn, 1 / probability))
    return found


def accuracy_of(samples: Sequence[Weighed]) -> Accuracy:
    """What these say."""
    counted = [each for each in samples if each.reviewed is not None and each.sample.reviewed is not None]
    right = [each for each in counted if each.sample.reviewed == each.sample.predicted]
    share = low = high = None
    if counted:
        weights = [each.reviewed or 0.0 for each in counted]
        share = sum(each.reviewed or 0.0 for each in right) / sum(weights)
        low, high = interval(share, sum(weights) ** 2 / sum(weight**2 for weight in weights))
    judged = [each for each in samples if each.sample.score is not None and each.sample.score_threshold is not None]
    unfamiliar = _mean([(float(_is_low(each.sample)), each.drawn) for each in judged])
    return Accuracy(
        answers=len(samples),
        reviewed=len(counted),
        right=len(right),
        skipped=sum(each.reviewed is not None and each.sample.skipped is not None for each in samples),
        held_out=sum(split_of(each.sample.sha256) == "test" for each in counted),
        accuracy=share,
        low=low,
        high=high,
        estimated_accuracy=_mean([(each.sample.confidence, each.drawn) for each in samples]),
        unfamiliar_share=unfamiliar,
        estimate_is_valid=None if unfamiliar is None else unfamiliar <= UNFAMILIAR_SHARE,
    )


def interval(share: float, number: float) -> tuple[float, float]:
    """Wilson's, of a share of so many."""
    square = NORMAL_95**2 / number
    middle = share + square / 2
    half = sqrt(square * (share * (1 - share) + square / 4))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def _is_low(sample: Sample) -> bool:
    return sample.score is not None and sample.score_threshold is not None and sample.score < sample.score_threshold


def _mean(weighed: Sequence[tuple[float, float]]) -> float | None:
    total = sum(weight for _, weight in weighed)
    return sum(value * weight for value, weight in weighed) / total if total else None
