"""The last answers of one version beside its reference, in windows of several lengths: how far, since when, in what."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.models.reference import BLOCK, LABEL, WINDOWS, Reference, Words, distances

POINT_BLOCKS = 10  # of which the largest distance is remembered
POINTS = 100
NAMED = 5  # shares that moved most


@dataclass(frozen=True)
class Moved:
    """A share that is another now than in the reference."""

    of: str  # label, margin, score or ink
    label: str | None  # for a label; for the others:
    at_most: float | None
    reference: float
    now: float
    answers: int  # the last ones, that `now` is of
    distance: float


@dataclass(frozen=True)
class Found:
    """What is far from the reference: the farthest first."""

    since: float  # seconds since 1970, when the window began
    moved: tuple[Moved, ...]


class Windows:
    """What one version answered since the watch began; memory is fixed."""

    def __init__(self, reference: Reference, labels: Sequence[str], threshold: float, now: float) -> None:
        """`now` and the times below are seconds since 1970."""
        self.threshold = threshold
        self.answers = 0  # in whole blocks
        self.distance = 0.0  # after the last of them
        self.points: deque[float] = deque(maxlen=POINTS)  # the largest distance of each ten blocks
        self.moved: tuple[Moved, ...] = ()
        self._reference = reference
        self._labels = tuple(labels)
        self._rest: Words = np.zeros(0, np.int64)
        self._sums = np.zeros((1, len(reference.shares)), np.int64)  # at the ends of the last blocks
        self._times = np.array([now])

    def take(self, words: Words, now: float) -> Found | None:
        """Look at further answers; what is found after the first block that is as far as the threshold."""
        words = np.concatenate([self._rest, words])
        blocks = len(words) // BLOCK
        self._rest = words[blocks * BLOCK :]
        if not blocks:
            return None
        counts = self._reference.count(words[: blocks * BLOCK], blocks)
        sums = np.concatenate([self._sums, self._sums[-1] + counts.cumsum(axis=0)])
        times = np.concatenate([self._times, np.full(blocks, now)])
        far = self._far(sums, blocks)
        largest = far.max(axis=(0, 2))
        self._remember(largest)
        beyond = np.flatnonzero(largest >= self.threshold)
        found = None
        if len(beyond):
            before = blocks - 1 - int(beyond[0])  # blocks since
            at = len(sums) - 1 - before
            window = WINDOWS[int(far[:, beyond[0]].max(axis=1).argmax())]
            found = Found(float(times[at - window]), self._named(far[:, beyond[0]], sums[: at + 1]))
        self.moved = self._named(far[:, -1], sums)
        self._sums, self._times = sums[-WINDOWS[-1] - 1 :], times[-WINDOWS[-1] - 1 :]
        return found

    def _far(self, sums: NDArray[np.int64], blocks: int) -> NDArray[np.float64]:
        """The distance of each share, in each window that is full, after each new block (windows, blocks, shares)."""
        reference = self._reference
        far = np.zeros((len(WINDOWS), blocks, sums.shape[1]))
        for place, window in enumerate(WINDOWS):
            ends = np.arange(max(window, len(sums) - blocks), len(sums))
            counts = sums[ends] - sums[ends - window]
            far[place, blocks - len(ends) :] = distances(counts, window * BLOCK, reference.counts, reference.images)
        return far

    def _remember(self, largest: NDArray[np.float64]) -> None:
        for distance in largest.tolist():
            if self.answers % (POINT_BLOCKS * BLOCK):
                self.points[-1] = max(self.points[-1], distance)
            else:
                self.points.append(distance)
            self.answers += BLOCK
        self.distance = float(largest[-1])

    def _named(self, far: NDArray[np.float64], sums: NDArray[np.int64]) -> tuple[Moved, ...]:
        """The shares that are farthest after the last of these blocks, each in its window; at least half-way."""
        largest = far.max(axis=0)
        order = np.argsort(-largest)[:NAMED]
        return tuple(
            self._moved(int(share), float(largest[share]), WINDOWS[int(far[:, share].argmax())], sums)
            for share in order
            if largest[share] >= self.threshold / 2
        )

    def _moved(self, share: int, distance: float, window: int, sums: NDArray[np.int64]) -> Moved:
        of, number = self._reference.shares[share]
        answers = window * BLOCK
        return Moved(
            of,
            self._labels[number] if of == LABEL else None,
            None if of == LABEL else self._reference.measures[of].at_most[number],
            round(float(self._reference.counts[share] / self._reference.images), 4),
            round(float((sums[-1, share] - sums[-1 - window, share]) / answers), 4),
            answers,
            round(distance, 2),
        )
