"""Number 2 of the ways from a picture of one digit to the form of MNIST's digits.

The paper is found as what is wide (paper.py), the digit among the ink as what is connected, and neither frame, line nor
dirt (parts.py). Then as LeCun et al. describe it (http://yann.lecun.com/exdb/mnist): the ink is fitted into 20x20
pixels keeping its aspect, with grey levels from anti-aliasing, and laid so that its centre of mass is the centre of the
28x28 field; light ink on a ground of exactly 0. See docs/decisions/0019-paper-and-ink.md.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from server.pictures.digit_1 import centred
from server.pictures.errors import UnusableImage
from server.pictures.paper import Levels, ink_light, middle_of, opened, thickened, without_table
from server.pictures.parts import Parts, digit_of, parts_of

Grey = NDArray[np.uint8]  # (height, width)
Ink = NDArray[np.float32]  # (height, width), 0 to 1
Mask = NDArray[np.bool_]  # (height, width)

COARSE_SIDE = 96  # pixels: paper and ink are told apart on a picture reduced to about this
FINE_SIDE = 80  # pixels: what was found is then cut from one in which its longer side is at least this, if it can be
EXPLAINED = 0.93  # of the strongest ink must be kept, or the pen is wider than was thought
PEN_IN_WIDTH = 0.7  # of a width: a pen is at most, at its crossings it is wider than elsewhere
DARKEST_PAPER = 50.0  # grey level: what is darker is no paper in a shadow
LAYERS = 3  # a frame around a frame around a digit
STRONG = 0.75  # of the strongest ink
VEIL = 0.08  # of the ink's strength: paper that differs from the rest by more is not even
MARKER = 0.38  # of the digit's side: a pen is no wider
BOX = 20 / 28  # of the field: the size of the box that the ink is fitted into
LEAST_CONTRAST = 14.0  # grey levels by which ink must differ from the paper
GRAIN_LIMIT = 3.2  # times the paper's own roughness that ink must exceed
WIDTHS = (9, 17, 27)  # pixels of the reduced picture: what is wider is paper; the first that is wide enough for the pen
EDGE = 0.4  # of the ink's strength: where it ends
FAINT = 0.2  # of the ink's strength: what holds a thin frame together
FLOOR = 0.25  # of the ink's strength: what is weaker is paper
THIN = 1.7  # pixels of 28: a pen thinner than this is thickened
HALF_EMPTY, FULL, OFF = 1 / 2, 200, 1.5  # a picture in MNIST's form: share of 0, a level reached, pixels off the middle

_BELOW_FULL = bytes(range(FULL))
_NO_DIGIT = "no digit can be told from the paper: draw it darker or larger, or crop the picture to it"


def normalised(picture: Image.Image, height: int, width: int) -> Grey:
    """The digit in MNIST's form, uint8 (height, width); raises UnusableImage if no ink can be told from the paper.

    A grey picture of that size on a ground of 0, with full ink and in its place, passes untouched.
    """
    if picture.mode == "L" and picture.size == (width, height) and is_normal(picture.tobytes(), width):
        return np.asarray(picture, np.uint8)
    ink = _digit(picture)
    shape = (round(height * BOX), round(width * BOX))
    return centred(_fitted(ink, shape), height, width)


def is_normal(pixels: bytes, width: int) -> bool:
    """Whether a picture of the model's size, row by row, is in MNIST's form: ground 0, full ink, in the middle."""
    if not (b"\xff" in pixels or pixels.translate(None, _BELOW_FULL)) or pixels.count(0) < HALF_EMPTY * len(pixels):
        return False
    levels = np.frombuffer(pixels, np.uint8).astype(np.float32)
    mass, down, right = levels.dot(_moments(len(pixels), width)).tolist()
    limit: float = OFF * mass
    return bool(-limit <= down <= limit and -limit <= right <= limit)


def are_normal(greys: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What `is_normal` says of each of the pictures (n, height, width), (n,)."""
    flat = greys.reshape(len(greys), -1)
    moments = flat.astype(np.float32) @ _moments(flat.shape[1], greys.shape[2])
    placed = np.abs(moments[:, 1:]).max(axis=1) <= OFF * moments[:, 0]
    normal: NDArray[np.bool_] = (
        ((flat == 0).sum(axis=1) >= HALF_EMPTY * flat.shape[1]) & (flat.max(axis=1) >= FULL) & placed
    )
    return normal


