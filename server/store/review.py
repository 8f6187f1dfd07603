"""In which order samples are shown to whoever labels them: what teaches most first, no two alike, chance between them.

A label teaches more the less the model was sure, or knew what it saw; but the unsure ones of a queue are all alike,
and the second of two near copies teaches nothing. So the next is always the one whose doubt, times its distance from
what is told or stands before it, is largest (greedy, after Brinker 2003, "Incorporating diversity in active learning
with support vector machines").
The random ones come by their ranks, which nothing that they show has a say in: however many of them somebody reaches,
these are a random share, and what is estimated from them has no bias.

A model is often sure of a class that it does not know, and so finds none of it by its doubts. Once somebody has told
one such picture, what is alike has every second of those places: more of its kind is what teaches it.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from server.pictures.likeness import NEAR
from server.store.sample import Sample, Why

RANDOM_EVERY = 5  # places of the order: the first, and then each fifth, is a random one's
NEW_EVERY = 2  # of the places that are left: one for what is alike a class that the version does not know
FAR = 150  # bits of likeness from which on pictures are simply others; half of all differ between any two

HASH_BYTES = 50
Bits = NDArray[np.uint8]  # (n, HASH_BYTES), packed


def in_order(samples: Sequence[Sample], count: int, known: Collection[str]) -> list[Sample]:
    """The first `count` of those that wait, given all there are; the same for the same samples.

    `known` are the labels of the version that serves.
    """
    drawn = iter(sorted((each for each in samples if _waits(each, True)), key=lambda each: (each.rank, each.id)))
    teaching = iter(_teaching(samples, count, known))
    ordered: list[Sample] = []
    while len(ordered) < count:
        first, second = (drawn, teaching) if len(ordered) % RANDOM_EVERY == 0 else (teaching, drawn)
        found = next(first, None) or next(second, None)
        if found is None:
            break
        ordered.append(found)
    return ordered


def doubt(sample: Sample) -> float:
    """From 0 to 1: how little the model was sure, or knew what it saw."""
    unsure = 1 - sample.margin
    if sample.score is None or not sample.score_threshold:
        return unsure
    return max(unsure, 1 - sample.score / sample.score_threshold)


def _waits(sample: Sample, is_random: bool) -> bool:
    return sample.is_waiting and (sample.why == Why.RANDOM) == is_random


def _teaching(samples: Sequence[Sample], count: int, known: Collection[str]) -> list[Sample]:
    waiting = sorted((each for each in samples if _waits(each, False)), key=lambda each: each.id)
    told = [each for each in samples if not each.is_waiting]
    bits = _bits(waiting)
    doubts = np.array([doubt(each) for each in waiting])
    new = _nearest(bits, [each for each in told if _is_new(each, known)])
    far = _nearest(bits, [each for each in told if not _is_new(each, known)])
    alike = np.where((new < far) & (new > NEAR), FAR - new, 0)  # to a picture of a new class, and no copy of it
    far = np.minimum(far, new)
    chosen: list[int] = []
    for place in range(min(count, len(waiting))):
        worth = doubts * far
        worth[chosen] = -1.0  # under all that are left, even near copies
        alike[chosen] = 0
        by_likeness = place % NEW_EVERY == 0 and alike.any()
        chosen.append(int(np.argmax(alike if by_likeness else worth)))
        far = np.minimum(far, _distances(bits, bits[chosen[-1]]))
    return [waiting[place] for place in chosen]


def _is_new(sample: Sample, known: Collection[str]) -> bool:
    label = sample.reviewed or sample.feedback
    return label is not None and label not in known


def _nearest(bits: Bits, others: Sequence[Sample]) -> NDArray[np.int_]:
    """How many bits each is from the nearest of others; FAR, if that is less."""
    nearest = np.full(len(bits), FAR)
    for other in _bits(others):
        nearest = np.minimum(nearest, _distances(bits, other))
    return nearest


def _bits(samples: Sequence[Sample]) -> Bits:
    return np.frombuffer(bytes.fromhex("".join(each.likeness for each in samples)), np.uint8).reshape(-1, HASH_BYTES)


def _distances(bits: Bits, other: Bits) -> NDArray[np.int_]:
    return np.asarray(np.bitwise_count(bits ^ other).sum(axis=1), dtype=np.int_)
