"""What two models of other classes can be compared on: the classes that both know, whatever each calls them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.models.model import Probabilities

Called = Callable[[str], str | None]  # what a label of any version is called now; None for a class that was removed
Sources = tuple[tuple[int, ...], ...]  # of each class now, the earlier ones that became it; none: it is new


@dataclass(frozen=True)
class Shared:
    """The classes of a candidate, as far as an earlier model knows them."""

    sources: Sources
    same: bool  # both have the same labels, in the same order

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which classes both know, (classes,)."""
        return np.array([bool(each) for each in self.sources], np.bool_)

    def rows(self, classes: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which images show a class that both know."""
        return self.known[classes]

    def seen(self, earlier: Probabilities) -> Probabilities:
        """The earlier model's probabilities of the candidate's classes, less those that were removed since."""
        if self.same:
            return earlier
        kept = np.stack([earlier[:, list(each)].sum(axis=1) for each in self.sources], axis=1)
        return np.asarray(kept / np.maximum(kept.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny), np.float32)


def shared(labels: Sequence[str], earlier: Sequence[str], called: Called | None) -> Shared:
    """What two models share; without `called` nothing was decided, and a label is what it says."""
    return Shared(sources_of(labels, earlier, called or str), tuple(labels) == tuple(earlier))


def sources_of(labels: Sequence[str], earlier: Sequence[str], called: Called) -> Sources:
    """For each label now, the numbers of the earlier ones that it is called for."""
    now = [called(label) for label in earlier]
    return tuple(tuple(number for number, name in enumerate(now) if name == label) for label in labels)
