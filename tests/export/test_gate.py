"""A candidate that is as good takes over; one that is worse, in all or in one class, does not, and is told where."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.calibration import calibration_error
from export.cost import Cost, cost_of
from export.gate import Contender, Judging, Limits, judge
from export.paired import Paired, compare
from export.verdict import SAME_CONTRACT, Check, Verdict
from export.verify import Parity, verify
from server.models.model import Images, Model, Outputs
from server.pictures.preprocessing import Preprocessing
from server.store.errors import BrokenArtifact
from tests.tiny import answers, tiny_candidate, tiny_onnx

PARITY = Parity(100, 1e-7, 1.0)
COST = Cost(1000, 10)
NOTHING = (np.empty((0, 28, 28, 1), np.uint8), np.empty(0, np.int32))
COUNT = 6000
CLASSES = (np.arange(COUNT) % 10).astype(np.int32)


class Recited(Model):
    """A real model's contract with answers that are given: each image holds its own position."""

    def __init__(self, version: str, predicted: np.ndarray, confidence: float = 0.99) -> None:
        candidate = tiny_candidate()
        super().__init__(candidate.manifest("digits", version), candidate.contents["model.onnx"])
        self._rows = np.full((len(predicted), 10), (1 - confidence) / 9, np.float32)
        self._rows[np.arange(len(predicted)), predicted] = confidence

    def predict(self, images: Images) -> Outputs:
        positions = images[:, 0, :2, 0].astype(int)
        return Outputs(self._rows[positions[:, 0] + 256 * positions[:, 1]], None)


def numbered(count: int) -> Images:
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(count) % 256, np.arange(count) // 256
    return images


def wrong_at(*positions: np.ndarray) -> np.ndarray:
    """Answers that are right but for these positions."""
    predicted = CLASSES.copy()
    for each in positions:
        predicted[each] = (predicted[each] + 1) % 10
    return predicted


def verdict_of(
    before: np.ndarray, now: np.ndarray, cost: Cost = COST, confidence: float = 0.99, limits: Limits | None = None
) -> Verdict:
    judging = Judging((numbered(COUNT), CLASSES), NOTHING)
    current, candidate = Recited("1", before), Recited("2", now, confidence)
    return judge(Contender(candidate, cost), Contender(current, COST), PARITY, judging, limits or Limits())


def failed(verdict: Verdict) -> set[str]:
    return {check.name for check in verdict.checks if not check.passed}


SOME, OTHERS = np.arange(0, 60), np.arange(60, 120)


def test_an_equal_model_passes() -> None:
    verdict = verdict_of(wrong_at(SOME), wrong_at(SOME))
    assert verdict.passed
    assert (verdict.against, verdict.reason) == ("1", None)


def test_as_many_other_mistakes_pass() -> None:
    assert verdict_of(wrong_at(SOME), wrong_at(OTHERS)).passed


def test_a_loss_beyond_the_margin_is_refused_with_its_points() -> None:
    verdict = verdict_of(wrong_at(SOME), wrong_at(SOME, OTHERS))
    assert failed(verdict) >= {"accuracy change", "accuracy chance"}
    assert verdict.reason is not None
    assert "accuracy went down by 1.00 points, at most 0.30 are allowed" in verdict.reason


def test_a_small_loss_that_is_no_chance_is_refused() -> None:
    verdict = verdict_of(wrong_at(SOME), wrong_at(SOME, OTHERS[:12]))
    assert failed(verdict) == {"accuracy chance"}


def test_a_small_loss_that_may_be_chance_passes() -> None:
    assert verdict_of(wrong_at(SOME), wrong_at(SOME, OTHERS[:5])).passed


def test_one_picture_of_few_refuses_nothing_and_the_verdict_says_what_few_can_show() -> None:
    few = Judging((numbered(28), CLASSES[:28]), NOTHING)
    before, now = Recited("1", wrong_at(SOME[:1])), Recited("2", wrong_at(SOME[:2]))
    verdict = judge(Contender(now, COST), Contender(before, COST), PARITY, few, Limits())
    assert verdict.passed, verdict.reason
    assert verdict.known.startswith(
        "26 of 28 pictures that judge are right, so that of others like them 76.5 to 99.1 %"
    )
    assert verdict.known.endswith("; of a loss of accuracy they show 25.00 points or more")
    lost = Recited("2", wrong_at(SOME[:9]))
    assert "accuracy change" in failed(judge(Contender(lost, COST), Contender(before, COST), PARITY, few, Limits()))


