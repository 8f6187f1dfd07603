"""What the model says of one picture."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.models.model import Model
from server.pictures.preprocessing import Input


class Prediction(NamedTuple):
    """The model's answer for one image."""

    model: Model
    best: int  # index of the most probable label
    probabilities: NDArray[np.float32]  # (labels,)
    score: np.float32 | None
    ink: float = -1.0  # of the model's input, where drift is watched and the picture is not kept
    model_input: Input | None = None  # what the model saw, where pictures are kept


def probability_of(name: str, prediction: Prediction, called: Sequence[str]) -> float:
    """Of a class, where the model's labels are called so now: several of them are one class once they are merged."""
    return float(sum(prediction.probabilities[place] for place, each in enumerate(called) if each == name))
