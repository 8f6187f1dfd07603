"""What the model says of one picture, and of many at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from server.models.model import Images, Model, Probabilities, Scores
from server.models.reference import ink
from server.pictures.preprocessing import Input

Value = TypeVar("Value", bound=np.generic)


class Prediction(NamedTuple):
    """The model's answer for one image."""

    model: Model
    best: int  # index of the most probable label
    probabilities: NDArray[np.float32]  # (labels,)
    score: np.float32 | None
    ink: float = -1.0  # of the model's input, where drift is watched and the picture is not kept
    model_input: Input | None = None  # what the model saw, where pictures are kept


@dataclass(frozen=True, slots=True, eq=False)
class Predictions(Sequence[Prediction]):
    """A model's answers for N images as it gives them, in columns; the answer for one is made when it is looked at."""

    model: Model
    best: NDArray[np.int64]  # (N,)
    probabilities: Probabilities  # (N, labels)
    scores: Scores | None  # (N,)
    ink: NDArray[np.float64] | None  # (N,)
    inputs: Images | None

    @property
    def inks(self) -> NDArray[np.float64]:
        """How much ink each image has; under 0 where that was not measured and the image was not kept."""
        if self.ink is not None:
            return self.ink
        return np.full(len(self), -1.0) if self.inputs is None else ink(self.inputs)

    def __len__(self) -> int:
        return len(self.best)

    def __iter__(self) -> Iterator[Prediction]:
        number = len(self)
        columns = (
            [self.model] * number,
            self.best.tolist(),
            self.probabilities,
            self.scores if self.scores is not None else [None] * number,
            self.ink.tolist() if self.ink is not None else [-1.0] * number,
            self.inputs if self.inputs is not None else [None] * number,
        )
        return map(Prediction._make, zip(*columns, strict=True))  # half of what calling it takes

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> "Predictions": ...
    def __getitem__(self, place: int | slice) -> "Prediction | Predictions":
        if isinstance(place, slice):
            return Predictions(
                self.model,
                self.best[place],
                self.probabilities[place],
                None if self.scores is None else self.scores[place],
                None if self.ink is None else self.ink[place],
                None if self.inputs is None else self.inputs[place],
            )
        return Prediction(
            self.model,
            int(self.best[place]),
            self.probabilities[place],
            None if self.scores is None else self.scores[place],
            -1.0 if self.ink is None else float(self.ink[place]),
            None if self.inputs is None else self.inputs[place],
        )


def joined(parts: Sequence[Sequence[Prediction]]) -> Sequence[Prediction]:
    """Answers one after another; in columns, where all of them are, of one model, and brought along the same."""
    if len(parts) == 1:
        return parts[0]
    columns = [part for part in parts if isinstance(part, Predictions)]
    kinds = {(part.model, part.scores is None, part.ink is None, part.inputs is None) for part in columns}
    if len(columns) < len(parts) or len(kinds) != 1:
        return [each for part in parts for each in part]
    return Predictions(
        columns[0].model,
        np.concatenate([part.best for part in columns]),
        np.concatenate([part.probabilities for part in columns]),
        _whole([part.scores for part in columns]),
        _whole([part.ink for part in columns]),
        _whole([part.inputs for part in columns]),
    )


def _whole(columns: Sequence[NDArray[Value] | None]) -> NDArray[Value] | None:
    """A column of all parts, which all have it or none."""
    found = [column for column in columns if column is not None]
    return np.concatenate(found) if found else None


def versions_of(predictions: Sequence[Prediction]) -> set[str]:
    """The versions that gave them."""
    if isinstance(predictions, Predictions):
        return {predictions.model.version}
    return {each.model.version for each in predictions}


def probability_of(name: str, prediction: Prediction, called: Sequence[str]) -> float:
    """Of a class, where the model's labels are called so now: several of them are one class once they are merged."""
    return float(sum(prediction.probabilities[place] for place, each in enumerate(called) if each == name))
