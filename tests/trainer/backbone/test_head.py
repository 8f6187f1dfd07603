"""The last layer on features that stay: it tells classes apart, and is as careful as few pictures ask for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.backbone.head import FOLDS, RIDGES, _folds, fitted_head

Features = NDArray[np.float32]


def some(each: int, spread: float, classes: int = 3, seed: int = 0) -> tuple[Features, NDArray[np.int32]]:
    """Features around one mean a class, with a feature that is always the same, and many that say nothing."""
    random = np.random.default_rng(seed)
    told = np.repeat(np.arange(classes, dtype=np.int32), each)
    features = np.abs(random.normal(1, spread, (len(told), 40)))
    features[np.arange(len(told)), told] += 2
    features[:, 39] = 0.25
    return features.astype(np.float32), told


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_it_tells_classes_that_it_did_not_see_the_pictures_of(scale: float) -> None:
    features, classes = some(30, 0.3)
    head = fitted_head(features * np.float32(scale), classes, 3, len(classes))
    others, told = some(50, 0.3, seed=1)
    said = (others * np.float32(scale) @ head.kernel + head.bias).argmax(axis=1)
    assert (said == told).mean() > 0.98
    assert head.log_loss < 0.2


def test_what_says_nothing_is_held_down() -> None:
    """Of features that have nothing to do with the classes the strongest ridge is the best, and all are alike."""
    random = np.random.default_rng(0)
    features, classes = random.normal(0, 1, (60, 40)).astype(np.float32), np.tile([0, 1], 30).astype(np.int32)
    head = fitted_head(features, classes, 2, 60)
    assert head.ridge == RIDGES[-1]
    assert head.log_loss < 1.2


def test_changed_pictures_choose_nothing() -> None:
    """They are like those that they were made of, which would make every fold look easy."""
    features, classes = some(12, 1.5)
    alone = fitted_head(features, classes, 3, len(classes))
    twice = fitted_head(np.tile(features, (2, 1)), np.tile(classes, 2), 3, len(classes))
    assert (twice.ridge, twice.log_loss) == pytest.approx((alone.ridge, alone.log_loss), rel=1e-3)


def test_a_class_without_a_picture_is_never_said() -> None:
    features, classes = some(20, 0.3)
    head = fitted_head(features, classes, 4, len(classes))
    assert ((features @ head.kernel + head.bias).argmax(axis=1) == classes).mean() > 0.98


def test_every_fold_has_as_many_of_each_class() -> None:
    classes = np.array([0, 1] * 6 + [2] * 4, np.int32)
    counts = [[int((classes[_folds(classes) == fold] == number).sum()) for number in range(3)] for fold in range(FOLDS)]
    assert counts == [[2, 2, 2], [2, 2, 1], [2, 2, 1]]
