"""How little a share of few images says: the interval that holds the true share, whatever it is, so many times in 100.

Clopper and Pearson 1934 (https://doi.org/10.1093/biomet/26.4.404): exact, so for few images too.
"""

from dataclasses import dataclass

from scipy.special import betaincinv

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """Of so many images so many are right, and the share of others like them lies between these."""

    right: int
    images: int
    least: float
    most: float

    def __str__(self) -> str:
        return (
            f"{self.right} of {self.images} pictures that judge are right, so that of others like them "
            f"{100 * self.least:.1f} to {100 * self.most:.1f} % are ({CONFIDENCE:.0%} confidence)"
        )


def interval(right: int, images: int) -> Interval:
    """The Clopper-Pearson interval; from nothing to all where there is no image."""
    tail = (1 - CONFIDENCE) / 2
    least = float(betaincinv(right, images - right + 1, tail)) if right else 0.0
    most = float(betaincinv(right + 1, images - right, 1 - tail)) if right < images else 1.0
    return Interval(right, images, least, most)
