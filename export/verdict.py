"""What the gate says of a candidate: each check with its value, its limit and what so few images could have shown."""

from dataclasses import asdict, dataclass
from typing import Any

from export.interval import Interval

SAME_CONTRACT = "same labels and preprocessing"


@dataclass(frozen=True)
class Check:
    """One condition: the value found, the limit it was held to, and on how many images."""

    name: str
    value: float
    limit: float
    images: int
    passed: bool
    detectable: float | None = None  # the smallest loss that these images tell from chance; None where none is compared
    since: str | None = None  # the anchor that it was held to; None where that is the version that serves


@dataclass(frozen=True)
class Verdict:
    """What the gate says; `against` is the version it compared with, None for the first model of its name."""

    passed: bool
    against: str | None
    checks: tuple[Check, ...]
    gain_on_uploads: float | None  # accuracy on the held-out uploads, now less before; None without any
    anchors: tuple[str, ...] = ()  # versions that it was held to besides
    part: str = ""  # names the images of the gate part
    judged: int = 1  # how often these images have judged, this time included
    accuracy: Interval | None = None  # on them, and what that says of others like them
    new: tuple[tuple[str, Interval], ...] = ()  # the same of each class that the version compared with does not know

    @property
    def reason(self) -> str | None:
        """The failed checks in a sentence, None if there is none."""
        failed = [_in_words(check) for check in self.checks if not check.passed]
        return f"refused against version {self.against}: {'; '.join(failed)}" if failed else None

    @property
    def known(self) -> str:
        """How much so many images tell, in a sentence."""
        losses = [check.detectable for check in self.checks if check.name == "accuracy change" and check.detectable]
        than = f"; of a loss of accuracy they show {100 * losses[0]:.2f} points or more" if losses else ""
        new = "".join(f"; of {label!r}, which is new, {found}" for label, found in self.new)
        return f"{self.accuracy}{than}{new}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"known": self.known}


def _in_words(check: Check) -> str:
    if check.name == SAME_CONTRACT:
        return (
            "it knows other labels or reads pictures another way, so the two can't be compared; train it under a name "
            "of its own (--name), or without other --preprocessing, --height, --width or --channels than that version's"
        )
    if " change" in check.name:
        what = check.name.replace(" change", "")
        return f"{what} went down by {-100 * check.value:.2f} points, at most {-100 * check.limit:.2f} are allowed"
    if check.name == "accuracy chance":
        return f"the loss of accuracy is no chance: its probability is {check.value:.2g}, under {check.limit:g}"
    return f"{check.name} is {check.value:.5g}, the limit is {check.limit:.5g}"
