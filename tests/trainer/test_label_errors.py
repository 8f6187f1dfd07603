"""An upload's label is judged by what the labels of others say; test_run.py has what comes of it in a training."""

import numpy as np
import pytest

from trainer.folds import FOLDS
from trainer.label_errors import cross_fitted


def blobs(*counts: int) -> tuple[np.ndarray, np.ndarray]:
    """Features about a point of their class, so many of each."""
    random = np.random.default_rng(1)
    classes = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return (4 * np.eye(8)[classes] + random.normal(0, 1, (len(classes), 8))).astype(np.float32), classes


def test_an_image_is_judged_without_its_own_label() -> None:
    """Whatever label it has: the answers about its fold are the same."""
    features, classes = blobs(30, 30)
    answers = []
    for label in (0, 1):
        classes[0] = label
        base, base_classes = blobs(20, 20)
        found = cross_fitted(features[:1], classes[:1], base, base_classes, 2, np.random.default_rng(0))
        answers.append(found[0].tolist())
    assert answers[0] == answers[1]
    assert answers[0][0] > 0.5


@pytest.mark.parametrize("base", [0, 100])
def test_flipped_labels_are_less_probable_than_all_others(base: int) -> None:
    features, classes = blobs(300, 300, 300)
    given = classes.copy()
    given[::30] = (given[::30] + 1) % 3
    beside = blobs(base // 3, base // 3, base // 3)
    own = cross_fitted(features, given, *beside, 3, np.random.default_rng(0))[np.arange(len(given)), given]
    assert own[given != classes].max() < own[given == classes].min()


def test_what_alone_shows_its_class_is_taken_at_its_word() -> None:
    features, classes = blobs(2 * FOLDS, 2 * FOLDS, 1)
    nothing = features[:0], classes[:0]
    assert cross_fitted(features, classes, *nothing, 3, np.random.default_rng(0))[-1].tolist() == [0, 0, 1]


@pytest.mark.parametrize("counts", [(3,), (1, 1)])
def test_few_images_are_no_hindrance(counts: tuple[int, ...]) -> None:
    features, classes = blobs(*counts)
    found = cross_fitted(features, classes, features[:0], classes[:0], len(counts), np.random.default_rng(0))
    assert found.shape == (len(classes), len(counts))
    assert np.isfinite(found).all()
