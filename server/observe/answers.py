"""What the model said, as numbers: how often which label, how sure, and how often about pictures like none it knows.

It is taken from the records once a tick, all at once: one by one it would cost as much as all else that is counted.
Answers that only judge an upload, which nobody asked for, are not among them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from server.store.days import Answered
from server.web.access import Answering, Record, Told

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # upper bounds of the steps that are counted


@dataclass
class Said:
    """The answers of some records."""

    labels: dict[str, Answered] = field(default_factory=dict)
    answers: int = 0
    confidence: float = 0.0  # the sum of all
    confidences: list[int] = field(default_factory=lambda: [0] * (len(CONFIDENCES) + 1))  # by step, the rest last
    judged: int = 0  # those whose familiarity the model judges
    unfamiliar: int = 0

    def add(self, model: Answering, told: Sequence[Told]) -> None:
        """Count answers of one model."""
        best = np.array([each.best for each in told])
        probabilities = np.concatenate([each.probabilities for each in told])
        confidences = probabilities[np.arange(len(told)) * len(model.labels) + best]
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


def said_in(records: Iterable[Record]) -> Said:
    """What was said in these records."""
    said = Said()
    told = [each for record in records for each in record.answers]
    models = {each.model for each in told}
    for model in models:
        said.add(model, told if len(models) == 1 else [each for each in told if each.model is model])
    return said
