"""May the candidate take over? It is compared with the current model, paired, on images that neither was trained on.

So that small losses do not add up from version to version, it is held to anchors as well (anchors.py): the best version
so far, and the baseline. The test set decides nothing. What no gate sees is a backdoor: answers
that change only on pictures that are not here; against that stand who may upload, the removal of batches, and rollback.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from export.anchors import calibration_check, calibration_checks, slice_checks
from export.answers import Answers, Said, answers_of
from export.cost import Cost
from export.interval import Interval, interval
from export.shared import Called, Shared, shared
from export.slices import Slice, of_all, of_classes, of_uploads
from export.verdict import SAME_CONTRACT, Check, Verdict
from export.verify import PARITY_LIMIT, Parity
from server.models.model import Images, Model
from server.pictures.preprocessing import Preprocessing

NEW_LEAST = 0.5  # accuracy of a class that the current model does not know: rather right than wrong


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

    def asked(self, model: Model, both: Shared | None = None) -> Said:
        """What a model says of them, as it sees them; `both`: of the classes that a candidate shares with it."""
        gate, held_out = (answers_of(model, *part, both) for part in (self.gate, self.held_out))
        return Said(model.version, gate, held_out)

    def slices(self, labels: Sequence[str], both: Shared | None = None) -> tuple[Slice, list[Slice], list[Slice]]:
        """The gate part, its classes, and the held-out uploads; `both`: as far as they show a class that is shared."""
        (_, classes), (_, uploaded), sources = self.gate, self.held_out, self.sources
        if both is not None:
            sources = tuple(compress(sources, both.rows(uploaded)))
            classes, uploaded = (each[both.rows(each)] for each in (classes, uploaded))
        return of_all(classes), of_classes(classes, labels), of_uploads(len(uploaded), sources)


def judge(
    candidate: Contender,
    current: Contender | None,
    parity: Parity,
    judging: Judging,
    limits: Limits,
    earlier: Sequence[Said] = (),
    judged: int = 1,
) -> Verdict:
    """The verdict over a candidate whose contract was verified already.

    `earlier` is what all versions of the same contract said of the same images, the oldest first.
    """
    checks = [_at_most("parity", parity.max_abs_diff, PARITY_LIMIT, parity.images)]
    classes, labels, new = judging.gate[1], candidate.model.labels, tuple[tuple[str, Interval], ...]()
    now, gain = judging.asked(candidate.model), None
    right, images = int(now.gate.right.sum()), len(classes)
    if current is None:
        chance = 1 / len(labels)  # better than that is all that can be asked of a first model
        checks.append(Check("accuracy", right / images, chance, images, right / images > chance))
    elif not comparable(candidate.model, current.model, judging.called):
        checks.append(Check(SAME_CONTRACT, 0.0, 1.0, 0, passed=False))
    else:
        both = shared(labels, current.model.labels, judging.called)
        known = both.rows(classes), both.rows(judging.held_out[1])
        before = judging.seen_by(current.model, candidate.model).asked(current.model, both).among(*known)
        after = now.among(*known)
        whole, of_class, uploads = judging.slices(labels, both)
        checks += _accuracy(before, after, whole, limits)
        checks += [each.check(before, after, limits.significance) for each in (*of_class, *uploads)]
        checks.append(calibration_check(before, after, limits.significance, limits.calibration_margin))
        new = tuple(_new_classes(now.gate, classes, labels, both))
        checks += [_learnt(label, found) for label, found in new]
        checks += _cost(current.cost, candidate.cost, limits)
        if len(before.held_out.right):
            gain = float(after.held_out.right.mean() - before.held_out.right.mean())
    against = current.model.version if current is not None else None
    whole, of_class, uploads = judging.slices(labels)
    for each in (whole, *of_class, *uploads):
        checks += slice_checks(each, earlier, now, against, limits.significance, limits.anchor_margin)
    checks += calibration_checks(earlier, now, against, limits.significance, limits.calibration_margin)
    return Verdict(
        all(check.passed for check in checks),
        against,
        tuple(checks),
        gain,
        tuple(dict.fromkeys(check.since for check in checks if check.since is not None)),
        judging.part,
        judged,
        interval(right, images),
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
    now: Answers, classes: NDArray[np.int32], labels: Sequence[str], both: Shared
) -> Iterator[tuple[str, Interval]]:
    """Each class that the current model does not know, with how much of it is right."""
    for number in np.flatnonzero(~both.known).tolist():
        right = now.right[classes == number]
        yield labels[number], interval(int(right.sum()), len(right))


def _learnt(label: str, found: Interval) -> Check:
    accuracy = found.right / max(1, found.images)
    return Check(f"class {label} accuracy", accuracy, NEW_LEAST, found.images, accuracy >= NEW_LEAST)


def _accuracy(before: Said, now: Said, whole: Slice, limits: Limits) -> list[Check]:
    """Never more than the margin down; and not so that chance is no explanation, however small the loss.

    Where the margin is less than one image, chance alone decides: one image of 28 is 3.6 points.
    """
    paired = whole.compare(before, now)
    floor, least = -limits.accuracy_margin, limits.significance
    if paired.images * limits.accuracy_margin < 1:
        floor = min(floor, -paired.loss_limit(least))
    detectable = paired.detectable(least)
    return [
        Check("accuracy change", paired.change, floor, paired.images, paired.change >= floor, detectable),
        Check("accuracy chance", paired.chance, least, paired.images, paired.chance >= least, detectable),
    ]


def _cost(before: Cost, now: Cost, limits: Limits) -> list[Check]:
    return [
        _at_most("multiply-adds", now.multiply_adds, before.multiply_adds * limits.cost_factor, 1),
        _at_most("nodes", now.nodes, before.nodes * limits.cost_factor, 1),
    ]


def _at_most(name: str, value: float, limit: float, images: int) -> Check:
    return Check(name, value, limit, images, value <= limit)
