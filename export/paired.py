"""Two classifiers on the same images: is one worse than the other, or is it chance?

McNemar's exact test: of the images that only one of the two gets right, chance gives each an even share, so their
number follows a binomial distribution (McNemar 1947, https://doi.org/10.1007/BF02295996).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

BEYOND = 128  # losses past twice the gains, of which no significance over 2**-128 lets any pass as chance


@dataclass(frozen=True)
class Paired:
    """The comparison on one set of images."""

    images: int
    lost: int  # right before, wrong now
    gained: int  # wrong before, right now

    @property
    def change(self) -> float:
        """Accuracy now less accuracy before."""
        return self._share(self.gained - self.lost)

    @property
    def chance(self) -> float:
        """The probability of so many losses or more if neither were better."""
        return float(_tail(self.lost + self.gained, self.lost))

    def loss_limit(self, significance: float) -> float:
        """The greatest loss of accuracy that this number of images can't tell from chance, at these gains."""
        return self._share(self._most_lost(significance) - self.gained)

    def detectable(self, significance: float) -> float:
        """The smallest loss of accuracy that this number of images shows, at these gains."""
        return self._share(self._most_lost(significance) + 1 - self.gained)

    def _most_lost(self, significance: float) -> int:
        lost = np.arange(self.gained, 2 * self.gained + BEYOND)
        return int(lost[_tail(lost + self.gained, lost) >= significance].max(initial=self.gained))

    def _share(self, images: int) -> float:
        return images / self.images if self.images else 0.0


def compare(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> Paired:
    """From which images each of the two gets right, both (N,)."""
    return Paired(len(before), int((before & ~now).sum()), int((now & ~before).sum()))


def _tail(trials: NDArray[np.int64] | int, least: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """P(X >= least) for so many throws of a fair coin."""
    return np.asarray(bdtrc(np.asarray(least, float) - 1, trials, 0.5))
