"""Losses that chance explains one by one do not add up; and so many images say no more than they can."""

from collections.abc import Callable

import numpy as np
import pytest

from export.answers import Answers, answers
from export.calibration import calibration_loss, error_of
from export.gate import Contender, Judging, Limits, judge
from export.paired import Paired
from export.verdict import Verdict
from tests.export.test_gate import CLASSES, COST, COUNT, NOTHING, PARITY, Recited, failed, numbered, wrong_at

JUDGING = Judging((numbered(COUNT), CLASSES), NOTHING)
THREES = np.flatnonzero(CLASSES == 3)
OTHERS = np.flatnonzero(CLASSES != 3)
EQUAL_PAIRS, EQUAL_IMAGES = 120, 300

Step = Callable[[int], Recited]  # from its number: the model that a retrain makes


def slide(steps: int, made: Step, anchored: bool, judging: Judging = JUDGING) -> tuple[Recited, list[Verdict]]:
    """So many retrains, each a little worse than the one before: the last that was published, and all verdicts."""
    current = made(0)
    said, verdicts = [judging.asked(current)], []
    for step in range(1, steps + 1):
        candidate, earlier = made(step), said if anchored else []
        verdict = judge(Contender(candidate, COST), Contender(current, COST), PARITY, judging, Limits(), earlier)
        verdicts.append(verdict)
        if verdict.passed:
            current = candidate
            said.append(judging.asked(current))
    return current, verdicts


def first_wrong() -> np.ndarray:
    return np.arange(1, 240, 10)  # 99.6 % are right


def of_one_class(step: int) -> Recited:
    return Recited(str(step), wrong_at(first_wrong(), THREES[: 6 * step]))


def of_all_classes(step: int) -> Recited:
    return Recited(str(step), wrong_at(first_wrong(), np.arange(300, COUNT)[: 6 * step]))


def of_one_class_while_the_others_gain(step: int) -> Recited:
    """Without a baseline, and each better in all than every one before it."""
    return Recited(str(step + 1), wrong_at(OTHERS[: 300 - 7 * step], THREES[: 6 * step]))


def of_confidence(step: int) -> Recited:
    return Recited(str(step + 1), wrong_at(first_wrong()), confidence=0.99 - 0.008 * step)


HELD_OUT = Judging((numbered(4000), CLASSES[:4000]), (numbered(COUNT)[4000:], CLASSES[4000:]), ("a", "b") * 1000)


def of_uploads(step: int) -> Recited:
    return Recited(str(step + 1), wrong_at(first_wrong(), np.arange(4000, COUNT)[: 6 * step]))


def of_one_source(step: int) -> Recited:
    """What the uploads of one source lose those of the other gain."""
    ours, theirs = np.arange(4000, COUNT, 2), np.arange(4001, COUNT, 2)
    return Recited(str(step + 1), wrong_at(first_wrong(), ours[: 6 * step], theirs[: 200 - 6 * step]))


SLIDES = [
    (30, of_one_class, JUDGING, "class 3 change since version 0"),
    (36, of_all_classes, JUDGING, "accuracy change since version 0"),
    (20, of_one_class_while_the_others_gain, JUDGING, "class 3 change since version 1"),
    (8, of_confidence, JUDGING, "calibration error since version 1"),
    (12, of_uploads, HELD_OUT, "held-out uploads change since version 1"),
    (12, of_one_source, HELD_OUT, "held-out uploads change since version 1, source a"),
]


@pytest.mark.parametrize(("steps", "made", "judging"), [each[:3] for each in SLIDES])
def test_each_step_is_within_chance_and_passes_without_an_anchor(steps: int, made: Step, judging: Judging) -> None:
    assert [verdict.reason for verdict in slide(steps, made, False, judging)[1]] == [None] * steps


@pytest.mark.parametrize(("steps", "made", "judging", "check"), SLIDES)
def test_what_slides_is_stopped_by_the_anchor(steps: int, made: Step, judging: Judging, check: str) -> None:
    verdicts = slide(min(steps, 12), made, True, judging)[1]
    assert 0 < sum(verdict.passed for verdict in verdicts) < 6
    assert check in failed(verdicts[-1])


@pytest.mark.parametrize("made", [of_one_class, of_one_class_while_the_others_gain])
def test_of_a_class_that_slides_little_is_lost(made: Step) -> None:
    last, _ = slide(12, made, True)
    assert JUDGING.asked(last).gate.right[THREES].mean() > 0.98


def test_of_an_accuracy_that_slides_little_is_lost() -> None:
    last, _ = slide(12, of_all_classes, True)
    assert JUDGING.asked(last).gate.right.mean() >= 0.996 - Limits().anchor_margin - 0.001