def test_a_class_that_is_lost_is_named() -> None:
    threes = np.flatnonzero(CLASSES == 3)
    verdict = verdict_of(wrong_at(threes[:5]), wrong_at(threes[5:40]), limits=replace(Limits(), accuracy_margin=1.0))
    assert "class 3 change" in failed(verdict)
    assert verdict.reason is not None
    assert "class 3 went down by 5.00 points" in verdict.reason
    check = next(each for each in verdict.checks if each.name == "class 3 change")
    assert check.images == 600


def test_a_class_of_few_images_is_not_judged_beyond_them() -> None:
    assert Paired(3, lost=3, gained=0).loss_limit(0.001) * 3 > 3


def test_overconfidence_is_refused() -> None:
    verdict = verdict_of(wrong_at(SOME), wrong_at(SOME), confidence=0.9)
    assert failed(verdict) == {"calibration error"}


def test_a_dearer_model_is_refused_and_the_limit_is_a_setting() -> None:
    dear = Cost(2001, 10)
    assert failed(verdict_of(wrong_at(SOME), wrong_at(SOME), cost=dear)) == {"multiply-adds"}
    assert verdict_of(wrong_at(SOME), wrong_at(SOME), cost=dear, limits=Limits(cost_factor=3)).passed


@pytest.mark.parametrize(("count", "judges"), [(99, False), (100, True)])
def test_held_out_uploads_judge_once_there_are_enough(count: int, judges: bool) -> None:
    """The candidate is as good on the gate part, but it has lost the last uploads."""
    far = COUNT - count
    before, now = wrong_at(SOME), wrong_at(SOME)
    images, classes = numbered(COUNT), CLASSES
    lost = (classes[far:] + 1) % 10
    judging = Judging((images[:far], classes[:far]), (images[far:], classes[far:]))
    now[far:] = lost
    current, candidate = Contender(Recited("1", before), COST), Contender(Recited("2", now), COST)
    verdict = judge(candidate, current, PARITY, judging, Limits())
    assert verdict.gain_on_uploads == -1
    assert verdict.passed is not judges


def test_a_version_of_an_earlier_preprocessing_is_judged_by_what_it_reads_itself() -> None:
    """What the candidate reads rightly is to the current version, which reads otherwise, one picture over and over."""
    current, candidate = Recited("1", CLASSES), Recited("2", CLASSES)
    candidate.preprocessing = replace(current.preprocessing, number=2)
    candidate._rows = candidate._rows[::-1].copy()
    own = Judging((numbered(COUNT), CLASSES), (numbered(200), CLASSES[:200]))
    asked = []

    def read_by(preprocessing: Preprocessing) -> Judging:
        asked.append(preprocessing.number)
        return own

    images = numbered(COUNT)[::-1]
    judging = Judging((images, CLASSES), (images[:200], CLASSES[:200]), read_by=read_by)
    verdict = judge(Contender(candidate, COST), Contender(current, COST), PARITY, judging, Limits())
    assert asked == [current.preprocessing.number]
    assert verdict.passed, verdict.reason
    assert verdict.gain_on_uploads == 0


def test_other_labels_are_refused_in_words_that_help() -> None:
    check = Check("same labels and preprocessing", 0.0, 1.0, 0, passed=False)
    reason = Verdict(False, "3", (check,), None).reason
    assert reason is not None
    assert reason.startswith("refused against version 3: it knows other labels or reads pictures another way")
    assert "--name" in reason
    assert "limit is" not in reason


def test_the_first_model_must_only_beat_chance() -> None:
    judging = Judging((numbered(COUNT), CLASSES), NOTHING)
    assert judge(Contender(Recited("1", CLASSES), COST), None, PARITY, judging, Limits()).passed
    bad = Recited("1", (CLASSES + 1) % 10)
    assert not judge(Contender(bad, COST), None, PARITY, judging, Limits()).passed


