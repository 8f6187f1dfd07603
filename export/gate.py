"""May the candidate take over? It is compared with the current model, paired, on images that neither was trained on.

So that small losses do not add up from version to version, it is held to anchors as well: the best version so far, and
the baseline (docs/decisions/0018-anchors.md). The test set decides nothing. What no gate sees is a backdoor: answers
that change only on pictures that are not here; against that stand who may upload, the removal of batches, and rollback.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.calibration import calibration_error, calibration_loss
from export.cost import Cost
from export.interval import Interval, interval
from export.paired import Paired, compare
from export.shared import Called, Shared, shared
from export.verdict import SAME_CONTRACT, Check, Verdict
from export.verify import PARITY_LIMIT, Parity, in_batches
from server.models.model import Images, Model, Probabilities
from server.pictures.preprocessing import Preprocessing

BATCH = 256
NEW_LEAST = 0.5  # accuracy of a class that the current model does not know: rather right than wrong
HELD_OUT_LEAST = 100  # held-out uploads, in all or of one source: fewer can't judge


@dataclass(frozen=True)
class Limits:
    """What a candidate is held to; the server's settings gate_… of the same names."""

    accuracy_margin: float = 0.003
    anchor_margin: float = 0.005
    significance: float = 0.01
    calibration_margin: float = 0.01
    cost_factor: float = 2.0


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
    sources: tuple[str, ...] = ()  # of the held-out uploads
    read_by: "Callable[[Preprocessing], Judging] | None" = None
    called: Called | None = None  # None: nothing was decided about the classes, so that labels have to be the same

    @property
    def part(self) -> str:
        """A name for the images of the gate part."""
        images, classes = self.gate
        return hashlib.sha256(images.tobytes() + classes.tobytes()).hexdigest()[:16]

    def seen_by(self, model: Model, other: Model) -> "Judging":
        """What `model` sees, if this is what `other` does."""
        if self.read_by is None or model.preprocessing == other.preprocessing:
            return self
        return self.read_by(model.preprocessing)


def judge(
    candidate: Contender,
    current: Contender | None,
    parity: Parity,
    judging: Judging,
    limits: Limits,
    anchors: Sequence[Model] = (),
    judged: int = 1,
) -> Verdict:
    """The verdict over a candidate whose contract was verified already; `anchors` are of the same contract."""
    checks = [_at_most("parity", parity.max_abs_diff, PARITY_LIMIT, parity.images)]
    images, classes = judging.gate
    now = in_batches(candidate.model, images, BATCH)
    right, gain, new = int((now.argmax(axis=1) == classes).sum()), None, tuple[tuple[str, Interval], ...]()
    if current is None:
        chance = 1 / len(candidate.model.labels)  # better than that is all that can be asked of a first model
        accuracy = right / len(images)
        checks.append(Check("accuracy", accuracy, chance, len(images), accuracy > chance))
    elif not comparable(candidate.model, current.model, judging.called):
        checks.append(Check(SAME_CONTRACT, 0.0, 1.0, 0, passed=False))
    else:
        earlier = judging.seen_by(current.model, candidate.model)
        both = shared(candidate.model.labels, current.model.labels, judging.called)
        rows = both.rows(classes)
        before = both.seen(in_batches(current.model, earlier.gate[0], BATCH))[rows]
        checks += _accuracy(before, now[rows], classes[rows], limits)
        checks += _each_class(before, now[rows], classes[rows], candidate.model.labels, limits)
        checks.append(_calibration(before, now[rows], classes[rows], limits))
        new = tuple(_new_classes(now, classes, candidate.model.labels, both))
        checks += [_learnt(label, found) for label, found in new]
        checks += _cost(current.cost, candidate.cost, limits)
        if len(judging.held_out[1]):
            gain, held_out = _held_out((current.model, earlier), (candidate.model, judging), both, limits)
            checks += held_out
    for anchor in anchors:
        gate = judging.seen_by(anchor, candidate.model).gate
        checks += _anchor(anchor, now, gate, limits.significance / len(anchors), limits)
    return Verdict(
        all(check.passed for check in checks),
        current.model.version if current is not None else None,
        tuple(checks),
        gain,
        tuple(anchor.version for anchor in anchors),
        judging.part,
        judged,
        interval(right, len(images)),
        new,
    )


def same_contract(candidate: Model, current: Model) -> bool:
    """Whether the two can be compared: on the same pictures, each as its own number of the preprocessing reads them."""
    return candidate.labels == current.labels and candidate.preprocessing.is_like(current.preprocessing)


def comparable(candidate: Model, current: Model, called: Called | None) -> bool:
    """Whether the two can be compared, where need be on the classes that both know."""
    if called is None or not shared(candidate.labels, current.labels, called).known.any():
        return same_contract(candidate, current)
    return candidate.preprocessing.is_like(current.preprocessing)


def _new_classes(
    now: Probabilities, classes: NDArray[np.int32], labels: tuple[str, ...], both: Shared
) -> Iterator[tuple[str, Interval]]:
    """Each class that the current model does not know, with how much of it is right."""
    right = now.argmax(axis=1) == classes
    for number in np.flatnonzero(~both.known).tolist():
        yield labels[number], interval(int(right[classes == number].sum()), int((classes == number).sum()))