def test_equally_good_retrains_are_seldom_held_back_by_the_best_of_them(random: np.random.Generator) -> None:
    """Twenty versions of 99 % and a candidate like them: the best of each class is so by chance."""
    refused = 0
    for _ in range(10):
        hard = random.choice(COUNT, 40, replace=False)  # that all get wrong
        models = [Recited(str(number), wrong_at(hard, random.choice(COUNT, 20))) for number in range(1, 22)]
        *earlier, candidate = models
        said = [JUDGING.asked(model) for model in earlier]
        verdict = judge(Contender(candidate, COST), Contender(earlier[-1], COST), PARITY, JUDGING, Limits(), said)
        refused += not verdict.passed
    assert refused == 0


def test_the_anchor_is_named_and_its_margin_is_a_setting() -> None:
    best, current, candidate = (
        Recited(name, wrong_at(np.arange(count))) for name, count in (("3", 0), ("8", 40), ("c", 45))
    )
    said = [JUDGING.asked(model) for model in (best, current)]
    verdict = judge(Contender(candidate, COST), Contender(current, COST), PARITY, JUDGING, Limits(), said)
    assert failed(verdict) == {"accuracy change since version 3"}
    assert verdict.reason is not None
    assert "accuracy since version 3 went down by 0.75 points, at most 0.50 are allowed" in verdict.reason
    assert (verdict.against, verdict.anchors) == ("8", ("3",))
    wide = Limits(anchor_margin=0.01)
    assert judge(Contender(candidate, COST), Contender(current, COST), PARITY, JUDGING, wide, said).passed


def versions_of(made: list[Recited], current: int) -> set[str]:
    said = [JUDGING.asked(model) for model in made]
    contender = Contender(made[current], COST)
    return set(judge(contender, contender, PARITY, JUDGING, Limits(), said).anchors)


def test_the_best_so_far_and_the_baseline_are_anchors() -> None:
    made = [Recited(str(number), wrong_at(np.arange(count))) for number, count in enumerate((40, 30, 0, 20, 50))]
    assert versions_of(made, current=4) == {"0", "2"}
    assert versions_of(made, current=2) == {"0"}
    assert versions_of(made, current=0) == {"2"}
    assert versions_of(made[1:], current=1) == set()


def test_of_equal_ones_the_oldest_is_the_anchor() -> None:
    made = [Recited(str(number), wrong_at(np.arange(count))) for number, count in ((1, 20), (2, 0), (3, 0), (4, 9))]
    assert versions_of(made, current=3) == {"2"}


def test_each_class_has_its_best() -> None:
    worse = Recited("2", wrong_at(THREES[50:90], OTHERS[:50])), Recited("3", wrong_at(THREES[:50]))
    assert versions_of([*worse, Recited("4", wrong_at(THREES[:45], OTHERS[:45]))], current=2) == {"2", "3"}


def test_a_current_version_that_can_not_be_loaded_leaves_the_anchors() -> None:
    best, candidate = Recited("3", CLASSES), Recited("c", wrong_at(np.arange(100)))
    said = [JUDGING.asked(best)]
    assert judge(Contender(candidate, COST), None, PARITY, JUDGING, Limits()).passed
    assert not judge(Contender(candidate, COST), None, PARITY, JUDGING, Limits(), said).passed


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


def equals(random: np.random.Generator, lean: float = 0.0) -> tuple[Answers, Answers]:
    """Two models of 92 % that agree on most images, both calibrated but for what the second leans."""
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
        models.append(answers(probabilities.astype(np.float32), classes))
    return models[0], models[1]


def refused_for_calibration(random: np.random.Generator, lean: float) -> int:
    margin, significance = Limits().calibration_margin, Limits().significance
    return sum(calibration_loss(*equals(random, lean), significance) > margin for _ in range(EQUAL_PAIRS))


def test_equal_models_are_seldom_refused_for_calibration(random: np.random.Generator) -> None:
    assert refused_for_calibration(random, lean=0.0) <= 0.05 * EQUAL_PAIRS


def test_without_the_noise_they_would_be_refused_often(random: np.random.Generator) -> None:
    errors = [[error_of(each) for each in equals(random)] for _ in range(EQUAL_PAIRS)]
    assert sum(now > before + 0.01 for before, now in errors) > 0.1 * len(errors)


def test_a_model_that_leans_is_refused_even_by_so_few(random: np.random.Generator) -> None:
    assert refused_for_calibration(random, lean=0.15) > 0.95 * EQUAL_PAIRS
