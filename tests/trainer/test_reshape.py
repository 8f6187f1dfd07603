"""The last layer for other classes: what stays answers as before, what is merged or new begins by a stated rule."""

import numpy as np
import pytest

from trainer.newcomer import fitted_row
from trainer.reshape import kept_rows

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
