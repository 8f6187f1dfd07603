"""May the candidate take over? It is compared with the current model, paired, on images that neither was trained on.

The test set decides nothing. What no gate sees is a backdoor: answers that change only on pictures that are not here;
against that stand who may upload, the removal of batches, and rollback.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.calibration import calibration_error
from export.cost import Cost
from export.paired import compare
from export.verify import PARITY_LIMIT, Parity, in_batches
from server.models.model import Images, Model, Probabilities
from server.pictures.preprocessing import Preprocessing

BATCH = 256
SAME_CONTRACT = "same labels and preprocessing"
HELD_OUT_LEAST = 100  # held-out uploads: fewer can't judge


@dataclass(frozen=True)
class Limits:
    """What a candidate is held to; the server's settings gate_… of the same names."""

    accuracy_margin: float = 0.003
    significance: float = 0.01
    calibration_margin: float = 0.01
    cost_factor: float = 2.0


@dataclass(frozen=True)
class Check:
    """One condition: the value found, the limit it was held to, and on how many images."""

    name: str
    value: float
    limit: float
    images: int
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """What the gate says; `against` is the version it compared with, None for the first model of its name."""

    passed: bool
    against: str | None
    checks: tuple[Check, ...]
    gain_on_uploads: float | None  # accuracy on the held-out uploads, now less before; None without any

    @property
    def reason(self) -> str | None:
        """The failed checks in a sentence, None if there is none."""
        failed = [_in_words(check) for check in self.checks if not check.passed]
        return f"refused against version {self.against}: {'; '.join(failed)}" if failed else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Contender:
    """A model in the comparison, and what its predictions cost."""

    model: Model
    cost: Cost


@dataclass(frozen=True)
class Judging:
    """The images that judge, with their classes: the gate part, and the held-out uploads that nobody doubts.

    `read_by` gives the same pictures as another number of the preprocessing reads them, for a version trained with it.
    """

    gate: tuple[Images, NDArray[np.int32]]
    held_out: tuple[Images, NDArray[np.int32]]
    read_by: "Callable[[Preprocessing], Judging] | None" = None

    def seen_by(self, model: Model, other: Model) -> "Judging":
        """What `model` sees, if this is what `other` does."""
        if self.read_by is None or model.preprocessing == other.preprocessing:
            return self
        return self.read_by(model.preprocessing)


def judge(candidate: Contender, current: Contender | None, parity: Parity, judging: Judging, limits: Limits) -> Verdict:
    """The verdict over a candidate whose contract was verified already."""
    checks = [_at_most("parity", parity.max_abs_diff, PARITY_LIMIT, parity.images)]
    images, classes = judging.gate
    now = in_batches(candidate.model, images, BATCH)
    if current is None:
        chance = 1 / len(candidate.model.labels)  # better than that is all that can be asked of a first model
        accuracy = float((now.argmax(axis=1) == classes).mean())
        checks.append(Check("accuracy", accuracy, chance, len(images), accuracy > chance))
        return _verdict(checks, None, None)
    if not _same_contract(candidate.model, current.model):
        checks.append(Check(SAME_CONTRACT, 0.0, 1.0, 0, passed=False))
        return _verdict(checks, current, None)
    earlier = judging.seen_by(current.model, candidate.model)
    before = in_batches(current.model, earlier.gate[0], BATCH)
    checks += _accuracy(before, now, classes, limits)
    checks += _each_class(before, now, classes, candidate.model.labels, limits)
    checks.append(_calibration(before, now, classes, limits))
    checks += _cost(current.cost, candidate.cost, limits)
    gain = None
    if len(judging.held_out[1]):
        check = _held_out((current.model, earlier), (candidate.model, judging), limits)
        gain = check.value
        checks += [check] if check.images >= HELD_OUT_LEAST else []
    return _verdict(checks, current, gain)


def _verdict(checks: list[Check], current: Contender | None, gain: float | None) -> Verdict:
    against = current.model.version if current is not None else None
    return Verdict(all(check.passed for check in checks), against, tuple(checks), gain)


def _same_contract(candidate: Model, current: Model) -> bool:
    return candidate.labels == current.labels and candidate.preprocessing.is_like(current.preprocessing)


def _accuracy(before: Probabilities, now: Probabilities, classes: NDArray[np.int32], limits: Limits) -> list[Check]:
    """Never more than the margin down; and not so that chance is no explanation, however small the loss."""
    paired = compare(before.argmax(axis=1) == classes, now.argmax(axis=1) == classes)
    floor = -limits.accuracy_margin
    return [
        Check("accuracy change", paired.change, floor, paired.images, paired.change >= floor),
        Check(
            "accuracy chance", paired.chance, limits.significance, paired.images, paired.chance >= limits.significance
        ),
    ]


def _each_class(
    before: Probabilities, now: Probabilities, classes: NDArray[np.int32], labels: tuple[str, ...], limits: Limits
) -> list[Check]:
    """No class may lose more than its number of images can't tell from chance, with all classes looked at together."""
    significance = limits.significance / len(labels)  # Bonferroni
    checks = []
    for number, label in enumerate(labels):
        of_class = classes == number
        paired = compare(before[of_class].argmax(axis=1) == number, now[of_class].argmax(axis=1) == number)
        floor = -paired.loss_limit(significance)
        checks.append(Check(f"class {label} change", paired.change, floor, paired.images, paired.change >= floor))
    return checks


def _calibration(before: Probabilities, now: Probabilities, classes: NDArray[np.int32], limits: Limits) -> Check:
    limit = calibration_error(before, classes) + limits.calibration_margin
    return _at_most("calibration error", calibration_error(now, classes), limit, len(classes))


def _cost(before: Cost, now: Cost, limits: Limits) -> list[Check]:
    return [
        _at_most("multiply-adds", now.multiply_adds, before.multiply_adds * limits.cost_factor, 1),
        _at_most("nodes", now.nodes, before.nodes * limits.cost_factor, 1),
    ]


def _held_out(current: tuple[Model, Judging], candidate: tuple[Model, Judging], limits: Limits) -> Check:
    before, now = (
        in_batches(model, seen.held_out[0], BATCH).argmax(axis=1) == seen.held_out[1]
        for model, seen in (current, candidate)
    )
    paired = compare(before, now)
    floor = -paired.loss_limit(limits.significance)
    return Check("held-out uploads change", paired.change, floor, paired.images, paired.change >= floor)


def _at_most(name: str, value: float, limit: float, images: int) -> Check:
    return Check(name, value, limit, images, value <= limit)


def _in_words(check: Check) -> str:
    if check.name == SAME_CONTRACT:
        return (
            "it knows other labels or reads pictures another way, so the two can't be compared; train it under a name "
            "of its own (--name), or without other --preprocessing, --height, --width or --channels than that version's"
        )
    if check.name.endswith(" change"):
        what = check.name.removesuffix(" change")
        return f"{what} went down by {-100 * check.value:.2f} points, at most {-100 * check.limit:.2f} are allowed"
    if check.name == "accuracy chance":
        return f"the loss of accuracy is no chance: its probability is {check.value:.2g}, under {check.limit:g}"
    return f"{check.name} is {check.value:.5g}, the limit is {check.limit:.5g}"
