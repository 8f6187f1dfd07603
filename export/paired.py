"""Two classifiers on the same images: is one worse than the other, or is it chance?

McNemar's exact test: of the images that only one of the two gets right, chance gives each an even share, so their
number follows a binomial distribution (McNemar 1947, https://doi.org/10.1007/BF02295996).
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Paired:
    """The comparison on one set of images."""

    images: int
    lost: int  # right before, wrong now
    gained: int  # wrong before, right now

    @property
    def change(self) -> float:
        """Accuracy now less accuracy before."""
        return (self.gained - self.lost) / self.images if self.images else 0.0

    @property
    def chance(self) -> float:
        """The probability of so many losses or more if neither were better."""
        return _tail(self.lost + self.gained, self.lost)

    def loss_limit(self, significance: float) -> float:
        """The greatest loss of accuracy that this number of images can't tell from chance, at these gains."""
        lost = self.gained
        while _tail(lost + 1 + self.gained, lost + 1) >= significance:
            lost += 1
        return (lost - self.gained) / self.images if self.images else 0.0


def compare(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> Paired:
    """From which images each of the two gets right, both (N,)."""
    return Paired(len(before), int((before & ~now).sum()), int((now & ~before).sum()))


def _tail(trials: int, least: int) -> float:
    """P(X >= least) for so many throws of a fair coin."""
    ways = sum(comb(trials, heads) for heads in range(least, trials + 1))
    return float(ways / 2**trials)
