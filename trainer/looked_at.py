"""What reading every picture of a dataset showed of it: those that can't be used, and those that are there twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from server.layouts.errors import DatasetError
from server.layouts.layout import Half
from server.pictures.errors import PictureError
from trainer.dataset import Example, named

BROKEN_SHARE = 0.02  # of the files; one that is broken is an accident, many are a wrong folder or a copy that failed
UNUSABLE_SHARE = 0.2  # of the pictures; many in which nothing is found are a wrong preprocessing


@dataclass
class LookedAt:
    """Grows with each picture, in the dataset's order."""

    size: int
    broken: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # each with its reason
    _seen: dict[str, tuple[str, str, Half | None]] = field(default_factory=dict)  # by hash the first's origin and place
    _labels: set[str] = field(default_factory=set)
    _in_two_halves: list[str] = field(default_factory=list)
    _of_two_classes: list[str] = field(default_factory=list)

    def leave_out(self, example: Example, error: DatasetError | PictureError) -> None:
        """One that can't be used: it can't be read, or nothing in it can be learnt."""
        self.left_out.append(str(error) if isinstance(error, DatasetError) else f"{example.origin}: {error}")
        (self.broken if isinstance(error, DatasetError) else self.unusable).append(example.origin)

    def take(self, example: Example, sha256: str) -> None:
        """One that can be used."""
        self._labels.add(example.label)
        origin, label, half = self._seen.setdefault(sha256, (example.origin, example.label, example.half))
        pair = f"{example.origin} and {origin}"
        if label != example.label:
            self._of_two_classes.append(pair)
        elif half != example.half:
            self._in_two_halves.append(pair)

    def check(self, labels: Sequence[str], where: str) -> None:
        """Raise DatasetError if too much can't be used."""
        for some, share, what, remedy in (
            (self.broken, BROKEN_SHARE, "can't be read", "mend or remove them"),
            (self.unusable, UNUSABLE_SHARE, "have nothing in them that the model could learn", "try --preprocessing"),
        ):
            if len(some) > max(1, share * self.size):
                many = f"{len(some)} of {self.size} pictures {what}, more than {share:.0%}"
                raise DatasetError(f"{where}: {many}: {named(some)}; {remedy}")
        empty = [label for label in labels if label not in self._labels]
        if empty:
            files = [*self.broken, *self.unusable]
            raise DatasetError(f"{where}: no picture of {empty[0]!r} can be used ({named(files)}); add some")

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user should know of it."""
        found = (
            ("left out, since they can't be read", self.broken, "mend or remove them"),
            ("left out, since there is nothing in them to learn", self.unusable, "look at them, or remove them"),
            ("in two halves, so that they judge and are not trained on", self._in_two_halves, "remove one of each"),
            ("in two classes", self._of_two_classes, "remove the wrong one of each"),
        )
        return tuple(f"{what}: {named(some)}; {remedy}" for what, some, remedy in found if some)
