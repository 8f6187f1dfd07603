"""The score is high for what looks like the training images and points to one class alone, and never beyond 1."""

import numpy as np
import pytest

from trainer.score import fitted_score, main_directions

RANDOM = np.random.default_rng(0)
FEATURES, CLASSES = 30, 4
CENTRES = np.zeros((CLASSES, FEATURES), np.float32)
CENTRES[np.arange(CLASSES), np.arange(CLASSES)] = 5
WEIGHTS = CENTRES.T


def images(count: int = 500) -> np.ndarray:
    """Features of images, each near its class's centre."""
    near = CENTRES[np.arange(count) % CLASSES] * RANDOM.uniform(0.5, 2, (count, 1))
    return (near + np.abs(RANDOM.normal(0, 0.05, near.shape))).astype(np.float32)


def test_the_main_directions_are_as_many_as_the_means_of_the_classes_span() -> None:
    directions = main_directions(images(), CLASSES)
    assert directions.shape == (FEATURES, 8)
    assert np.allclose(directions.T @ directions, np.eye(8), atol=1e-5)
    assert main_directions(images(), 11).shape == (FEATURES, 10)
    assert main_directions(images(), 100).shape == (FEATURES, 10)  # a third of the features


def test_the_score_compares_with_the_best_of_the_training_images() -> None:
    known = images()
    score = fitted_score(known, known @ WEIGHTS)
    found = score.of(known, known @ WEIGHTS)
    assert found.max() == pytest.approx(1, abs=1e-6)
    assert found.min() > 0.6
    longer = score.of(3 * known, 3 * known @ WEIGHTS)  # how strong a picture is does not matter
    assert longer == pytest.approx(found, abs=0.1)


def test_what_is_foreign_or_unclear_or_nothing_has_a_low_score() -> None:
    known = images()
    score = fitted_score(known, known @ WEIGHTS)
    aside = np.zeros((1, FEATURES), np.float32)
    aside[0, 20] = 5
    foreign = aside + 0.1 * CENTRES[:1]
    between = (CENTRES[:1] + CENTRES[1:2]) / 2
    nothing = np.zeros((1, FEATURES), np.float32)
    others: list[np.ndarray] = [foreign, between, nothing, 1e-4 * known[:1]]
    for features in others:
        assert score.of(features, features @ WEIGHTS)[0] < 0.4 * score.of(known, known @ WEIGHTS).min()
    assert score.of(nothing, np.array([[9, 0, 0, 0]], np.float32))[0] == 0


def test_no_score_is_beyond_1() -> None:
    known = images()
    score = fitted_score(known, known @ WEIGHTS)
    clearer = CENTRES * 2
    assert score.of(clearer, 10 * clearer @ WEIGHTS).max() == 1
