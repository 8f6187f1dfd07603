"""Images that are compared for themselves: all of the gate part, those of a class, the held-out uploads of a source."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.answers import Said
from export.paired import Paired, compare
from export.verdict import Check
from server.settings import HELD_OUT_LEAST  # in all, or of one source


@dataclass(frozen=True)
class Slice:
    """Some of the images that judge, under a name."""

    what: str
    members: NDArray[np.bool_]
    held_out: bool = False
    source: str | None = None
    beside: int = 1  # slices of its kind: the significance is shared out among them (Bonferroni)

    def right(self, said: Said) -> NDArray[np.bool_]:
        """Which of these images a version gets right."""
        return (said.held_out if self.held_out else said.gate).right[self.members]

    def compare(self, before: Said, now: Said) -> Paired:
        """The two on these images."""
        return compare(self.right(before), self.right(now))

    def check(
        self, before: Said, now: Said, significance: float, margin: float = 0.0, since: str | None = None
    ) -> Check:
        """A loss is let pass up to the margin, or as far as chance explains it; `since`: the anchor, if it is one."""
        paired, significance = self.compare(before, now), significance / self.beside
        floor = -max(margin, paired.loss_limit(significance))
        passed, least = paired.change >= floor, paired.detectable(significance)
        return Check(self._name(since), paired.change, floor, paired.images, passed, least, since)

    def _name(self, since: str | None) -> str:
        anchor = f" since version {since}" if since is not None else ""
        return f"{self.what} change{anchor}" + (f", source {self.source}" if self.source is not None else "")


def of_all(classes: NDArray[np.int32]) -> Slice:
    """The whole gate part."""
    return Slice("accuracy", np.ones(len(classes), np.bool_))


def of_classes(classes: NDArray[np.int32], labels: Sequence[str]) -> list[Slice]:
    """The gate part by class, as far as there are images."""
    each = ((label, classes == number) for number, label in enumerate(labels))
    return [Slice(f"class {label}", those, beside=len(labels)) for label, those in each if those.any()]


def of_uploads(count: int, sources: Sequence[str]) -> list[Slice]:
    """The held-out uploads, and those of each source where there are several; as far as they are enough to judge."""
    if count < HELD_OUT_LEAST:
        return []
    whole, names = Slice("held-out uploads", np.ones(count, np.bool_), held_out=True), np.array(sources)
    each = {source: names == source for source in sorted(set(sources))} if len(set(sources)) > 1 else {}
    enough = {source: members for source, members in each.items() if members.sum() >= HELD_OUT_LEAST}
    return [whole, *(Slice(whole.what, those, True, source, len(enough)) for source, those in enough.items())]
