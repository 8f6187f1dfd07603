"""What a version's answers about pictures that it did not learn from are like, and how far other answers are from that.

A version brings it along as reference.json, taken before it was published (export/reference.py), and a watch holds
what it answers from then on to it (observe/drift.py). All is said as shares: of answers with each label, and of those
whose margin, score or ink is at most some value. A share in the last answers is compared with that in the reference by
the likelihood ratio of two samples, over windows of several lengths at once: the window-limited generalised likelihood
ratio of Lai (1998, IEEE Transactions on Information Theory 44, 2917-2929), which is to a change of unknown kind, size
and time what CUSUM is to a known one (Page 1954, Biometrika 41, 100-115).
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from server.store.errors import BrokenArtifact

FILE = "reference.json"
BLOCK = 50  # answers, after each of which all windows are looked at
WINDOWS = (4, 8, 16, 32)  # blocks
LABEL = "label"
MEASURES = ("margin", "score", "ink")  # what the shares are of beside labels
EDGES_LIMIT = 15  # of a measure: a step takes four bits of a word
LOOKED_AT = 1024  # values of an input that its ink is measured by at most: a large input has no time for all

Counts = NDArray[np.int64]
Words = NDArray[np.int64]  # (answers,): an answer's label and steps in one number each


@dataclass(frozen=True)
class Steps:
    """How many answers have a measure of at most each of some values."""

    at_most: tuple[float, ...]
    images: tuple[int, ...]


@dataclass(frozen=True)
class Reference:
    """Counts over the answers about so many images, and what is an alarm."""

    images: int
    labels: tuple[int, ...]  # how many got each label
    measures: dict[str, Steps]
    thresholds: dict[int, float]  # requests to a false alarm, in the median -> the distance that is one

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, labels: int) -> "Reference":
        """Raises BrokenArtifact if it is none of a model with so many labels."""
        try:
            content = json.loads(data)
            measures = dict(content["measures"].items())
            made = cls(
                int(content["images"]),
                tuple(map(int, content["labels"])),
                {
                    name: Steps(tuple(map(float, each["at_most"])), tuple(map(int, each["images"])))
                    for name in MEASURES
                    if (each := measures.get(name)) is not None
                },
                {int(requests): float(distance) for requests, distance in content["thresholds"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise BrokenArtifact(f"{FILE} can't be read: {error!r}") from None
        if not made._is_whole(labels):
            raise BrokenArtifact(f"{FILE} is no reference of a model with {labels} labels")
        return made

    def _is_whole(self, labels: int) -> bool:
        counts = [*self.labels, *(count for steps in self.measures.values() for count in steps.images)]
        return (
            0 < self.images < 2**31
            and len(self.labels) == labels
            and sum(self.labels) == self.images
            and all(0 <= count <= self.images for count in counts)
            and all(
                len(steps.at_most) == len(steps.images) <= EDGES_LIMIT
                and all(np.isfinite(steps.at_most))
                and list(steps.at_most) == sorted(steps.at_most)
                for steps in self.measures.values()
            )
            and bool(self.thresholds)
            and all(requests > 0 and 0 < distance < np.inf for requests, distance in self.thresholds.items())
        )

    def threshold(self, requests: int) -> float:
        """The distance that half of all streams without a change do not reach in so many requests."""
        places = sorted(self.thresholds)
        return float(np.interp(np.log(requests), np.log(places), [self.thresholds[place] for place in places]))

    @cached_property
    def shares(self) -> tuple[tuple[str, int], ...]:
        """What is compared: a label by its number, or a measure with the number of its step."""
        steps = [(name, step) for name, each in self.measures.items() for step in range(len(each.at_most))]
        return (*((LABEL, number) for number in range(len(self.labels))), *steps)

    @cached_property
    def counts(self) -> Counts:
        """How many images each share has."""
        return np.array([*self.labels, *(count for each in self.measures.values() for count in each.images)], np.int64)

    def words(self, best: NDArray[np.int64], measured: dict[str, NDArray[np.float64]]) -> Words:
        """What there is to count of some answers, in one number each."""
        words = best.astype(np.int64)
        for name in MEASURES:
            words <<= 4
            if name in self.measures:
                words |= np.searchsorted(self.measures[name].at_most, measured[name])
        return words

    def count(self, words: Words, blocks: int) -> Counts:
        """How many answers each share has, in each of so many blocks (blocks, shares) of consecutive answers."""
        block = np.repeat(np.arange(blocks), len(words) // blocks)
        parts = [_tallied(words >> 4 * len(MEASURES), block, blocks, len(self.labels))]
        for place, name in enumerate(reversed(MEASURES)):
            if name in self.measures:
                edges = len(self.measures[name].at_most)
                steps = _tallied(words >> 4 * place & 15, block, blocks, edges + 1)
                parts.insert(1, steps.cumsum(axis=1)[:, :edges])
        return np.concatenate(parts, axis=1)


def _tallied(values: Words, block: NDArray[np.int64], blocks: int, kinds: int) -> Counts:
    return np.bincount(block * kinds + values, minlength=blocks * kinds).reshape(blocks, kinds)


def distances(counts: NDArray[np.integer], answers: int, reference: Counts, images: int) -> NDArray[np.float64]:
    """Twice the log of the likelihood ratio of two shares against one in common: 0 where they are equal.

    `counts` are of so many answers, `reference` of so many images; both broadcast.
    """
    weights = _weights(answers + images)
    both = counts + reference
    apart = weights[counts] + weights[answers - counts] + weights[reference] + weights[images - reference]
    together = weights[both] + weights[answers + images - both]
    found: NDArray[np.float64] = 2 * (apart - together + weights[answers + images] - weights[answers] - weights[images])
    return np.maximum(found, 0.0)


@lru_cache(maxsize=16)
def _weights(most: int) -> NDArray[np.float64]:
    """n log n for 0 to `most`."""
    numbers = np.arange(most + 1, dtype=float)
    weights: NDArray[np.float64] = numbers * np.log(np.maximum(numbers, 1.0))
    return weights


def ink(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean of each input (N, height, width, channels), from 0 to 1; of a large one, of evenly spread values."""
    flat = images.reshape(len(images), prod(images.shape[1:]))
    seen = flat[:, :: -(-flat.shape[1] // LOOKED_AT)]
    means: NDArray[np.float64] = np.add.reduce(seen, 1, np.uint32) / (255.0 * seen.shape[1])
    return means


def margins(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Between the two most probable labels of each answer (N, labels); 1 where there is one label."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    best = np.partition(probabilities, -2, axis=1)[:, -2:].astype(float)
    found: NDArray[np.float64] = best[:, 1] - best[:, 0]
    return found
