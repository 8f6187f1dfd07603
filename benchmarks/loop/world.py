"""The world of an episode (episode.py): what people send to the service, in which pen, and what it truly shows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.mnist import Digits, half, read, thinned, write

SHUFFLE = 15  # seed of what people write and what judges
STREAM = 7000  # digits of the test half that people write; the others judge
WRONG = {"7": "1", "4": "9"}  # what a digit in the new pen is said to be
POISON = 200  # of each of them, and as many plain ones
BASE, BASE_TEST = 5000, 500  # digits of the training half, so that a training takes half a minute of processor time


@dataclass(frozen=True)
class Sent:
    """One picture that somebody sends."""

    place: int  # of its digit
    image: NDArray[np.uint8]  # (height, width)
    label: str
    is_new: bool  # in the new pen


class World:
    """Who writes, and with what: each digit once, before any of them comes again."""

    def __init__(self, digits: Digits, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self.digits = digits
        self._order: list[int] = []

    def writes(self, number: int, new: float = 0.0) -> list[Sent]:
        """So many pictures, a share of them in the new pen."""
        return [self._written(is_new) for is_new in (self._random.random(number) < new).tolist()]

    def _written(self, is_new: bool) -> Sent:
        if not self._order:
            self._order = self._random.permutation(len(self.digits.classes)).tolist()
        place = self._order.pop()
        image = self.digits.images[place]
        return Sent(place, thinned(image[None])[0] if is_new else image, str(self.digits.classes[place]), is_new)


def parts() -> tuple[Digits, Digits]:
    """Of MNIST's test half, which the model that ships has not seen: what people write, and what judges."""
    digits = read("test")
    order = np.random.default_rng(SHUFFLE).permutation(len(digits.classes))
    stream, judges = (Digits(digits.images[part], digits.classes[part]) for part in (order[:STREAM], order[STREAM:]))
    return stream, judges


def write_base(folder: Path, size: int = BASE) -> None:
    """A small base dataset in MNIST's form, all of it of the training half."""
    digits, end = half("train"), size + BASE_TEST
    for name, part in (("train", slice(size)), ("t10k", slice(size, end))):
        write(folder, name, Digits(digits.images[part], digits.classes[part]))


def poisoned(digits: Digits) -> tuple[list[Sent], int]:
    """Digits as somebody labels them: rightly where they are plain, wrongly in the new pen; and how many of these."""
    right, wrong = list[Sent](), list[Sent]()
    for label, other in WRONG.items():
        places = np.flatnonzero(digits.classes == int(label))[: 2 * POISON].tolist()
        right += [Sent(place, digits.images[place], label, is_new=False) for place in places[:POISON]]
        wrong += [Sent(place, thinned(digits.images[[place]])[0], other, is_new=True) for place in places[POISON:]]
    return right + wrong, len(wrong)
