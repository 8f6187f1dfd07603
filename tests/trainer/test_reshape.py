"""The last layer for other classes: what stays answers as before, what is merged or new begins by a stated rule."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks import shipped
from tests.digits import Digits
from trainer.config import Recipe
from trainer.model import build_model
from trainer.newcomer import fitted_row
from trainer.prepare import Prepared
from trainer.reshape import kept_rows, reshape

KERNEL = np.arange(12, dtype=np.float32).reshape(3, 4)
BIAS = np.array([0, 1, 2, 5], np.float32)


def test_a_class_that_stays_keeps_its_row() -> None:
    kernel, bias = kept_rows(KERNEL, BIAS, ((3,), (), (0,)))
    assert kernel[:, [0, 2]].tolist() == KERNEL[:, [3, 0]].tolist()
    assert bias.tolist() == [5, 0, 0]


def test_merged_ones_begin_with_their_mean() -> None:
    kernel, bias = kept_rows(KERNEL, BIAS, ((0, 2), (1,), (3,)))
    assert kernel[:, 0].tolist() == KERNEL[:, [0, 2]].mean(axis=1).tolist()
    assert bias[0] == np.float32(1 + np.log(2))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_new_one_is_told_from_the_others_from_the_start(scale: float) -> None:
    """Three classes that are known by one feature each, and a fourth by another one."""
    random = np.random.default_rng(5)
    classes = np.repeat([0, 1, 2, 3], [300, 300, 300, 20])
    features = (scale * np.abs(random.normal(0, 0.2, (920, 8)))).astype(np.float32)
    features[np.arange(920), classes] += scale
    kernel = np.zeros((8, 3), np.float32)
    kernel[[0, 1, 2], [0, 1, 2]] = 10 / scale
    logits = features @ kernel
    row, bias = fitted_row(features, logits, classes == 3, 1 / 4)
    said = np.column_stack([logits, features @ row + bias]).argmax(axis=1)
    assert (said[classes == 3] == 3).mean() >= 0.95
    assert (said[classes < 3] == classes[classes < 3]).mean() >= 0.99


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")
def test_a_class_that_only_uploads_show_is_known_before_a_step_is_trained(tmp_path: Path, digits: Digits) -> None:
    """Squares in outline, beside a base of digits."""
    random = np.random.default_rng(3)
    squares = np.zeros((60, 28, 28, 1), np.uint8)
    for square in squares:
        left, top = random.integers(3, 7, 2)
        right, bottom = random.integers(20, 25, 2)
        square[[top, bottom], left : right + 1] = square[top : bottom + 1, [left, right]] = 255
    images = np.concatenate([digits.images[:500, ..., None], squares])
    classes = np.concatenate([digits.classes[:500].astype(np.int32), np.full(60, 10, np.int32)])
    rows = {"fit": np.arange(500), "uploads": np.arange(500, 530)}
    prepared = Prepared((*map(str, range(10)), "square"), images, classes, rows, (), 0)
    weights = tmp_path / "start.weights.h5"
    shutil.copyfile(shipped.FOLDER / "model.weights.h5", weights)

    reshape(weights, Recipe(), 10, (*((each,) for each in range(10)), ()), prepared)

    model = build_model(Recipe(), 11)
    model.load_weights(weights)
    said = model.predict(images, verbose=0).argmax(axis=1)
    assert (said[530:] == 10).mean() >= 0.9
    assert (said[:500] == classes[:500]).mean() >= 0.98
