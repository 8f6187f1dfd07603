"""What the model said, as numbers: how often which label, how sure, and how often about pictures like none it knows.

It is taken from the records once a tick, all at once: one by one it would cost as much as all else that is counted.
Answers that only judge an upload, which nobody asked for, are not among them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from server.store.days import Answered
from server.web.access import Answering, Record, Told

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # upper bounds of the steps that are counted


@dataclass(frozen=True)
class Answers:
    """What one model answered, and at least once."""

    model: Answering
    told: Sequence[Told]

    @cached_property
    def best(self) -> NDArray[np.int64]:
        """The index of the most probable label of each answer."""
        return np.array([each.best for each in self.told])

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """Of each answer (answers, labels)."""
        return np.concatenate([each.probabilities for each in self.told]).reshape(len(self.told), -1)


def answers_in(records: Iterable[Record]) -> list[Answers]:
    """The answers in these records, by the model that gave them."""
    told = [each for record in records for each in record.answers]
    models = {each.model for each in told}
    if len(models) == 1:
        return [Answers(models.pop(), told)]
    return [Answers(model, [each for each in told if each.model is model]) for model in models]


@dataclass
class Said:
    """What some answers come to."""

    labels: dict[str, Answered] = field(default_factory=dict)
    answers: int = 0
    confidence: float = 0.0  # the sum of all
    confidences: list[int] = field(default_factory=lambda: [0] * (len(CONFIDENCES) + 1))  # by step, the rest last
    judged: int = 0  # those whose familiarity the model judges
    unfamiliar: int = 0

    def add(self, answers: Answers) -> None:
        """Count answers of one model."""
        model, told, best = answers.model, answers.told, answers.best
        confidences = answers.probabilities[np.arange(len(told)), best]
        self.answers += len(told)
        self.confidence += float(confidences.sum(dtype=float))
        steps = np.bincount(np.searchsorted(CONFIDENCES, confidences), minlength=len(self.confidences))
        self.confidences = (self.confidences + steps).tolist()
        threshold = model.score_threshold
        is_judged = threshold is not None and told[0].score is not None
        low = np.array([each.score for each in told]) < threshold if is_judged else np.zeros(len(told), bool)
        self.judged += len(told) * is_judged
        self.unfamiliar += int(low.sum())
        numbers, sums, lows = np.bincount(best), np.bincount(best, confidences), np.bincount(best, low)
        for place in np.flatnonzero(numbers).tolist():
            number = int(numbers[place])
            of_label = Answered(number, float(sums[place]), number * is_judged, int(lows[place]))
            self.labels.setdefault(model.labels[place], Answered()).add(of_label)

    def join(self, other: "Said") -> None:
        """Count what others come to as well."""
        self.answers += other.answers
        self.confidence += other.confidence
        self.confidences = [mine + its for mine, its in zip(self.confidences, other.confidences, strict=True)]
        self.judged += other.judged
        self.unfamiliar += other.unfamiliar
        for label, answered in other.labels.items():
            self.labels.setdefault(label, Answered()).add(answered)

    def told(self) -> dict[str, object]:
        """As Metrics.answers."""
        steps = zip((*map(str, CONFIDENCES), "+Inf"), accumulate(self.confidences), strict=True)
        labels = {label: answered.answers for label, answered in self.labels.items()}
        return {"labels": labels, "confidence_at_most": dict(steps), "unfamiliar": self.unfamiliar}


def said_in(answers: Iterable[Answers]) -> Said:
    """What all of these say."""
    said = Said()
    for each in answers:
        said.add(each)
    return said
