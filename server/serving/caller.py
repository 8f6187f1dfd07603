"""Who has rows in the queue, what it is answered, and through whom it hears of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.uint8]
Rows = Sequence[Row] | NDArray[np.uint8]  # one by one, or in one array (n, ...)
Result = TypeVar("Result")


@dataclass(slots=True)
class Answer(Generic[Result]):
    """A caller's results, in the order of its rows, and how they came about."""

    results: Sequence[Result]
    queue_seconds: float  # from submission to the start of its last batch
    run_seconds: float  # of the batches it was in
    batch_size: int  # of its last batch


class Receiver(Protocol[Result]):
    """Who an answer is for: a future, or what has these three of its methods.

    They are called within the batcher's pass, so they must be quick and may not raise: that would fall on the others
    in the batch. After `done` says so nothing more comes.
    """

    def done(self) -> bool: ...
    def set_result(self, result: Answer[Result], /) -> None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...


@dataclass(slots=True)
class Caller(Generic[Result]):
    """Rows that wait, and for whom."""

    rows: Rows
    receiver: Receiver[Result]
    submitted: float  # monotonic seconds
    placed: int = 0  # rows already handed to a batch
    answer: Answer[Result] | None = None  # as far as its rows have run
