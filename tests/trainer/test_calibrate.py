"""The temperature makes confidence honest."""

import numpy as np
import pytest

from export.calibration import calibration_error
from trainer.calibrate import fitted_temperature
from trainer.evaluate import metrics, negative_log_likelihood, softmax

RANDOM = np.random.default_rng(0)


def honest(count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes that are drawn from exactly the probabilities that they mean."""
    logits = RANDOM.normal(0, 2, (count, 5)).astype(np.float32)
    chances = softmax(logits).cumsum(axis=1)
    return logits, (RANDOM.random((count, 1)) > chances).sum(axis=1).clip(0, 4).astype(np.int32)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_made_the_logits_too_large_or_small(factor: float) -> None:
    logits, classes = honest()
    found = fitted_temperature(logits * np.float32(factor), classes)
    assert found == pytest.approx(factor, rel=0.05)
    calibrated = softmax(logits * np.float32(factor / found))
    assert calibration_error(calibrated, classes) < 0.015


@pytest.mark.parametrize("count", [1, 2, 4, 16])
@pytest.mark.parametrize("right", [True, False])
def test_few_pictures_move_the_temperature_little(count: int, right: bool) -> None:
    """Of those that are all right the least temperature is the best, of those that are all wrong the greatest."""
    classes = np.zeros(count, np.int32)
    logits = np.tile(np.array([[1.0, 0.0] if right else [0.0, 1.0]], np.float32), (count, 1))
    found = fitted_temperature(logits, classes)
    assert 0.5 < found < 1 if right else 1 < found < 2.2
    if count > 1:
        assert abs(np.log(found)) > abs(np.log(fitted_temperature(logits[:1], classes[:1])))


def test_a_constant_certainty_does_not_look_calibrated() -> None:
    classes = (np.arange(10_000) % 10 == 0).astype(np.int32)  # one in ten is not what is always said
    certain = np.tile(np.array([[1.0, 0.0]], np.float32), (10_000, 1))
    assert calibration_error(certain, classes) == pytest.approx(0.1, abs=1e-6)
    assert negative_log_likelihood(certain, classes) > 3


def test_metrics_of_a_few_answers_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.4, 0], [0.1, 0.1, 0.8]], np.float32)
    found = metrics(probabilities, np.array([0, 1, 1, 2], np.int32), ("a", "b", "c"))
    assert (found["images"], found["right"], found["accuracy"]) == (4, 3, 0.75)
    assert found["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert found["classes"]["b"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "images": 2}
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.8]).mean(), rel=1e-6)
    assert sum(each["images"] for each in found["reliability"]) == 4
