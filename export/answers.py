"""What a model says of the images that judge: how sure it is of each, and whether it is right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.shared import Shared
from export.verify import in_batches
from server.models.model import Images, Model


@dataclass(frozen=True)
class Answers:
    """Of each image, (N,)."""

    confidence: NDArray[np.float32]
    right: NDArray[np.bool_]

    def among(self, those: NDArray[np.bool_]) -> "Answers":
        """Of some of the images only."""
        return Answers(self.confidence[those], self.right[those])


@dataclass(frozen=True)
class Said:
    """What a version says of the gate part, and of the held-out uploads."""

    version: str
    gate: Answers
    held_out: Answers

    def among(self, gate: NDArray[np.bool_], held_out: NDArray[np.bool_]) -> "Said":
        """Of some of the images only."""
        return Said(self.version, self.gate.among(gate), self.held_out.among(held_out))


def answers_of(model: Model, images: Images, classes: NDArray[np.int32], both: Shared | None = None) -> Answers:
    """A model's answers to images of these classes, (N,); `both`: which are those of another, that shares some."""
    probabilities = in_batches(model, images)
    return answers(probabilities if both is None else both.seen(probabilities), classes)


def answers(probabilities: NDArray[np.float32], classes: NDArray[np.int32]) -> Answers:
    """From the probabilities, (N, classes), and the true classes, (N,)."""
    return Answers(probabilities.max(axis=1), probabilities.argmax(axis=1) == classes)
