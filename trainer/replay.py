"""What an epoch is made of: the whole fit part, and beside it uploads, so that what was just taught is heard.

Whatever older uploads there are, those since the version that serves have a share of their own, and so have
corrections, which somebody made of a label, or against the model's doubt. In each of these no label takes what others
need. Where there are more than an epoch has room for, each epoch takes the next (docs/decisions/0039-replay.md).
A class that uploads alone teach is in the fit part, and is repeated to be heard beside those of the base.
"""

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.prepare import Prepared

REPEAT = 10  # times an epoch, at most: few uploads are repeated up to their share, to be heard at all
REPEAT_ALONE = 20  # those of a class of which there is nothing else; what is seen oftener is learnt by heart
# Of the room for uploads, as far as there are such: (since the version that serves, a correction) -> parts.
SHARES = {(True, True): 2.0, (True, False): 2.0, (False, True): 1.0, (False, False): 1.0}

Rows = NDArray[np.int64]  # row numbers of the prepared images


@dataclass(frozen=True)
class Cell:
    """Images of one kind and label, in the order in which epochs take them, and how many an epoch takes."""

    rows: Rows
    taken: int

    def epoch(self, number: int) -> Rows:
        """Those of one epoch: each as often as any other, or once more."""
        return self.rows[(number * self.taken + np.arange(self.taken)) % len(self.rows)]


class Replay:
    """The rows of every epoch of a run, all of the same number, and the same whenever seed and images are."""

    def __init__(self, prepared: Prepared, share: float, seed: int) -> None:
        fit = prepared.rows["fit"]
        alone = np.isin(prepared.classes[fit], [prepared.labels.index(label) for label in prepared.alone])
        self._fit, self._seed = fit[~alone], seed
        cells = [Cell(rows, taken) for rows, taken in _heard(prepared, fit[alone], self._fit)]
        base = len(self._fit) + sum(cell.taken for cell in cells)
        room = int(base * share / (1 - share))
        kinds = _kinds(prepared)
        order = sorted(kinds, key=lambda kind: (-SHARES[kind[:2]], not kind[1], kind[2]))
        most = -(-base // len(prepared.labels))  # uploads of a label, as many as a class of the base has
        taken = _shared_out(room, {kind: len(kinds[kind]) for kind in order}, most)
        random = np.random.default_rng([seed, len(prepared.rows["uploads"])])
        self._cells = [*cells, *(Cell(random.permutation(kinds[kind]), taken[kind]) for kind in order)]

    def __len__(self) -> int:
        """Rows of an epoch."""
        return len(self._fit) + sum(cell.taken for cell in self._cells)

    def epoch(self, number: int) -> Rows:
        """The rows of one epoch, the first is 0, in an order of its own."""
        rows = np.concatenate([self._fit, *(cell.epoch(number) for cell in self._cells)])
        np.random.default_rng([self._seed, number]).shuffle(rows)
        return rows

    def images(self, epochs: int) -> int:
        """How many different images so many epochs take."""
        return len(self._fit) + sum(min(len(cell.rows), epochs * cell.taken) for cell in self._cells)


def _heard(prepared: Prepared, alone: Rows, others: Rows) -> list[tuple[Rows, int]]:
    """Of each class that uploads alone teach: all, and up to the mean of the others as far as repeating goes."""
    usual = math.ceil(len(others) / max(1, len(np.unique(prepared.classes[others]))))
    of_class = [alone[prepared.classes[alone] == number] for number in np.unique(prepared.classes[alone])]
    return [(rows, max(len(rows), min(REPEAT_ALONE * len(rows), usual))) for rows in of_class]


Kind = tuple[bool, bool, int]  # new, corrected, class


def _kinds(prepared: Prepared) -> dict[Kind, Rows]:
    found = defaultdict(list)
    for row in prepared.rows["uploads"].tolist():
        taught, corrected = prepared.taught.get(row, (prepared.heard + 1, False))
        found[taught > prepared.heard, corrected, int(prepared.classes[row])].append(row)
    return {kind: np.array(rows, np.int64) for kind, rows in found.items()}


def _shared_out(room: int, counts: dict[Kind, int], most: int) -> dict[Kind, int]:
    """How many uploads of each kind an epoch takes: by the parts, what one does not need goes to the others."""
    taken = dict.fromkeys(counts, 0)
    of_label: dict[int, int] = defaultdict(int)
    labels = {kind[:2]: sum(other[:2] == kind[:2] for other in counts) for kind in counts}
    weights = {kind: SHARES[kind[:2]] / labels[kind[:2]] for kind in counts}
    while room:
        left = {kind: min(REPEAT * counts[kind] - taken[kind], most - of_label[kind[2]]) for kind in counts}
        unfilled = [kind for kind in counts if left[kind] > 0]
        if not unfilled:
            break
        each = room / sum(weights[kind] for kind in unfilled)
        for kind in unfilled:
            more = min(max(1, math.floor(each * weights[kind])), left[kind], most - of_label[kind[2]], room)
            taken[kind] += more
            of_label[kind[2]] += more
            room -= more
    return taken