def _learnt(label: str, found: Interval) -> Check:
    accuracy = found.right / max(1, found.images)
    return Check(f"class {label} accuracy", accuracy, NEW_LEAST, found.images, accuracy >= NEW_LEAST)


def _accuracy(before: Probabilities, now: Probabilities, classes: NDArray[np.int32], limits: Limits) -> list[Check]:
    """Never more than the margin down; and not so that chance is no explanation, however small the loss.

    Where the margin is less than one image, chance alone decides: one image of 28 is 3.6 points.
    """
    paired = compare(before.argmax(axis=1) == classes, now.argmax(axis=1) == classes)
    floor, least = -limits.accuracy_margin, limits.significance
    if paired.images * limits.accuracy_margin < 1:
        floor = min(floor, -paired.loss_limit(least))
    detectable = paired.detectable(least)
    return [
        Check("accuracy change", paired.change, floor, paired.images, paired.change >= floor, detectable),
        Check("accuracy chance", paired.chance, least, paired.images, paired.chance >= least, detectable),
    ]


def _each_class(
    before: Probabilities, now: Probabilities, classes: NDArray[np.int32], labels: tuple[str, ...], limits: Limits
) -> list[Check]:
    """No class may lose more than its number of images can't tell from chance, with all classes looked at together."""
    significance = limits.significance / len(labels)  # Bonferroni
    right_before, right_now = (each.argmax(axis=1) == classes for each in (before, now))
    return [
        _beyond_chance(f"class {label} change", compare(right_before[of_class], right_now[of_class]), significance)
        for label, of_class in ((label, classes == number) for number, label in enumerate(labels))
        if of_class.any()
    ]


def _anchor(
    anchor: Model, now: Probabilities, gate: tuple[Images, NDArray[np.int32]], significance: float, limits: Limits
) -> list[Check]:
    """In all and in each class, the anchor's margin down at most, or what chance explains of so few images."""
    images, classes = gate
    right_before = in_batches(anchor, images, BATCH).argmax(axis=1) == classes
    right_now = now.argmax(axis=1) == classes
    since, margin = f"change since version {anchor.version}", limits.anchor_margin
    checks = [_beyond_chance(f"accuracy {since}", compare(right_before, right_now), significance, margin)]
    for number, label in enumerate(anchor.labels):
        paired = compare(right_before[classes == number], right_now[classes == number])
        checks.append(_beyond_chance(f"class {label} {since}", paired, significance / len(anchor.labels), margin))
    return checks


def _calibration(before: Probabilities, now: Probabilities, classes: NDArray[np.int32], limits: Limits) -> Check:
    """Above the margin only so far as the same images drawn otherwise could make it."""
    error_before, error = calibration_error(before, classes), calibration_error(now, classes)
    noise = error - error_before - calibration_loss(before, now, classes, limits.significance)
    return _at_most(
        "calibration error", error, error_before + limits.calibration_margin + max(noise, 0.0), len(classes)
    )


def _cost(before: Cost, now: Cost, limits: Limits) -> list[Check]:
    return [
        _at_most("multiply-adds", now.multiply_adds, before.multiply_adds * limits.cost_factor, 1),
        _at_most("nodes", now.nodes, before.nodes * limits.cost_factor, 1),
    ]


def _held_out(
    current: tuple[Model, Judging], candidate: tuple[Model, Judging], both: Shared, limits: Limits
) -> tuple[float, list[Check]]:
    """The gain on the held-out uploads; and the checks on all of them and on those of each source, if enough."""
    before, now = (in_batches(model, seen.held_out[0], BATCH) for model, seen in (current, candidate))
    classes = candidate[1].held_out[1]
    rows = both.rows(classes)
    before, now = (each.argmax(axis=1)[rows] == classes[rows] for each in (both.seen(before), now))
    sources = np.array(candidate[1].sources)[rows] if candidate[1].sources else np.array([])
    counts = dict(zip(*np.unique(sources, return_counts=True), strict=True)) if len(sources) else {}
    slices = {source: sources == source for source, count in counts.items() if count >= HELD_OUT_LEAST}
    paired = compare(before, now)
    checks = []
    if paired.images >= HELD_OUT_LEAST:
        checks.append(_beyond_chance("held-out uploads change", paired, limits.significance))
    if len(counts) > 1:
        checks += [
            _beyond_chance(
                f"held-out uploads change, source {source}",
                compare(before[those], now[those]),
                limits.significance / len(slices),
            )
            for source, those in slices.items()
        ]
    return paired.change, checks


def _beyond_chance(name: str, paired: Paired, significance: float, margin: float = 0.0) -> Check:
    """A loss is let pass up to the margin, or as far as chance explains it."""
    floor = -max(margin, paired.loss_limit(significance))
    return Check(name, paired.change, floor, paired.images, paired.change >= floor, paired.detectable(significance))


def _at_most(name: str, value: float, limit: float, images: int) -> Check:
    return Check(name, value, limit, images, value <= limit)
