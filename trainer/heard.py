"""Few pictures among many are repeated, so that a class which uploads alone teach is heard beside those of the base."""

import math

import numpy as np

from trainer.likeness import Rows
from trainer.prepare import Prepared

REPEATED_MOST = 20  # times an epoch: what is seen oftener is learnt by heart


def heard(prepared: Prepared) -> Rows:
    """The rows of the fit part for an epoch: such a class up to the mean of the others, as far as repeating goes."""
    fit = prepared.rows["fit"]
    classes = prepared.classes[fit]
    alone = [number for number in range(len(prepared.labels)) if prepared.labels[number] in prepared.alone]
    others = np.bincount(classes[~np.isin(classes, alone)], minlength=1)
    usual = others.sum() / max(1, np.count_nonzero(others))
    again = [fit]
    for number in alone:
        mine = fit[classes == number]
        if len(mine):
            again.append(np.tile(mine, max(0, min(REPEATED_MOST, math.ceil(usual / len(mine))) - 1)))
    return np.concatenate(again)
