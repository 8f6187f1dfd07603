"""What the queue runs: the model on a batch, and what is found out of its answers in one go."""

from collections.abc import Sequence
from typing import Protocol

from server.models.model import Images, Model
from server.models.reference import ink
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction, Predictions, joined


class Source(Protocol):
    """Who has the model."""

    @property
    def model(self) -> Model:
        """Raises NoModel."""


class Running:
    """Runs what its source has at that moment; with `keeping`, while that is on, the answers have what it saw."""

    def __init__(self, source: Source, keeping: Keeping | None, measures_ink: bool) -> None:
        self._source = source
        self._keeping = keeping
        self._measures_ink = measures_ink

    def __call__(self, images: Images) -> Sequence[Prediction]:
        """The answers, one by one."""
        return list(self.block(images))

    def block(self, images: Images) -> Predictions:
        """The answers in columns."""
        model, keeping = self._source.model, self._keeping
        seen = keeping.keep(images) if keeping is not None and keeping.is_on else None
        measures_ink = self._measures_ink and model.reference is not None and seen is None  # of kept ones it can wait
        # Looked at first: the model leaves nothing of them in the processor's caches.
        measured = ink(images) if measures_ink else None
        outputs = model.predict(images)
        best = outputs.probabilities.argmax(axis=1)
        return Predictions(model, best, outputs.probabilities, outputs.scores, measured, seen)

    def join(self, parts: Sequence[Sequence[Prediction]]) -> Sequence[Prediction]:
        return joined(parts)

    def block_limit(self) -> int:
        return self._source.model.turn_images

    def is_slow(self) -> bool:
        # Inline on the loop a small model answers 1.2 times as many requests a second as from a thread, since one
        # worker has one core; from here on a batch would make everybody else wait longer than the hand-over costs.
        return self._source.model.batch_seconds > 0.004
