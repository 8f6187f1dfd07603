"""In which order samples are shown to whoever labels them: what teaches most first, no two alike, chance between them.

A label teaches more the less the model was sure, or knew what it saw; but the unsure ones of a queue are all alike,
and the second of two near copies teaches nothing. So the next is always the one whose doubt, times its distance from
what is told or stands before it, is largest (greedy, after Brinker 2003, "Incorporating diversity in active learning
with support vector machines").
The random ones come by their ranks, which nothing that they show has a say in: however many of them somebody reaches,
these are a random share, and what is estimated from them has no bias.
"""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from server.store.sample import Sample, Why

RANDOM_EVERY = 5  # places of the order: the first, and then each fifth, is a random one's
FAR = 150  # bits of likeness from which on pictures are simply others; half of all differ between any two

HASH_BYTES = 50
Bits = NDArray[np.uint8]  # (n, HASH_BYTES), packed


def in_order(samples: Sequence[Sample], count: int) -> list[Sample]:
    """The first `count` of those that wait, given all there are; the same for the same samples."""
    drawn = iter(sorted((each for each in samples if _waits(each, True)), key=lambda each: (each.rank, each.id)))
    teaching = iter(_teaching(samples, count))
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


def _teaching(samples: Sequence[Sample], count: int) -> list[Sample]:
    waiting = sorted((each for each in samples if _waits(each, False)), key=lambda each: each.id)
    bits = _bits(waiting)
    doubts = np.array([doubt(each) for each in waiting])
    far = np.full(len(waiting), FAR)
    for other in _bits([each for each in samples if not each.is_waiting]):
        far = np.minimum(far, _distances(bits, other))
    chosen: list[int] = []
    for _ in islice(waiting, count):
        worth = doubts * far
        worth[chosen] = -1.0  # under all that are left, even near copies
        chosen.append(int(np.argmax(worth)))
        far = np.minimum(far, _distances(bits, bits[chosen[-1]]))
    return [waiting[place] for place in chosen]


def _bits(samples: Sequence[Sample]) -> Bits:
    return np.frombuffer(bytes.fromhex("".join(each.likeness for each in samples)), np.uint8).reshape(-1, HASH_BYTES)


def _distances(bits: Bits, other: Bits) -> NDArray[np.int_]:
    return np.asarray(np.bitwise_count(bits ^ other).sum(axis=1), dtype=np.int_)
