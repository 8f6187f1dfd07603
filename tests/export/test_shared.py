"""Models of other classes are compared on what both know, and a new class has to be learnt."""

from dataclasses import dataclass

import numpy as np
import pytest

from export.gate import Contender, Judging, Limits, judge
from export.shared import shared, sources_of
from export.verdict import SAME_CONTRACT, Verdict
from server.models.model import Images, Model, Outputs
from tests.export.test_gate import COST, NOTHING, PARITY, failed, numbered
from tests.tiny import tiny_candidate

COUNT = 1100
NAMES = (*"0123456789", "none")
CLASSES = (np.arange(COUNT) % 11).astype(np.int32)


class Recited(Model):
    """A real model's contract with answers that are given: each image holds its own position."""

    def __init__(self, version: str, labels: tuple[str, ...], predicted: np.ndarray) -> None:
        candidate = tiny_candidate(labels=labels)
        super().__init__(candidate.manifest("digits", version), candidate.contents["model.onnx"])
        self._rows = np.full((len(predicted), len(labels)), 0.01 / (len(labels) - 1), np.float32)
        self._rows[np.arange(len(predicted)), predicted] = 0.99

    def predict(self, images: Images) -> Outputs:
        positions = images[:, 0, :2, 0].astype(int)
        return Outputs(self._rows[positions[:, 0] + 256 * positions[:, 1]], None)


@dataclass
class Renamed:
    """What labels are called by now; None for what is not there."""

    names: dict[str, str | None]

    def __call__(self, label: str) -> str | None:
        return self.names.get(label, label)


def verdict_of(before: Model, predicted: np.ndarray, called: Renamed | None, names: tuple[str, ...] = NAMES) -> Verdict:
    judging = Judging((numbered(COUNT), CLASSES), NOTHING, called=called)
    candidate = Recited("2", names, predicted)
    return judge(Contender(candidate, COST), Contender(before, COST), PARITY, judging, Limits())


@pytest.fixture
def digits() -> Model:
    """One that knows ten digits, and takes what is none for a 0."""
    return Recited("1", NAMES[:10], np.where(CLASSES == 10, 0, CLASSES))


def test_an_eleventh_class_is_judged_by_itself(digits: Model) -> None:
    verdict = verdict_of(digits, CLASSES, Renamed({}))
    assert verdict.passed
    checks = {check.name: check for check in verdict.checks}
    assert checks["accuracy change"].images == 1000
    assert (checks["class none accuracy"].value, checks["class none accuracy"].images) == (1.0, 100)
    assert "class none change" not in checks
    assert "of 'none', which is new, 100 of 100 pictures that judge are right, so that of others" in verdict.known
    assert verdict.to_json()["new"][0][0] == "none"


def test_one_that_was_not_learnt_is_refused(digits: Model) -> None:
    verdict = verdict_of(digits, np.where((CLASSES == 10) & (np.arange(COUNT) % 2 == 0), 3, CLASSES), Renamed({}))
    assert verdict.passed  # half of them
    verdict = verdict_of(digits, np.where(CLASSES == 10, 3, CLASSES), Renamed({}))
    assert failed(verdict) == {"class none accuracy"}
    assert "class none accuracy is 0, the limit is 0.5" in str(verdict.reason)


def test_what_the_new_class_takes_from_the_others_is_a_loss(digits: Model) -> None:
    taken = np.where((CLASSES == 7) & (np.arange(COUNT) < 500), 10, CLASSES)
    assert failed(verdict_of(digits, taken, Renamed({}))) >= {"accuracy change", "class 7 change"}


def test_a_class_by_another_name_is_the_same_class(digits: Model) -> None:
    names = ("zero", *NAMES[1:])
    assert verdict_of(digits, CLASSES, Renamed({"0": "zero"}), names).passed
    lost = np.where(CLASSES == 0, 1, CLASSES)
    assert "class zero change" in failed(verdict_of(digits, lost, Renamed({"0": "zero"}), names))


def test_what_was_merged_is_held_to_what_both_were() -> None:
    merged, digits = np.where(CLASSES % 10 == 9, 0, CLASSES % 10), Recited("1", NAMES[:10], CLASSES % 10)
    judging = Judging((numbered(COUNT), merged), NOTHING, called=Renamed({"9": "0"}))
    for predicted, lost in ((merged, set()), (CLASSES % 9, {"accuracy change", "accuracy chance", "class 0 change"})):
        candidate = Contender(Recited("2", NAMES[:9], predicted), COST)
        verdict = judge(candidate, Contender(digits, COST), PARITY, judging, Limits())
        assert failed(verdict) >= lost
        assert verdict.passed != bool(lost)


HELD_OUT = Judging((numbered(COUNT), CLASSES), (numbered(COUNT), CLASSES), ("a", "b") * (COUNT // 2), called=str)


def test_of_the_held_out_uploads_those_of_both_judge_and_their_sources(digits: Model) -> None:
    verdict = judge(Contender(Recited("2", NAMES, CLASSES), COST), Contender(digits, COST), PARITY, HELD_OUT, Limits())
    checks = {check.name: check for check in verdict.checks}
    assert verdict.passed
    assert verdict.gain_on_uploads == 0
    assert checks["held-out uploads change"].images == 1000
    assert [checks[f"held-out uploads change, source {source}"].images for source in "ab"] == [500, 500]


def test_versions_of_the_same_classes_are_anchors_on_all_of_them(digits: Model) -> None:
    """Also while the current one does not know a class."""
    best = HELD_OUT.asked(Recited("2", NAMES, CLASSES))
    half = Recited("3", NAMES, np.where((CLASSES == 10) & (np.arange(COUNT) % 2 == 0), 3, CLASSES))
    verdict = judge(Contender(half, COST), Contender(digits, COST), PARITY, HELD_OUT, Limits(), [best])
    assert "class none change since version 2" in failed(verdict)
    assert verdict.anchors == ("2",)


def test_labels_that_nobody_decided_about_can_not_be_compared(digits: Model) -> None:
    assert failed(verdict_of(digits, CLASSES, None)) == {SAME_CONTRACT}


def test_what_was_merged_counts_together_and_what_was_removed_not_at_all() -> None:
    called = Renamed({"b": "c", "d": None})
    assert sources_of(("a", "c", "e"), ("a", "b", "c", "d"), called) == ((0,), (1, 2), ())
    both = shared(("a", "c", "e"), ("a", "b", "c", "d"), called)
    assert both.known.tolist() == [True, True, False]
    seen = both.seen(np.array([[0.1, 0.2, 0.2, 0.5], [0, 0, 0, 1]], np.float32))
    assert seen[0] == pytest.approx([0.2, 0.8, 0])
    assert seen[1].tolist() == [0, 0, 0]
    assert both.rows(np.array([0, 2, 1], np.int32)).tolist() == [True, False, True]
