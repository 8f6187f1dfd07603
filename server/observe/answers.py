"""What the model said, as numbers: how often which label, how sure, and how often about pictures like none it knows.

It is taken from the records once a tick, all at once: one by one it would cost as much as all else that is counted.
Answers that only judge an upload, which nobody asked for, are not among them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from server.models.reference import ink, margins
from server.serving.prediction import Predictions
from server.store.days import Answered
from server.web.access import Answering, Record, Told

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # upper bounds of the steps that are counted


@dataclass(frozen=True)
class Answers:
    """What one model answered, and at least once."""

    model: Answering
    told: Sequence[Told]
    records: Sequence[Record]  # that these are in, beside others
    places: Sequence[int]  # of each, among all answers in the records

    def origin(self, number: int) -> tuple[Record, int]:
        """The request of one of these answers, and its place among those of the request."""
        place = self.places[number]
        at = bisect_right(self._firsts, place) - 1
        return self.records[at], place - self._firsts[at]

    @cached_property
    def _firsts(self) -> list[int]:
        return list(accumulate((len(record.answers) for record in self.records), initial=0))[:-1]

    @cached_property
    def best(self) -> NDArray[np.int64]:
        """The index of the most probable label of each answer."""
        if isinstance(self.told, Predictions):
            return self.told.best
        return np.array([each.best for each in self.told])

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """Of each answer (answers, labels)."""
        if isinstance(self.told, Predictions):
            return self.told.probabilities
        return np.concatenate([each.probabilities for each in self.told]).reshape(len(self.told), -1)

    @cached_property
    def margins(self) -> NDArray[np.float64]:
        """Between each answer's two most probable labels."""
        return margins(self.probabilities)

    @cached_property
    def scores(self) -> NDArray[np.float32] | None:
        """How familiar each picture is, if the model judges that."""
        if isinstance(self.told, Predictions):
            return self.told.scores
        return None if self.told[0].score is None else np.array([each.score for each in self.told])

    @cached_property
    def inks(self) -> NDArray[np.float64]:
        """How much ink each picture has; under 0 where that was not measured and the picture was not kept."""
        if isinstance(self.told, Predictions):
            return self.told.inks
        inks = np.array([each.ink for each in self.told])
        kept = {
            place: model_input
            for place in np.flatnonzero(inks < 0).tolist()
            if (model_input := self.told[place].model_input) is not None
        }
        if kept:
            inks[list(kept)] = ink(np.stack(list(kept.values())))
        return inks

    @cached_property
    def is_unfamiliar(self) -> NDArray[np.bool_] | None:
        """Whether each picture is like none that the model knows, if the model judges that."""
        threshold = self.model.score_threshold
        return None if threshold is None or self.scores is None else self.scores < threshold


def answers_in(records: Sequence[Record]) -> list[Answers]:
    """The answers in these records, by the model that gave them; those that are in columns by themselves."""
    found, others = [], []
    for record in records:
        if isinstance(record.answers, Predictions):
            found.append(Answers(record.answers.model, record.answers, [record], range(len(record.answers))))
        else:
            others.append(record)
    return found + _one_by_one(others)


def _one_by_one(records: Sequence[Record]) -> list[Answers]:
    told = [each for record in records for each in record.answers]
    models = {each.model for each in told}
    if len(models) == 1:
        return [Answers(models.pop(), told, records, range(len(told)))]
    found = []
    for model in models:
        places = [place for place, each in enumerate(told) if each.model is model]
        found.append(Answers(model, [told[place] for place in places], records, places))
    return found


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
        best, number = answers.best, len(answers.told)
        confidences = answers.probabilities[np.arange(number), best]
        self.answers += number
        self.confidence += float(confidences.sum(dtype=float))
        steps = np.bincount(np.searchsorted(CONFIDENCES, confidences), minlength=len(self.confidences))
        self.confidences = (self.confidences + steps).tolist()
        is_judged = answers.is_unfamiliar is not None
        low = answers.is_unfamiliar if answers.is_unfamiliar is not None else np.zeros(number, bool)
        self.judged += number * is_judged
        self.unfamiliar += int(low.sum())
        numbers, sums, lows = np.bincount(best), np.bincount(best, confidences), np.bincount(best, low)
        for place in np.flatnonzero(numbers).tolist():
            number = int(numbers[place])
            of_label = Answered(number, float(sums[place]), number * is_judged, int(lows[place]))
            self.labels.setdefault(answers.model.labels[place], Answered()).add(of_label)

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
