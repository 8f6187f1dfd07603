"""Few pictures are calibrated by what networks say of those that they have not seen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.digits import mnist
from trainer.calibrate import Witness, calibrate
from trainer.config import Recipe
from trainer.cross_fit import ENOUGH, MOST, is_needed, witnesses
from trainer.folds import FOLDS, folds_of
from trainer.prepare import Prepared
from trainer.progress import Silent
from trainer.train import Trained, train

DIGITS = mnist("train")
RECIPE = Recipe(epochs=1, rotation=0, shift=0, scale=0, shear=0, elastic=0, thickness=0, average=0.9)
UNTOLD = Silent(None)


def prepared(classes: np.ndarray, **counts: int) -> Prepared:
    """Digits with such classes, so many in each part, one after another."""
    ends = np.cumsum(list(counts.values()))
    rows = {part.replace("_", " "): np.arange(end - counts[part], end) for part, end in zip(counts, ends, strict=True)}
    images = DIGITS.images[: len(classes), ..., None].copy()
    return Prepared(("a", "b"), images, classes.astype(np.int32), rows, (), 0)


def fitted(found: Prepared, recipe: Recipe) -> Trained:
    return train(recipe, found, None, UNTOLD)


@pytest.fixture(scope="module")
def few() -> Prepared:
    found = prepared(np.arange(60) % 2, fit=30, uploads=10, validation=6, gate=8, test=6)
    found.images[1:4] = found.images[0]  # the same picture, under both labels
    return found


@pytest.fixture(scope="module")
def trained(few: Prepared) -> Trained:
    return fitted(few, RECIPE)


@pytest.fixture(scope="module")
def asked(few: Prepared, trained: Trained) -> list[Witness]:
    return witnesses(trained, few, RECIPE, None, UNTOLD)


def test_each_picture_is_seen_by_one_network_that_did_not_learn_from_it(few: Prepared, asked: list[Witness]) -> None:
    first, *others = asked
    assert len(others) == FOLDS
    assert first.prepared is few
    assert first.unseen.tolist() == few.rows["validation"].tolist()
    learnt = [*few.rows["fit"].tolist(), *few.rows["uploads"].tolist()]
    assert sorted(row for each in others for row in each.unseen.tolist()) == learnt
    for each in others:
        taught = {row for part in ("fit", "uploads") for row in each.prepared.rows[part].tolist()}
        assert taught == set(learnt) - set(each.unseen.tolist())
        assert len(set(each.unseen.tolist()) & {0, 1, 2, 3}) in (0, 4)
        assert {0, 1} == set(each.classes.tolist())


@pytest.mark.long(seconds=8)
def test_the_same_seed_calibrates_the_same(few: Prepared, trained: Trained, asked: list[Witness]) -> None:
    weights = trained.model.get_weights()
    one, other = (calibrate(who, RECIPE) for who in (asked, witnesses(trained, few, RECIPE, None, UNTOLD)))
    assert (one.temperature, one.score_threshold) == (other.temperature, other.score_threshold)
    assert (one.images, one.folds) == (46, FOLDS)
    assert all(np.array_equal(a, b) for a, b in zip(weights, trained.model.get_weights(), strict=True))


@pytest.mark.long(seconds=20)
def test_what_was_learnt_by_heart_is_not_believed() -> None:
    """Of labels that mean nothing the two pictures that validate are right by luck."""
    recipe = replace(RECIPE, epochs=20)
    found = prepared(np.random.default_rng(1).integers(0, 2, 42), fit=40, uploads=0, validation=2)
    trained = fitted(found, recipe)
    images, classes = found.part("validation")
    classes[:] = trained.model.predict(images, verbose=0).argmax(axis=1)
    found.classes[found.rows["validation"]] = classes
    who = witnesses(trained, found, recipe, None, UNTOLD)
    assert calibrate(who[:1], recipe).temperature < 1
    assert calibrate(who, recipe).temperature > 1.5


@pytest.mark.parametrize(
    ("validation", "fit", "recipe", "parent", "needed"),
    [
        (10, 50, RECIPE, None, True),
        (10, 50, RECIPE, {"calibration": {"folds": FOLDS}}, True),
        (10, 50, RECIPE, {"calibration": {"folds": 0}}, False),
        (10, 50, RECIPE, {"calibration": {"temperature": 1.0}}, False),
        (10, 50, RECIPE, {}, False),
        (ENOUGH, 50, RECIPE, None, False),
        (10, MOST + 1, RECIPE, None, False),
        (10, FOLDS - 1, RECIPE, None, False),
        (10, 50, replace(RECIPE, backbone="efficientnet-lite0"), None, False),
    ],
)
def test_where_many_validate_or_it_takes_long_or_others_taught_it_nothing_is_trained_again(
    validation: int, fit: int, recipe: Recipe, parent: dict[str, Any] | None, needed: bool
) -> None:
    rows = {"fit": np.arange(fit), "uploads": np.arange(0), "validation": np.arange(fit, fit + validation)}
    nothing = np.empty(0, np.uint8), np.empty(0, np.int32)
    assert is_needed(Prepared(("a", "b"), *nothing, rows, (), 0), recipe, parent) is needed


@pytest.mark.parametrize("count", [5, 17, 60])
def test_every_fold_has_as_many_of_a_class_or_one_less(count: int) -> None:
    classes = np.arange(count, dtype=np.int32) % 3
    folds = folds_of(classes, np.random.default_rng(0))
    for number in range(3):
        counts = np.bincount(folds[classes == number], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1
