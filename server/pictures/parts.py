"""The connected parts of a picture's ink, and which of them are the digit among frames, lines, neighbours and dirt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]  # (height, width)
Boxes = NDArray[np.int64]  # (parts, 4): first row, row after the last, first column, column after the last

RUNS_LIMIT = 6000  # of a mask: a picture with more of them is noise
DIRT = 0.04  # of the largest part's size: what is smaller and lies apart is dirt
LEAST_SIDE = 0.12  # of the picture's longer side: what is larger may be a digit beside something cut by the edge
FRAME = 0.6  # of the picture's edge: what covers more of it is a frame
LINE = 4.0  # times as long as thick, a part is a line


@dataclass(frozen=True)
class Parts:
    """Connected parts: which pixel is of which (0 is none, the first part is 1), their boxes and numbers of pixels."""

    labels: NDArray[np.int32]  # (height, width)
    boxes: Boxes
    sizes: NDArray[np.int64]  # (parts,)


def parts_of(mask: Mask) -> Parts | None:
    """The parts whose pixels touch, by a side or a corner; None if there are too many to be a drawing."""
    height, width = mask.shape
    padded = np.zeros((height, width + 1), np.int8)
    padded[:, :width] = mask
    flat = padded.ravel()
    changes = np.flatnonzero(np.diff(flat, prepend=np.int8(0)))
    starts, stops = changes[::2], changes[1::2]
    if len(starts) > RUNS_LIMIT:
        return None
    roots = np.array(_roots(starts, stops, width + 1), np.int64)
    if not roots.any():  # one part, or none
        number, count = roots, min(len(roots), 1)
    else:
        found, number = np.unique(roots, return_inverse=True)
        count = len(found)
    rows, first = np.divmod(starts, width + 1)
    last = first + stops - starts
    boxes = np.empty((count, 4), np.int64)
    boxes[:, ::2], boxes[:, 1::2] = max(height, width), 0
    np.minimum.at(boxes[:, 0], number, rows)
    np.maximum.at(boxes[:, 1], number, rows + 1)
    np.minimum.at(boxes[:, 2], number, first)
    np.maximum.at(boxes[:, 3], number, last)
    if count == 1:
        labels = padded.astype(np.int32)
    else:
        labels = np.zeros((height, width + 1), np.int32)
        labels.ravel()[np.flatnonzero(flat)] = np.repeat(number + 1, stops - starts)
    return Parts(labels[:, :width], boxes, np.bincount(number, stops - starts, count).astype(np.int64))


def _roots(starts: NDArray[np.int64], stops: NDArray[np.int64], width: int) -> list[int]:
    """For each run of pixels the first run of its part; rows are `width` apart, and no run reaches the last of one."""
    # Those that touch a run from the row above lie beside each other.
    first = np.searchsorted(stops, starts - width).tolist()
    beyond = np.searchsorted(starts, stops - width, "right").tolist()
    root: list[int] = []
    for run, (other, end) in enumerate(zip(first, beyond, strict=True)):
        if other >= end:
            root.append(run)
            continue
        own = _root(root, other)
        for further in range(other + 1, end):
            joined = _root(root, further)
            own, joined = min(own, joined), max(own, joined)
            root[joined] = own
        root.append(own)
    for run, above in enumerate(root):
        root[run] = root[above]  # a root is never after its run, so that what it points to is a root already
    return root


def _root(root: list[int], run: int) -> int:
    while root[run] != run:
        run = root[run]
    return run


def digit_of(parts: Parts) -> NDArray[np.bool_]:
    """Which of the parts are kept as the digit, (parts,); none if there is only a frame."""
    height, width = parts.labels.shape
    boxes, sizes = parts.boxes, parts.sizes
    if len(sizes) == 1 and boxes[0, 1] - boxes[0, 0] < height and boxes[0, 3] - boxes[0, 2] < width:
        return np.ones(1, bool)
    tall, wide = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    side = np.maximum(tall, wide)
    at_edge = (boxes[:, 0] == 0) | (boxes[:, 2] == 0) | (boxes[:, 1] == height) | (boxes[:, 3] == width)
    spanning = ((boxes[:, 0] == 0) & (boxes[:, 1] == height)) | ((boxes[:, 2] == 0) & (boxes[:, 3] == width))
    keep = ~spanning
    inner = keep & ~at_edge
    if (inner & (side >= LEAST_SIDE * max(height, width)) & (side >= 0.25 * side[keep].max(initial=0))).any():
        keep = inner
    if not keep.any():
        keep = ~_frames(parts)
        if not keep.any():
            return np.zeros(len(sizes), bool)
    keep &= ~_around(boxes, keep, side)
    main = int(np.argmax(np.where(keep, sizes * side, -1)))
    keep &= ~_beside(boxes, tall, wide, main)
    near = _gap(boxes, main) <= 0.2 * side[main]
    least = np.where(near, 0.01, DIRT)
    keep &= sizes >= least * sizes[main]
    keep[main] = True
    kept: NDArray[np.bool_] = keep
    return kept


def _frames(parts: Parts) -> NDArray[np.bool_]:
    """Which parts run along most of the picture's edge."""
    labels = parts.labels
    edge = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    frames: NDArray[np.bool_] = np.bincount(edge, minlength=len(parts.sizes) + 1)[1:] > FRAME * len(edge)
    return frames


def _around(boxes: Boxes, keep: NDArray[np.bool_], side: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which parts are a frame or ring around others that may be a digit."""
    found = np.zeros(len(boxes), bool)
    for part in np.flatnonzero(keep):
        box = boxes[part]
        inside = (
            keep
            & (boxes[:, 0] > box[0])
            & (boxes[:, 1] < box[1])
            & (boxes[:, 2] > box[2])
            & (boxes[:, 3] < box[3])
            & (side >= 0.33 * side[part])
        )
        found[part] = inside.any()
    return found


def _beside(boxes: Boxes, tall: NDArray[np.int64], wide: NDArray[np.int64], main: int) -> NDArray[np.bool_]:
    """Which parts are lines under, over or beside the main one, too long to be strokes of it."""
    outside_rows = (boxes[:, 0] >= boxes[main, 1]) | (boxes[:, 1] <= boxes[main, 0])
    outside_columns = (boxes[:, 2] >= boxes[main, 3]) | (boxes[:, 3] <= boxes[main, 2])
    below = boxes[:, 0] >= boxes[main, 1]
    lying = (wide > LINE * tall) & outside_rows & (wide >= np.where(below, 0.8, 1.3) * wide[main])
    standing = (tall > LINE * wide) & outside_columns & (tall >= 1.3 * tall[main])
    lines: NDArray[np.bool_] = lying | standing
    return lines


def _gap(boxes: Boxes, main: int) -> NDArray[np.int64]:
    """How far each part's box lies from the main one's."""
    box = boxes[main]
    rows = np.maximum(np.maximum(box[0] - boxes[:, 1], boxes[:, 0] - box[1]), 0)
    columns = np.maximum(np.maximum(box[2] - boxes[:, 3], boxes[:, 2] - box[3]), 0)
    gap: NDArray[np.int64] = np.maximum(rows, columns)
    return gap
