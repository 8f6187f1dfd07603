"""Holds on to what the model saw, while samples are collected or a version is in shadow, until the answers were seen.

The batcher fills its rows again at once, so a batch is copied: some microseconds, and one object an answer.
"""

from collections.abc import Sequence

from server.models.model import Images
from server.pictures.preprocessing import Input
from server.serving.prediction import Prediction

LIMIT_BYTES = 32 * 2**20  # between two looks, a tenth of a second apart


class Kept(Prediction):
    """A prediction with what the model saw."""

    model_input: Input


class Keeping:
    """The pictures of one worker's last answers, while it is on."""

    def __init__(self, is_on: bool = True) -> None:
        self.is_on = is_on
        self._bytes = 0
        self._missed = 0

    def keep(self, predictions: Sequence[Prediction], images: Images) -> list[Prediction]:
        """The same predictions, with their pictures as long as there is room."""
        if self._bytes + images.nbytes > LIMIT_BYTES:
            self._missed += len(images)
            return list(predictions)
        self._bytes += images.nbytes
        kept: list[Prediction] = []
        for prediction, model_input in zip(predictions, images.copy(), strict=True):
            each = Kept(*prediction)
            each.model_input = model_input
            kept.append(each)
        return kept

    def let_go(self) -> int:
        """Make room for others: the answers were looked at. How many there are whose pictures found none."""
        missed, self._bytes, self._missed = self._missed, 0, 0
        return missed
