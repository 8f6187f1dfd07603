"""Losses that chance explains one by one do not add up; and so many images say no more than they can."""

from collections.abc import Callable

import numpy as np
import pytest

from export.calibration import calibration_error, calibration_loss
from export.gate import Contender, Judging, Limits, judge
from export.paired import Paired
from tests.export.test_gate import CLASSES, COST, COUNT, NOTHING, PARITY, Recited, failed, numbered, wrong_at

JUDGING = Judging((numbered(COUNT), CLASSES), NOTHING)
THREES = np.flatnonzero(CLASSES == 3)
EQUAL_PAIRS, EQUAL_IMAGES = 120, 300


def slide(steps: int, lost_at: Callable[[int], np.ndarray], anchored: bool) -> tuple[np.ndarray, int]:
    """So many retrains, each losing some images more: what the last published one gets right, and how many were."""
    first = Recited("0", wrong_at(np.arange(1, 240, 10)))  # 99.6 %
    current, lost, published = first, np.empty(0, int), 0
    for step in range(steps):
        more = np.concatenate([lost, lost_at(step)])
        candidate = Recited(str(step + 1), wrong_at(np.arange(1, 240, 10), more))
        anchors = [first] if anchored and published else []
        verdict = judge(Contender(candidate, COST), Contender(current, COST), PARITY, JUDGING, Limits(), anchors)
        if verdict.passed:
            current, lost, published = candidate, more, published + 1
    return current.predict(JUDGING.gate[0]).probabilities.argmax(axis=1) == CLASSES, published


def of_one_class(step: int) -> np.ndarray:
    return THREES[6 * step : 6 * step + 6]


def of_all_classes(step: int) -> np.ndarray:
    return np.arange(300, COUNT)[6 * step : 6 * step + 6]


@pytest.mark.parametrize(("steps", "lost_at"), [(30, of_one_class), (36, of_all_classes)])
def test_each_step_is_within_chance_and_passes_without_an_anchor(
    steps: int, lost_at: Callable[[int], np.ndarray]
) -> None:
    assert slide(steps, lost_at, anchored=False)[1] == steps


def test_a_class_that_slides_is_stopped_by_the_anchor() -> None:
    right, published = slide(30, of_one_class, anchored=True)
    assert 0 < published < 4
    assert right[THREES].mean() > 0.98


def test_an_accuracy_that_slides_is_stopped_by_the_anchor() -> None:
    right, published = slide(36, of_all_classes, anchored=True)
    assert 0 < published < 6
    assert right.mean() >= 0.996 - Limits().anchor_margin - 0.001


def test_the_anchor_is_named_and_its_margin_is_a_setting() -> None:
    best, current, candidate = (
        Recited(name, wrong_at(np.arange(count))) for name, count in (("3", 0), ("8", 40), ("c", 45))
    )
    verdict = judge(Contender(candidate, COST), Contender(current, COST), PARITY, JUDGING, Limits(), [best])
    assert failed(verdict) == {"accuracy change since version 3"}
    assert verdict.reason is not None
    assert "accuracy since version 3 went down by 0.75 points, at most 0.50 are allowed" in verdict.reason
    assert (verdict.against, verdict.anchors) == ("8", ("3",))
    wide = Limits(anchor_margin=0.01)
    assert judge(Contender(candidate, COST), Contender(current, COST), PARITY, JUDGING, wide, [best]).passed


def test_a_current_version_that_can_not_be_loaded_leaves_the_anchors() -> None:
    best, candidate = Recited("3", CLASSES), Recited("c", wrong_at(np.arange(100)))
    assert judge(Contender(candidate, COST), None, PARITY, JUDGING, Limits()).passed
    assert not judge(Contender(candidate, COST), None, PARITY, JUDGING, Limits(), [best]).passed


def test_each_comparison_says_the_smallest_loss_that_it_could_have_shown() -> None:
    model = Recited("1", wrong_at(np.arange(60)))
    verdict = judge(Contender(model, COST), Contender(model, COST), PARITY, JUDGING, Limits())
    shown = {check.name: check.detectable for check in verdict.checks}
    assert shown["accuracy change"] == 7 / COUNT  # of seven losses and no gain chance makes 1 in 128
    assert shown["class 3 change"] == 10 / 600  # and of ten 1 in 1024
    assert shown["nodes"] is None
    few = Paired(28, lost=1, gained=1)
    lost = round(few.detectable(0.01) * 28) + 1
    assert Paired(28, lost, 1).chance < 0.01 <= Paired(28, lost - 1, 1).chance


@pytest.mark.parametrize("source", ["scanner", "phone"])
def test_held_out_uploads_of_one_source_judge_by_themselves(source: str) -> None:
    """What one source lost the other gained, so that all together show nothing."""
    held = numbered(400), CLASSES[:400]
    sources = tuple("scanner" if position < 200 else "phone" for position in range(400))
    ours = np.arange(0, 30) if source == "scanner" else np.arange(200, 230)
    theirs = (ours + 200) % 400
    before, now = Recited("1", wrong_at(theirs)), Recited("2", wrong_at(ours))
    rest = np.arange(400, COUNT)
    judging = Judging((numbered(COUNT)[rest], CLASSES[rest]), held, sources)
    verdict = judge(Contender(now, COST), Contender(before, COST), PARITY, judging, Limits())
    assert failed(verdict) == {f"held-out uploads change, source {source}"}
    assert verdict.gain_on_uploads == 0


def equals(random: np.random.Generator, lean: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two models of 92 % that agree on most images, both calibrated but for what the second leans: and the classes."""
    classes = random.integers(0, 10, EQUAL_IMAGES).astype(np.int32)
    hardness, luck = random.normal(size=EQUAL_IMAGES), random.uniform(size=EQUAL_IMAGES)
    models = []
    for leaning in (0.0, lean):
        own = random.normal(size=EQUAL_IMAGES)
        confidence = 1 / (1 + np.exp(-(3.4 + 1.5 * hardness + 0.6 * own)))
        right = np.where(random.uniform(size=EQUAL_IMAGES) < 0.8, luck, random.uniform(size=EQUAL_IMAGES)) < confidence
        confidence = np.clip(confidence - leaning, 0.2, 1.0)
        probabilities = np.repeat((1 - confidence)[:, None] / 9, 10, axis=1)
        probabilities[np.arange(EQUAL_IMAGES), np.where(right, classes, (classes + 1) % 10)] = confidence
        models.append(probabilities.astype(np.float32))
    return models[0], models[1], classes


def refused_for_calibration(random: np.random.Generator, lean: float) -> int:
    margin, significance = Limits().calibration_margin, Limits().significance
    return sum(calibration_loss(*equals(random, lean), significance) > margin for _ in range(EQUAL_PAIRS))


def test_equal_models_are_seldom_refused_for_calibration(random: np.random.Generator) -> None:
    assert refused_for_calibration(random, lean=0.0) <= 0.05 * EQUAL_PAIRS


def test_without_the_noise_they_would_be_refused_often(random: np.random.Generator) -> None:
    errors = [
        [calibration_error(each, classes) for each in models]
        for *models, classes in map(equals, [random] * EQUAL_PAIRS)
    ]
    assert sum(now > before + 0.01 for before, now in errors) > 0.1 * len(errors)


def test_a_model_that_leans_is_refused_even_by_so_few(random: np.random.Generator) -> None:
    assert refused_for_calibration(random, lean=0.15) > 0.95 * EQUAL_PAIRS
