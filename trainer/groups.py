"""Uploads that are near copies of each other, such as a burst of one camera: a group of them is in one part.

What judges would else show what was learnt, a frame before. Those of a class that nothing but uploads teach are dealt
into parts by groups (deal.py); of the others a group is for what its oldest is for. A picture is of the group of the
oldest that it is near to, also where it is near to some of another. So one that comes later changes no group that there
was, and moves nothing from one part to another (docs/decisions/0069-groups-of-near-copies.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from server.pictures.likeness import NEAR, likeness
from server.pictures.preprocessing import Input
from trainer.deal import Member
from trainer.likeness import Images, Rows

Classes = NDArray[np.int32]  # (N,)

WORD_BYTES = 8
LOOKED_AT = 5000  # pictures of a class before each that it is compared with: of more, the time would grow by the square


def with_leaders(members: Sequence[Member], images: Images) -> list[Member]:
    """Uploads, the oldest first, each with the oldest of its class that it is a near copy of."""
    found = list(members)
    for label in {member.label for member in members}:
        places = [place for place, member in enumerate(members) if member.label == label]
        first = leaders(images[members[place].row] for place in places)
        for place, leader in zip(places, first, strict=True):
            found[place] = replace(members[place], leader=members[places[leader]].sha256)
    return found


def of_one_half(images: Images, classes: Classes, learnt: Rows, judging: Rows) -> tuple[Rows, Rows]:
    """Uploads to learn from and to judge by, less those of a group whose oldest is for the other.

    A later one changes nothing of this either: what it is near to was there, and stays what it is.
    """
    rows, is_learnt, kept = np.sort(np.concatenate([learnt, judging])), set(learnt.tolist()), set[int]()
    for number in np.unique(classes[rows]):
        mine = rows[classes[rows] == number].tolist()
        for row, leader in zip(mine, leaders(images[row] for row in mine), strict=True):
            if (row in is_learnt) == (mine[leader] in is_learnt):
                kept.add(row)
    some = np.array(sorted(kept), np.int64)
    return learnt[np.isin(learnt, some)], judging[np.isin(judging, some)]


def leaders(images: Iterable[Input]) -> Iterator[int]:
    """Of each image, the oldest first, the position of the oldest of its group: its own, if it is near to none."""
    found: list[int] = []
    hashes = _hashes(images)
    for position, bits in enumerate(hashes):
        first = max(0, position - LOOKED_AT)
        differ = np.bitwise_count(hashes[first:position] ^ bits).sum(axis=1)
        near = np.flatnonzero(differ <= NEAR)
        found.append(found[first + int(near[0])] if len(near) else position)
        yield found[-1]


def _hashes(images: Iterable[Input]) -> NDArray[np.uint64]:
    """The likeness of each image in words of 64 bits, (N, words)."""
    whole = [bytes.fromhex(likeness(image)) for image in images]
    size = -(-len(whole[0]) // WORD_BYTES) * WORD_BYTES if whole else WORD_BYTES
    return np.frombuffer(b"".join(each.ljust(size, b"\0") for each in whole), np.uint64).reshape(-1, size // WORD_BYTES)
