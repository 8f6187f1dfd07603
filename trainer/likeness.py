"""Which pictures are copies of others, or nearly: saved as JPEG, inverted, shifted by a pixel, scaled.

Seen on the model's input. A picture is the vector of its ink, which is how far each pixel is from the border's grey
level, whichever of the two is darker; around its centre of mass, blurred a little, less the same blurred much, of
length 1. A copy is near to its original, or to that with strokes a pixel thicker, as the preprocessing makes of an
enlarged one; and clearly nearer than to anything else (the ratio test of Lowe 2004,
https://doi.org/10.1023/B:VISI.0000029664.99615.94): most ones of MNIST are as near to each other as a copy is to its
original, so that no threshold alone, and no perceptual hash, tells the two apart. What the preprocessing makes of an
original that was moved (moved.py) stands for it as well. Most pictures have nothing near them,
which a few directions of the vectors show at little cost (docs/decisions/0038-copies-in-the-base.md). For a few
pictures it is enough to move the originals that are near to them, also as they were sent (sent.py).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

ALIKE, RATIO = 0.25, 0.78  # of a copy: the distance to its original at most, and that over the one to the next picture
REACH = 0.42  # distance of a copy before it is scaled, at most
SIDE = 20  # points a side
WINDOW = 20 / 28  # of the input's sides, which they are spread over
FINE, COARSE = 1.2, 3.5  # points: radius of the little blur, and of the large one
FAINT = 24  # of 255 grey levels: less is no ink
SCALES = (0.88, 0.94, 1.0, 1.06, 1.12)  # that a copy is looked at in, since a box around ink is off by a pixel or so
LOOKED_AT = 8  # nearest pictures that are looked at in all scales
CHUNK = 256  # pictures at once
DIRECTIONS, SAMPLE = 48, 2000  # of the vectors, along which most of them vary; and pictures that these are taken from
LOOKS, NEAR = 3, 100  # of each of a few pictures, as it is and as it was sent; and originals looked at for each look
PAIRS = 10_000_000  # of a picture with an original that are looked at so, at most: each takes 36 bytes
THREADS = 2  # numpy lets go of the GIL

Images = NDArray[np.uint8]  # (N, height, width, channels)
Rows = NDArray[np.int64]  # row numbers of the images
Vectors = NDArray[np.float32]  # (N, SIDE * SIDE), of length 1
Ink = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]  # (N, height, width), rows, columns


Others = Callable[[Rows], Images]  # what else pictures look like, each another, or none at all


def copies(
    images: Images, rows: Rows, of: Rows, moved: Others | None = None, sent: Others | None = None
) -> NDArray[np.bool_]:
    """Which of the pictures at `rows`, (N,), are copies of some of those at `of`; `images` may be a memory map.

    `moved` is of originals, `sent` of what is looked for: with it, a few pictures are compared with what is near only.
    """
    if not len(of) or not len(rows):
        return np.zeros(len(rows), np.bool_)
    with ThreadPoolExecutor(THREADS) as pool:
        if sent is not None and LOOKS * NEAR * len(rows) < len(of) and len(rows) * len(of) <= PAIRS:
            of = _near(images, rows, of, sent, pool)
        originals = Originals(images, of, moved)
        return np.concatenate(list(pool.map(lambda each: originals.copied(images[each]), _chunks(rows))))


def _near(images: Images, rows: Rows, of: Rows, sent: Others, pool: ThreadPoolExecutor) -> Rows:
    """Those of the originals that are nearest to some of the pictures, as these are or as they were sent."""
    looks = _vectors(_ink(np.concatenate([images[rows], sent(rows)])))
    cosines = np.concatenate(list(pool.map(lambda each: looks @ _vectors(_ink(images[each])).T, _chunks(of))), axis=1)
    return of[np.unique(np.argpartition(cosines, -NEAR, axis=1)[:, -NEAR:])]


def _chunks(rows: Rows) -> list[Rows]:
    return np.array_split(rows, -(-len(rows) // CHUNK))


class Originals:
    """Pictures that others may be copies of."""

    def __init__(self, images: Images, rows: Rows, moved: Others | None = None) -> None:
        chunks = [images[each] for each in _chunks(rows)]
        self._whose = rows
        if moved is not None and len(others := moved(rows)):
            chunks += [others[each] for each in _chunks(np.arange(len(others)))]
            self._whose = np.concatenate([rows, rows])
        self._vectors = np.concatenate([_vectors(_ink(each)) for each in chunks])
        self._thicker = np.concatenate([_vectors(_ink(each, thicker=True)) for each in chunks])
        sample = self._vectors[:: -(-len(self._vectors) // SAMPLE)].astype(np.float64)
        self._directions = np.linalg.eigh(sample.T @ sample)[1][:, -DIRECTIONS:].astype(np.float32)
        along = self._vectors @ self._directions
        # So that one product gives the squared distances, less the squares of what is looked for.
        self._along = np.concatenate([-2 * along, (along**2).sum(axis=1, keepdims=True)], axis=1).T.copy()

    def copied(self, images: Images) -> NDArray[np.bool_]:
        """Which of some pictures are copies."""
        ink = _ink(images)
        vectors, found = _vectors(ink), np.zeros(len(images), np.bool_)
        rows, nearest = self._nearest(vectors)
        if len(rows):
            found[rows] = self._copied((ink[0][rows], ink[1][rows], ink[2][rows]), nearest)
        return found

    def _nearest(self, vectors: Vectors) -> tuple[Rows, Rows]:
        """Which of the pictures have some original within reach, and those that are nearest to each of them.

        Along some directions two pictures are never farther apart than in all.
        """
        along = vectors @ self._directions
        distances = np.concatenate([along, np.ones((len(along), 1), np.float32)], axis=1) @ self._along
        within = distances < REACH**2 - (along**2).sum(axis=1)[:, None]
        row, column = np.divmod(np.flatnonzero(within), within.shape[1])  # nonzero of two axes takes 15 times as long
        order = np.lexsort((distances[row, column], row))
        rows, first, counts = np.unique(row[order], return_index=True, return_counts=True)
        looked_at = np.minimum(np.arange(LOOKED_AT), counts[:, None] - 1)  # of fewer the last one several times
        nearest = column[order][first[:, None] + looked_at]
        cosines = np.einsum("nd,nkd->nk", vectors[rows], self._vectors[nearest])
        near = cosines.max(axis=1, initial=-1.0) > 1 - REACH**2 / 2
        return rows[near], nearest[near]

    def _copied(self, ink: Ink, nearest: Rows) -> NDArray[np.bool_]:
        near = self._vectors[nearest]  # (N, looked_at, SIDE * SIDE)
        both = (near, self._thicker[nearest])
        scaled = [np.einsum("nd,nkd->nk", _vectors(ink, scale), each) for scale in SCALES for each in both]
        distances = np.sqrt(np.maximum(0, 2 - 2 * np.max(scaled, axis=0)))
        order = np.argsort(distances, axis=1)
        distances = np.take_along_axis(distances, order, axis=1)
        near = np.take_along_axis(near, order[:, :, None], axis=1)
        whose = self._whose[np.take_along_axis(nearest, order, axis=1)]
        # What is itself a copy of the nearest says nothing about how near other pictures are.
        other = np.sqrt(np.maximum(0, 2 - 2 * np.einsum("nd,nkd->nk", near[:, 0], near))) > ALIKE / 2
        other &= whose != whose[:, :1]
        following = np.where(other, distances, np.inf).min(axis=1)
        result: NDArray[np.bool_] = (distances[:, 0] < ALIKE) & (distances[:, 0] < RATIO * following)
        return result


def _ink(images: Images, thicker: bool = False) -> Ink:
    grey = images.mean(axis=3, dtype=np.float32)
    edges = [grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]]
    ink = np.abs(grey - np.median(np.concatenate(edges, axis=1), axis=1)[:, None, None])
    ink[ink < FAINT] = 0
    if thicker:
        padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
        down, across = np.maximum(padded[:, :-2], padded[:, 2:]), np.maximum(padded[:, :, :-2], padded[:, :, 2:])
        ink = np.maximum(ink, np.maximum(down[:, :, 1:-1], across[:, 1:-1]))
    mass = np.maximum(ink.sum(axis=(1, 2)), 1e-6)
    rows = ink.sum(axis=2) @ np.arange(ink.shape[1], dtype=np.float32) / mass
    return ink, rows, ink.sum(axis=1) @ np.arange(ink.shape[2], dtype=np.float32) / mass


def _vectors(ink: Ink, scale: float = 1.0) -> Vectors:
    fine, coarse = (_blurred(ink, scale, radius) for radius in (FINE, COARSE))
    flat = (fine - coarse).reshape(len(fine), -1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6), np.float32)


def _blurred(ink: Ink, scale: float, radius: float) -> NDArray[np.float32]:
    pixels, rows, columns = ink
    down, across = (
        _weights(centre, length, scale * WINDOW * length / SIDE, radius)
        for centre, length in zip((rows, columns), pixels.shape[1:], strict=True)
    )
    return np.asarray(down @ pixels @ across.transpose(0, 2, 1), np.float32)


def _weights(centre: NDArray[np.float32], length: int, step: float, radius: float) -> NDArray[np.float32]:
    """(N, SIDE, length): what each pixel adds to each point, which stand `step` pixels apart around the centre."""
    points = centre[:, None] + (np.arange(SIDE) - (SIDE - 1) / 2) * step
    distance = (points[:, :, None] - np.arange(length)) / (radius * WINDOW * length / SIDE)
    weights = np.exp(-(distance**2))
    return np.asarray(weights / np.maximum(weights.sum(axis=2, keepdims=True), 1e-6), np.float32)
