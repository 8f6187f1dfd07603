"""Where few pictures validate, those that are trained on help to calibrate, each seen by a network that never saw it.

The temperature and the threshold of a dozen pictures say next to nothing. So of what is trained on a fifth at a time is
left out, a network trained on the others by the same recipe, and asked about that fifth (cross-fitting; Stone 1974,
https://doi.org/10.1111/j.2517-6161.1974.tb00994.x). From scratch, since the weights of an earlier version have seen all
of it. What judges, the gate and the test part, takes no part in it (docs/decisions/0068-cross-fitting.md).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from trainer.backbone.known import NONE
from trainer.calibrate import Witness
from trainer.config import Recipe
from trainer.folds import FOLDS, Folds, folds_of
from trainer.groups import leaders
from trainer.parts import hash_of
from trainer.prepare import Prepared
from trainer.progress import Report, Silent
from trainer.replay import Rows
from trainer.train import Trained, default_epochs, train

ENOUGH = 200  # validation pictures: so many say enough themselves
MOST = 2000  # pictures trained on: of more it would take minutes


def witnesses(
    trained: Trained, prepared: Prepared, recipe: Recipe, parent: Mapping[str, Any] | None, report: Report
) -> list[Witness]:
    """Who calibrates: what was trained, with the validation part; and where that is small a network of each fold.

    `parent` is the report of the version whose weights were gone on from.
    """
    found = [Witness(trained.model, prepared, prepared.rows["validation"])]
    if not is_needed(prepared, recipe, parent):
        return found
    recipe = replace(recipe, epochs=default_epochs(recipe, went_on=False) if trained.went_on else trained.epochs)
    rows = np.concatenate([prepared.rows["fit"], prepared.rows["uploads"]])
    folds = _folds(prepared, rows, np.random.default_rng([recipe.seed, len(rows)]))
    for fold in range(FOLDS):
        report("calibrating", f"calibrating: a network without fold {fold + 1} of {FOLDS}")
        left_out = rows[folds == fold]
        if not len(left_out):  # nearly all are the same
            continue
        others = {part: np.setdiff1d(prepared.rows[part], left_out) for part in ("fit", "uploads")}
        without = replace(prepared, rows=prepared.rows | others)
        found.append(Witness(train(recipe, without, None, Silent(None)).model, without, left_out))
    return found


def is_needed(prepared: Prepared, recipe: Recipe, parent: Mapping[str, Any] | None) -> bool:
    """Whether so few pictures validate, and training again takes seconds: of a pretrained network it takes minutes.

    Weights that learned elsewhere, of more pictures, know what a network of these alone would not.
    """
    if parent is not None:
        calibration = parent.get("calibration")
        if not isinstance(calibration, dict) or not calibration.get("folds"):
            return False
    learnt = len(prepared.rows["fit"]) + len(prepared.rows["uploads"])
    return recipe.backbone == NONE and len(prepared.rows["validation"]) < ENOUGH and FOLDS <= learnt <= MOST


def _folds(prepared: Prepared, rows: Rows, random: np.random.Generator) -> Folds:
    """A fold for each of the rows, (N,); near copies are in one, or, where too many are alike, what is the same."""
    group_of = np.array(list(leaders(prepared.images[row] for row in rows)), np.int64)
    if np.bincount(group_of).max() > len(rows) / FOLDS:
        same: dict[bytes, int] = {}
        group_of = np.array([same.setdefault(hash_of(prepared.images, row), len(same)) for row in rows], np.int64)
    _, first, group_of = np.unique(group_of, return_index=True, return_inverse=True)
    return folds_of(prepared.classes[rows[first]], random)[group_of]
