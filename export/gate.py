"""May the candidate take over? It is compared with the current model on images that neither was trained on.

What no gate sees: a backdoor, which changes answers only on pictures that are not here.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.verify import PARITY_LIMIT, Parity, in_batches
from server.model import Images, Model

ACCURACY_MARGIN = 0.003  # a candidate may be this much less accurate than the current model
BATCH = 256


@dataclass(frozen=True)
class Check:
    """One condition of the gate: the value found, the limit it was held to, and on how many images."""

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

    @property
    def reason(self) -> str | None:
        """The failed checks in a sentence, None if there is none."""
        failed = [
            f"{each.name} is {each.value:.5g}, the limit is {each.limit:.5g}" for each in self.checks if not each.passed
        ]
        return f"refused against version {self.against}: {'; '.join(failed)}" if failed else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(
    candidate: Model, current: Model | None, parity: Parity, images: Images, classes: NDArray[np.int32]
) -> Verdict:
    """The verdict over a candidate that was verified already; `images` and `classes` are the gate part."""
    checks = [Check("parity", parity.max_abs_diff, PARITY_LIMIT, parity.images, parity.max_abs_diff <= PARITY_LIMIT)]
    accuracy = _accuracy(candidate, images, classes)
    if current is None:
        least = 1 / len(candidate.labels)  # better than chance is all that can be asked
        checks.append(Check("accuracy", accuracy, least, len(images), accuracy > least))
    else:
        same = float(candidate.labels == current.labels and candidate.preprocessing == current.preprocessing)
        checks.append(Check("same labels and preprocessing", same, 1.0, 0, same == 1.0))
        if same:
            least = _accuracy(current, images, classes) - ACCURACY_MARGIN
            checks.append(Check("accuracy", accuracy, least, len(images), accuracy >= least))
    return Verdict(all(check.passed for check in checks), current.version if current else None, tuple(checks))


def _accuracy(model: Model, images: Images, classes: NDArray[np.int32]) -> float:
    return float((in_batches(model, images, BATCH).argmax(axis=1) == classes).mean())