@lru_cache(maxsize=4)
def _moments(pixels: int, width: int) -> NDArray[np.float32]:
    """1, row and column of each pixel, counted from the middle, (pixels, 3)."""
    rows, columns = np.divmod(np.arange(pixels, dtype=np.float32), width)
    middle = (pixels // width - 1) / 2, (width - 1) / 2
    return np.stack([np.ones(pixels, np.float32), rows - middle[0], columns - middle[1]], axis=1).astype(np.float32)


@dataclass(frozen=True)
class _Found:
    """The digit on the reduced picture."""

    paper: Levels  # (height, width), or (1, 1) where it is even
    keep: Mask  # which pixels are the digit
    strength: float  # of full ink, above the paper
    alone: bool  # there is no other ink


def _digit(picture: Image.Image) -> Ink:
    """The ink of the digit, cut from the picture, 0 to 1; ground exactly 0."""
    factor = max(1, round(max(picture.size) / COARSE_SIDE))
    picture, coarse, is_dark = ink_light(picture, factor)
    found = _found(coarse, is_dark)
    rows, columns = np.flatnonzero(found.keep.any(axis=1)), np.flatnonzero(found.keep.any(axis=0))
    top, left = max(int(rows[0]) - 2, 0), max(int(columns[0]) - 2, 0)
    bottom, right = min(int(rows[-1]) + 3, coarse.shape[0]), min(int(columns[-1]) + 3, coarse.shape[1])
    part = slice(top, bottom), slice(left, right)
    box = (left * factor, top * factor, min(right * factor, picture.width), min(bottom * factor, picture.height))
    step = max(1, max(box[2] - box[0], box[3] - box[1]) // FINE_SIDE)
    fine = picture.reduce(step, box) if step > 1 else picture.crop(box)
    fine = ImageChops.invert(fine) if is_dark else fine
    is_even = found.paper.size == 1
    paper = found.paper if is_even else _resized(found.paper[part], fine.size)
    level = np.asarray(fine, np.float32) - paper
    if is_dark and not is_even:
        level *= _lighting(paper)
    level *= np.float32(1 / found.strength / (1 - FLOOR))
    level -= np.float32(FLOOR / (1 - FLOOR))
    if not (is_even and found.alone):
        level *= _resized(thickened(found.keep[part].astype(np.uint8) * 255, 5), fine.size) > 127
    return level.clip(0, 1, out=level)


def _resized(levels: Levels, size: tuple[int, int]) -> Levels:
    return np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BILINEAR))


def _lighting(paper: Levels) -> Ink:
    """What makes the difference of dark ink on paper so much darker than white the same in shadow and in light."""
    light = np.maximum(255 - paper.astype(np.float32), np.float32(DARKEST_PAPER))
    return (255 / light).astype(np.float32)


def _found(coarse: Levels, is_dark: bool) -> _Found:
    """The digit on paper of any kind; raises UnusableImage."""
    coarse = without_table(coarse)
    found = _on_even_paper(coarse)
    if found is not None:
        return found
    widest = opened(coarse, WIDTHS[-1])
    ink = _ink(coarse, widest, is_dark)
    strong = ink > STRONG * max(int(ink.max()), 1)
    for width in WIDTHS:
        paper = widest if width == WIDTHS[-1] else opened(coarse, width)
        found = _told_apart(_ink(coarse, paper, is_dark), paper)
        if found is not None and (
            width == WIDTHS[-1]
            or (found.keep[strong].mean() > EXPLAINED and _thickness(found.keep) < PEN_IN_WIDTH * width)
        ):
            return found
    raise UnusableImage(_NO_DIGIT)


