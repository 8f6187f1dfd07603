"""The interval holds the true share as often as it says, and says how little few images tell."""

import numpy as np
import pytest
from scipy.stats import binom

from export.interval import CONFIDENCE, interval


@pytest.mark.parametrize(
    ("right", "images", "least", "most"),
    [(4, 4, 0.3976, 1.0), (0, 4, 0.0, 0.6024), (3, 4, 0.1941, 0.9937), (27, 28, 0.8165, 0.9991), (0, 0, 0.0, 1.0)],
)
def test_intervals_as_the_tables_have_them(right: int, images: int, least: float, most: float) -> None:
    found = interval(right, images)
    assert (round(found.least, 4), round(found.most, 4)) == (least, most)


@pytest.mark.parametrize("images", [4, 28, 200])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.81, 0.99])
def test_the_true_share_lies_within_as_often_as_is_said(images: int, share: float) -> None:
    chances = binom.pmf(np.arange(images + 1), images, share)
    within = [interval(right, images).least <= share <= interval(right, images).most for right in range(images + 1)]
    assert chances[within].sum() >= CONFIDENCE
