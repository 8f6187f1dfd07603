"""The learned score doubts what was not read rightly, and the exported graph computes it as it was learned."""

import numpy as np
import pytest

from tests.digits import mnist
from trainer.calibrate import COPIES, LEAST_LESSON, Witness, calibrate, outputs_of
from trainer.config import Recipe
from trainer.hands import LABELS
from trainer.learned_score import LearnedScore, changed, learned_score, lesson
from trainer.model import build_model
from trainer.prepare import Prepared
from trainer.score import Score, fitted_score

RANDOM = np.random.default_rng(0)
FEATURES, CLASSES = 40, 10
WEIGHTS = np.eye(FEATURES, CLASSES, dtype=np.float32) * 3


def pictures(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features with their logits, and whether the answer is right: not where a feature of no class is strong."""
    features = np.abs(RANDOM.normal(0, 0.1, (count, FEATURES)))
    features[np.arange(count), RANDOM.integers(CLASSES, size=count)] += 3
    foreign = RANDOM.random(count) < 0.3
    features[foreign, 20 + RANDOM.integers(5, size=foreign.sum())] += 2
    features = features.astype(np.float32)
    return features, features @ WEIGHTS, ~foreign


def learned() -> LearnedScore:
    features, logits, right = pictures(3000)
    return learned_score(fitted_score(features[right], logits[right]), features, logits, right, seed=0)


def test_what_is_foreign_has_lower_scores_and_all_are_from_0_to_1() -> None:
    features, logits, right = pictures(1000)
    found = learned().of(features, logits)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.quantile(found[~right], 0.95) < np.quantile(found[right], 0.05)
    assert learned().of(np.zeros((1, FEATURES), np.float32), np.zeros((1, CLASSES), np.float32))[0] == 0


@pytest.mark.long(seconds=4)
def test_it_follows_from_the_seed() -> None:
    features, logits, right = pictures(1500)
    likeness = fitted_score(features, logits)
    one, again, other = (learned_score(likeness, features, logits, right, seed).last for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_lesson_has_all_plain_and_changed_and_of_no_digit_no_class() -> None:
    digits = mnist("train")
    images, classes = digits.images[:200, ..., None], digits.classes[:200].astype(np.int32)
    found, told = lesson(images, classes, Recipe())
    assert len(found) == len(told) == 2 * (200 + 200 + 240)
    assert np.array_equal(found[:200], images)
    assert not np.array_equal(found[640:840], images)
    assert np.array_equal(told[:640], told[640:])
    assert (told[400:640] == -1).all()
    assert (told[:400] >= 0).all()


@pytest.mark.parametrize(
    ("labels", "count", "kind"),
    [
        pytest.param(LABELS, LEAST_LESSON, LearnedScore, marks=pytest.mark.long(seconds=3)),
        (LABELS, LEAST_LESSON - 1, Score),
        (tuple("abcdefghij"), 1500, Score),
    ],
)
def test_it_is_learned_of_digits_alone_and_of_enough(labels: tuple[str, ...], count: int, kind: type) -> None:
    digits = mnist("train")
    images, classes = digits.images[:count, ..., None], digits.classes[:count].astype(np.int32)
    rows = {"fit": np.arange(count), "uploads": np.arange(0)}
    who = Witness(build_model(Recipe(), 10), Prepared(labels, images, classes, rows, (), 0), np.arange(20))
    assert isinstance(calibrate([who], Recipe()).score, kind)


@pytest.mark.long(seconds=4)
def test_the_threshold_of_a_learned_score_is_set_by_changed_copies_too() -> None:
    digits = mnist("train")
    images, classes = digits.images[:1100, ..., None], digits.classes[:1100].astype(np.int32)
    rows = {"fit": np.arange(1000), "validation": np.arange(1000, 1100), "uploads": np.arange(0)}
    model = build_model(Recipe(), 10)
    found = calibrate([Witness(model, Prepared(LABELS, images, classes, rows, (), 0), rows["validation"])], Recipe())
    copies = [changed(images[1000:], Recipe(), copy) for copy in range(1, COPIES + 1)]
    _, scores = found.answers(*outputs_of(model, np.concatenate([images[1000:], *copies])))
    assert found.score_threshold == pytest.approx(np.quantile(scores, LearnedScore.doubted_quantile), abs=1e-6)
