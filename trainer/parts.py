"""Keeping what judges apart from what is trained on, by what the model sees of both: equal pictures, and copies.

In a class of which most pictures are alike, printed letters say, nobody can tell a copy; there only equal ones go.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trainer.groups import of_one_half
from trainer.likeness import Images, Others, Rows, copies

BASE_JUDGES = ("validation", "gate", "test")
ALIKE_SHARE = 0.5  # of what a class is trained on


def kept_apart(
    images: Images,
    classes: NDArray[np.int32],
    rows: Mapping[str, Rows],
    moved: Others | None = None,
    sent: Others | None = None,
) -> dict[str, Rows]:
    """The rows of each part, less those that would be trained on and judge, or judge twice.

    `moved` and `sent`, of uploads, are as copies() takes them.
    """
    judging = np.concatenate([rows[part] for part in BASE_JUDGES])
    judges = {hash_of(images, row) for row in judging}
    fit = np.array([row for row in rows["fit"] if hash_of(images, row) not in judges], np.int64)
    fit = _less_alike(images, classes, fit, judging, moved)
    uploads, held_out = of_one_half(images, classes, rows["uploads"], rows["held out"])
    held_out = _less_copies(images, held_out, np.concatenate([rows["fit"], judging]), moved, sent)
    uploads = _less_copies(images, uploads, np.concatenate([judging, held_out]), moved, sent)
    return {**rows, "fit": fit, "held out": held_out, "uploads": uploads}


def _less_alike(images: Images, classes: NDArray[np.int32], rows: Rows, of: Rows, moved: Others | None) -> Rows:
    """The rows whose pictures are no copies of the others, and all of a class in which most seem to be."""
    copied, of_row = copies(images, rows, of, moved), classes[rows]
    for number in np.unique(of_row):
        if copied[of_row == number].mean() > ALIKE_SHARE:
            copied[of_row == number] = False
    return rows[~copied]


def _less_copies(images: Images, rows: Rows, of: Rows, moved: Others | None, sent: Others | None) -> Rows:
    """The rows whose pictures are no copies of the others."""
    if not len(rows):
        return rows
    hashes = {hash_of(images, row) for row in of}
    same = np.array([hash_of(images, row) in hashes for row in rows], np.bool_)
    return rows[~(same | copies(images, rows, of, moved, sent))]


def hash_of(images: Images, row: int) -> bytes:
    """What an image is to the model: pictures with the same are the same to it."""
    return hashlib.sha256(images[row].tobytes()).digest()