def _ink(coarse: Levels, paper: Levels, is_dark: bool) -> Levels:
    """How far each pixel differs from its paper; dark ink as it would on paper in full light."""
    ink = coarse - paper
    return np.minimum(ink * _lighting(paper), 255).astype(np.uint8) if is_dark else ink


def _on_even_paper(coarse: Levels) -> _Found | None:
    """The digit where the paper has one level, however wide the pen; None where it has not."""
    limit = (int(coarse.min()) + int(coarse.max())) // 2  # of a picture cut to its ink more than half may be ink
    paper = np.array([[middle_of(coarse[coarse <= limit])]], np.uint8)
    ink = np.maximum(coarse, paper) - paper
    most = int(ink.max())
    full, some, veil = (np.count_nonzero(ink > share * most) for share in (STRONG, EDGE, VEIL))
    if 2 * full < some or veil > 2 * some + 8:
        return None
    found = _told_apart(ink, paper)
    if found is None:
        return None
    side = max(np.count_nonzero(found.keep.any(axis=axis)) for axis in (0, 1))
    return found if _thickness(found.keep) <= MARKER * side else None


def _told_apart(ink: Levels, paper: Levels) -> _Found | None:
    """The digit among what differs from that paper; None if there is none that stands out of it."""
    grain = middle_of(ink) if paper.size > 1 else 0
    for _ in range(LAYERS):
        strength = _full_strength(ink)
        if strength < max(LEAST_CONTRAST, GRAIN_LIMIT * grain):
            return None
        parts = parts_of(ink > EDGE * strength)
        if parts is None:
            return None
        chosen = digit_of(parts)
        if len(chosen) > 1:
            chosen = _apart_from_frames(chosen, parts, ink > FAINT * strength)
        if chosen.all():
            return _Found(paper, parts.labels > 0, strength, alone=True)
        if chosen.any():
            keep = np.concatenate([[False], chosen])[parts.labels]
            return _Found(paper, keep, _full_strength(np.where(keep, ink, 0)), alone=False)
        ink = np.where(parts.labels > 0, 0, ink)  # a frame, and perhaps something weaker within
    return None


def _apart_from_frames(chosen: Mask, parts: Parts, faint: Mask) -> Mask:
    """Those chosen that are no pieces of a frame, which is whole only in faint ink; all of them if none is left."""
    whole = parts_of(faint)
    if whole is None:
        return chosen
    digit = np.concatenate([[False], digit_of(whole)])[whole.labels]
    apart = chosen & (np.bincount(parts.labels[digit], minlength=len(chosen) + 1)[1:] > 0)
    return apart if apart.any() else chosen


def _full_strength(ink: Levels) -> float:
    """How strong full ink is: a level that a good part of the strong pixels reach."""
    strong = np.sort(ink[ink > 0.5 * int(ink.max())], axis=None)
    return float(strong[int(0.6 * len(strong))]) if len(strong) else 0.0


def _fitted(ink: Ink, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The ink cut at its edges and scaled to fit into `shape`, 0 to 255."""
    mask = ink > EDGE
    if not mask.any():
        raise UnusableImage(_NO_DIGIT)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    level = (255 * ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]).astype(np.uint8)
    scale = min(shape[0] / level.shape[0], shape[1] / level.shape[1])
    thickness = _thickness(level > 100) * scale
    if thickness < THIN:
        wider = 2 * round((THIN + 0.4 - thickness) / scale / 2) + 1
        if wider > 1:
            level = thickened(np.pad(level, wider // 2), wider)
            scale = min(shape[0] / level.shape[0], shape[1] / level.shape[1])
    size = (max(1, round(level.shape[1] * scale)), max(1, round(level.shape[0] * scale)))
    resized = Image.fromarray(level).resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.HAMMING)
    fitted = np.asarray(resized, dtype=np.float32)
    return fitted * np.float32(255.0 / max(float(fitted.max()), 1.0))


def _thickness(mask: Mask) -> float:
    """How many pixels wide the pen is, about: twice the ink's area by the length of its edge."""
    edge = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    edge += sum(np.count_nonzero(side) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return 2.0 * np.count_nonzero(mask) / max(0.85 * edge, 1)
