"""The second opinion answers what the first does not know, leaves it what it does, and doubts what is neither's."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.digits import mnist
from trainer.calibrate import LEAST_LESSON, _score
from trainer.config import Recipe
from trainer.hands import FOREIGN, LABELS
from trainer.model import build_model
from trainer.prepare import Prepared
from trainer.score import Score, fitted_score
from trainer.second_opinion import HANDS, Lesson, SecondOpinion, make_lesson, second_opinion

FEATURES, CLASSES = 40, 10
WEIGHTS = np.eye(FEATURES, CLASSES, dtype=np.float32) * 3
OWN, OTHER, NONE = 0, 1, 2  # kinds


@dataclass(frozen=True)
class Seen:
    """What the classifier makes of images: of its own kind it is right; other hands' have a class beside its."""

    features: np.ndarray
    kinds: np.ndarray
    lesson: Lesson

    @property
    def logits(self) -> np.ndarray:
        return self.features @ WEIGHTS


def seen(count: int, seed: int = 0) -> Seen:
    random = np.random.default_rng(seed)
    features = np.abs(random.normal(0, 0.1, (count, FEATURES)))
    classes, rows = random.integers(CLASSES, size=count).astype(np.int32), np.arange(count)
    kinds = random.choice([OWN, OTHER, NONE], count, p=[0.5, 0.3, 0.2])
    features[rows, np.where(kinds == OTHER, (classes + 1) % CLASSES, classes)] += 3
    features[kinds == OTHER, 20 + classes[kinds == OTHER]] += 4
    features[kinds == NONE, 35] += 4
    told = np.where(kinds == NONE, FOREIGN, classes).astype(np.int32)
    images = np.zeros((count, 1, 1, 1), np.uint8)
    return Seen(features.astype(np.float32), kinds, Lesson(images, told, kinds == OWN))


def learned(seed: int = 0) -> SecondOpinion:
    of = seen(30_000)
    own = of.kinds == OWN
    return second_opinion(fitted_score(of.features[own], of.logits[own]), of.features, of.logits, of.lesson, seed)


@pytest.fixture(scope="module")
def opinion() -> SecondOpinion:
    return learned()


def test_other_hands_are_read_and_the_classifier_keeps_its_own(opinion: SecondOpinion) -> None:
    new = seen(1000, seed=1)
    answers = opinion.answers(new.features, new.logits)[0].argmax(axis=1)
    assert (new.logits.argmax(axis=1) != new.lesson.classes)[new.kinds == OTHER].all()
    assert (answers == new.lesson.classes)[new.kinds == OTHER].mean() > 0.95
    assert (answers == new.lesson.classes)[new.kinds == OWN].all()


def test_what_is_foreign_has_lower_scores_and_all_are_from_0_to_1(opinion: SecondOpinion) -> None:
    new = seen(1000, seed=1)
    probabilities, scores = opinion.answers(new.features, new.logits)
    assert probabilities.dtype == scores.dtype == np.float32
    assert 0 <= scores.min() < scores.max() <= 1
    assert np.quantile(scores[new.kinds == NONE], 0.95) < np.quantile(scores[new.kinds == OWN], 0.05)
    assert opinion.answers(np.zeros((1, FEATURES), np.float32), np.zeros((1, CLASSES), np.float32))[1][0] == 0


def test_it_follows_from_the_seed(opinion: SecondOpinion) -> None:
    assert np.allclose(opinion.last, learned().last, atol=1e-3)
    assert not np.allclose(opinion.last, learned(seed=1).last, atol=1e-3)


def test_a_lesson_has_all_plain_and_changed_and_of_no_digit_no_class() -> None:
    digits = mnist("train")
    images, classes = digits.images[:100, ..., None], digits.classes[:100].astype(np.int32)
    lesson = make_lesson(images, classes, Recipe())
    digit, half = round(100 * (1 + HANDS)), len(lesson.images) // 2
    assert len(lesson.images) == len(lesson.classes) == len(lesson.own) == 2 * half
    assert np.array_equal(lesson.images[:100], images)
    assert not np.array_equal(lesson.images[half : half + 100], images)
    assert np.array_equal(lesson.classes[:half], lesson.classes[half:])
    assert np.array_equal(lesson.classes[:100], classes)
    assert (lesson.classes[digit:half] == FOREIGN).all()
    assert (lesson.classes[:digit] >= 0).all()
    assert np.flatnonzero(lesson.own).tolist() == [*range(100), *range(half, half + 100)]


@pytest.mark.parametrize(
    ("labels", "count", "kind"),
    [(LABELS, LEAST_LESSON, SecondOpinion), (LABELS, LEAST_LESSON - 1, Score), (tuple("abcdefghij"), 1500, Score)],
)
def test_it_is_learned_of_digits_alone_and_of_enough(labels: tuple[str, ...], count: int, kind: type) -> None:
    digits = mnist("train")
    images, classes = digits.images[:count, ..., None], digits.classes[:count].astype(np.int32)
    rows = {"fit": np.arange(count), "uploads": np.arange(0)}
    prepared = Prepared(labels, images, classes, rows, (), 0)
    assert isinstance(_score(build_model(Recipe(), 10), prepared, Recipe(), np.float32(1)), kind)