def test_parity_holds_for_the_same_network_only(random: np.random.Generator) -> None:
    images = random.integers(0, 256, (600, 28, 28, 1), np.uint8)
    candidate = tiny_candidate(0)
    model = Model(candidate.manifest("digits", "1"), candidate.contents["model.onnx"])
    assert verify(model, images, answers(tiny_onnx(0), images)).top1_agreement == 1
    with pytest.raises(BrokenArtifact, match="not the network"):
        verify(model, images, answers(tiny_onnx(1), images))
    almost = answers(tiny_onnx(0), images).copy()
    almost[3, 0] += 1e-3
    with pytest.raises(BrokenArtifact, match="not the network"):
        verify(model, images, almost)


@pytest.mark.parametrize(("ahead", "is_tie"), [(4e-6, True), (1.6e-5, False)])
def test_a_tie_that_the_tolerance_can_not_tell_is_no_disagreement(ahead: float, is_tie: bool) -> None:
    """To a black image the model answers alike for all classes; the network put the fourth a little ahead."""
    images = np.zeros((9, 28, 28, 1), np.uint8)
    candidate = tiny_candidate()
    model = Model(candidate.manifest("digits", "1"), candidate.contents["model.onnx"])
    network = answers(tiny_onnx(), images).copy()
    network[5, 3] += ahead / 2
    network[5, 4:] -= ahead / 2
    network[5, :3] -= ahead / 2
    if is_tie:
        assert verify(model, images, network).top1_agreement == 1
    else:
        with pytest.raises(BrokenArtifact, match=r"top1_agreement=0\.8"):
            verify(model, images, network)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_agrees_with_counting_every_outcome(pairs: list[tuple[bool, bool]]) -> None:
    before, now = (np.array(column) for column in zip(*pairs, strict=True))
    paired = compare(before, now)
    differing = paired.lost + paired.gained
    if differing <= 12:
        outcomes = [bin(each).count("1") for each in range(2**differing)]
        expected = np.mean([heads >= paired.lost for heads in outcomes])
        assert paired.chance == pytest.approx(expected)
    worst = round(paired.loss_limit(0.01) * paired.images) + paired.gained
    assert Paired(paired.images, worst, paired.gained).chance >= 0.01
    assert Paired(paired.images, worst + 1, paired.gained).chance < 0.01


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_many_changed_answers_are_no_other_question(lost: int, gained: int) -> None:
    """The probability as a sum of whole numbers, whose last digits no rounding touches."""
    trials, ways, chances = lost + gained, 1, 0
    for won in range(gained + 1):  # so many heads or fewer are as many as `lost` tails or more
        chances, ways = chances + ways, ways * (trials - won) // (won + 1)
    assert Paired(6000, lost, gained).chance == pytest.approx(float(Fraction(chances, 2**trials)), rel=1e-9, abs=1e-300)


def test_calibration_error_of_known_cases(random: np.random.Generator) -> None:
    def two(confidence: np.ndarray) -> np.ndarray:
        return np.stack([confidence, 1 - confidence], axis=1).astype(np.float32)

    confidence = random.uniform(0.5, 1, 40_000)
    honest = (random.uniform(size=40_000) > confidence).astype(np.int32)
    assert calibration_error(two(confidence), honest) < 0.015
    assert calibration_error(two(np.ones(40_000)), honest) == pytest.approx(0.25, abs=0.01)


def test_cost_counts_multiply_adds() -> None:
    cost = cost_of(tiny_onnx())
    assert cost == Cost(7840, 4)


def test_a_candidate_that_is_not_the_network_is_refused() -> None:
    current, candidate = (Contender(Recited(version, wrong_at(SOME)), COST) for version in "12")
    judging = Judging((numbered(COUNT), CLASSES), NOTHING)
    verdict = judge(candidate, current, Parity(100, 1e-4, 1.0), judging, Limits())
    assert failed(verdict) == {"parity"}


def test_what_can_not_be_compared_is_refused() -> None:
    current, candidate = Recited("1", wrong_at(SOME)), Recited("2", wrong_at(SOME))
    candidate.labels = tuple("abcdefghij")
    judging = Judging((numbered(COUNT), CLASSES), NOTHING)
    verdict = judge(Contender(candidate, COST), Contender(current, COST), PARITY, judging, Limits())
    assert failed(verdict) == {SAME_CONTRACT}
    assert not verdict.passed
