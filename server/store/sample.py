"""A prediction that is kept, and why: samples.py has them."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

HOUR_SECONDS = 3600


class Why(StrEnum):
    """Why a sample is kept."""

    RANDOM = "random"  # drawn, whatever was answered
    UNSURE = "unsure"  # the two most probable labels are near each other
    UNFAMILIAR = "unfamiliar"  # the score is under the model's threshold
    SHADOW = "shadow"  # a version in shadow answers it differently


@dataclass(frozen=True)
class Seen:
    """A prediction that may be kept."""

    why: Why
    hour: int  # since 1970
    rank: float
    probability: float | None  # of being drawn, of the random ones
    time: str
    request_id: str
    position: int  # among the answers of that request
    version: str
    predicted: str
    confidence: float
    margin: float
    score: float | None
    score_threshold: float | None


@dataclass(frozen=True)
class Caps:
    """How much is kept."""

    an_hour: int  # of each reason
    samples: int
    bytes: int
    days: int


@dataclass(frozen=True)
class Sample(Seen):
    """A prediction that was kept."""

    id: int
    sha256: str  # of the pixels that the model saw
    bytes: int  # of its file
    likeness: str
    feedback: str | None  # the label that somebody told by the request
    reviewed: str | None  # the label that somebody gave it who looked at it
    skipped: str | None  # why somebody who looked at it gave none

    @property
    def is_waiting(self) -> bool:
        """Whether somebody should look at it: a random one even if somebody told by the request, as most who do so
        have something to complain of."""
        is_told = self.feedback is not None and self.why != Why.RANDOM
        return self.reviewed is None and self.skipped is None and not is_told

    @classmethod
    def of(cls, row: Row[Any]) -> "Sample":
        return cls(**{each.name: row._mapping[each.name] for each in fields(cls)})

    def called(self, shown: Callable[[str | None], str | None]) -> "Sample":
        """With its labels as the classes are called now."""
        predicted = shown(self.predicted) or self.predicted
        return replace(self, predicted=predicted, feedback=shown(self.feedback), reviewed=shown(self.reviewed))
