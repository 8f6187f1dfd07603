"""A picture of one digit, drawn or photographed -> the form of MNIST's digits.

As LeCun et al. describe it (http://yann.lecun.com/exdb/mnist): the ink is fitted into 20x20 pixels keeping its
aspect, with grey levels from anti-aliasing, and laid so that its centre of mass is the centre of the 28x28 field;
light ink on a dark ground. Before that comes what a scanner's operator did: tell the ink from paper that may be dark,
shaded or noisy.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.pictures.errors import UnusableImage

Grey = NDArray[np.uint8]  # (height, width)
Ink = NDArray[np.float32]  # (height, width), grey levels above the paper

# Chosen on renderings of validation digits (benchmarks/model/drawn.py), see docs/decisions/0004-digit-preprocessing.md.
COARSE_SIDE = 96  # pixels: the ink is found on a picture reduced to about this
FINE_SIDE = 80  # pixels: what was found is then cut from one in which its longer side is at least this, if it can be
BOX = 20 / 28  # of the field: the size of the box that the ink is fitted into
LEAST_CONTRAST = 20.0  # grey levels by which ink must differ from the paper
NOISE_LIMIT = 4.0  # standard deviations of the paper that ink must exceed
EDGE = (
    0.4  # of the ink's strength: where the ink's edge is taken to be, half-way between paper and ink or a bit outside
)
DARK = 64  # grey level: a picture of the model's size with a median border below it is taken as MNIST's form already
_RIDGE = 1e-6 * np.eye(3)
_DARK_LEVELS = bytes(range(DARK))


def normalised(grey: Grey, height: int, width: int) -> Grey:
    """The digit in MNIST's form, uint8 (height, width); raises UnusableImage if no ink can be told from the paper.

    A picture of that size on a dark ground passes untouched.
    """
    if grey.shape == (height, width) and is_normal(grey.tobytes(), width):
        return grey
    ink, strength = _ink(grey)
    shape = (round(height * BOX), round(width * BOX))
    return centred(_fitted(ink, strength, shape), height, width)


def is_normal(pixels: bytes, width: int) -> bool:
    """Whether a picture of the model's size, row by row, is in MNIST's form: more than half of its border is dark."""
    border = pixels[:width] + pixels[-width:] + pixels[::width] + pixels[width - 1 :: width]
    return 2 * len(border.translate(None, _DARK_LEVELS)) < len(border)


def are_normal(greys: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What `is_normal` says of each of the pictures (n, height, width), (n,)."""
    border = np.concatenate([greys[:, 0], greys[:, -1], greys[:, :, 0], greys[:, :, -1]], axis=1)
    normal: NDArray[np.bool_] = 2 * (border >= DARK).sum(axis=1) < border.shape[1]
    return normal


def _ink(grey: Grey) -> tuple[Ink, float]:
    """The ink's part of the picture, as strength above the paper, and the strength of full ink.

    The paper is a plane through the border's grey levels; the ink is what differs most from it, darker or lighter. Both
    are found on a reduced copy, where noise averages out; the part that holds ink is then cut from the picture itself.
    """
    picture = Image.fromarray(grey)
    factor = max(1, round(max(grey.shape) / COARSE_SIDE))
    coarse = np.asarray(picture.reduce(factor), dtype=np.float32)
    border = _border(coarse)
    if border.min() == border.max():  # a canvas: even paper, and nothing to smooth away
        plane, noise = np.array([border[0], 0.0, 0.0], np.float32), 0.0
        smooth = coarse - border[0]
    else:
        plane = _paper(border, *coarse.shape)
        above = coarse - _on_grid(plane, coarse.shape)
        noise, smooth = _spread(_border(above)), _smoothed(above)
    sign = 1.0 if smooth.max() >= -smooth.min() else -1.0
    smooth *= sign
    strength = _full_strength(smooth)
    floor = max(NOISE_LIMIT * noise / 2, EDGE * strength)  # smoothing over 3x3 leaves about half of the noise or less
    if strength < max(LEAST_CONTRAST, NOISE_LIMIT * noise):
        raise UnusableImage("no digit can be told from the paper: draw it darker or larger, or crop the picture to it")
    rows, columns = _box(smooth > floor, factor, grey.shape)
    step = max(1, max(rows.stop - rows.start, columns.stop - columns.start) // FINE_SIDE)
    cut = picture.reduce(step, (columns.start, rows.start, columns.stop, rows.stop))
    part = np.asarray(cut, dtype=np.float32)
    part = part - _on_grid(plane, part.shape, step / factor, rows.start / factor, columns.start / factor)
    return sign * part, strength


def _paper(levels: Ink, height: int, width: int) -> NDArray[np.float32]:
    """Coefficients (3,) of grey = a + b*row + c*column, fitted to a border's levels without what sticks out of it."""
    terms = _border_terms(height, width)
    off = np.abs(levels - _median(levels))
    near = off <= max(2.5 * float(_median(off)) * 1.4826, 40.0)
    off = np.abs(levels - terms @ _least_squares(terms[near], levels[near]))
    near = off <= 2.5 * max(float(_median(off)) * 1.4826, 1.0)
    return _least_squares(terms[near], levels[near]).astype(np.float32)


def _least_squares(terms: NDArray[np.float64], levels: NDArray[np.float32]) -> NDArray[np.float64]:
    """By the normal equations, a sixth of np.linalg.lstsq's 50 us; a trace of ridge where they have no one answer."""
    return np.asarray(np.linalg.solve(terms.T @ terms + _RIDGE, terms.T @ levels), np.float64)


@lru_cache(maxsize=64)
def _border_terms(height: int, width: int) -> NDArray[np.float64]:
    """1, row and column of each pixel of the border, (2 * (height + width), 3)."""
    rows, columns = np.indices((height, width), dtype=np.float32)
    return np.stack([np.ones(2 * (height + width)), _border(rows), _border(columns)], axis=1)


def _on_grid(
    plane: NDArray[np.float32], shape: tuple[int, ...], step: float = 1.0, top: float = 0.0, left: float = 0.0
) -> Ink:
    """The plane's grey levels on a grid of `shape` whose pixels are `step` coarse pixels wide, from that corner on.

    Of an even plane (1, 1), which numpy spreads over any grid.
    """
    if not plane[1:].any():
        return np.full((1, 1), plane[0])
    rows = _centres(shape[0], step, top)[:, None]
    columns = _centres(shape[1], step, left)
    grid: Ink = (plane[0] + plane[1] * rows) + plane[2] * columns
    return grid


def _centres(number: int, step: float, first: float) -> NDArray[np.float32]:
    """Where pixels' centres are, counted in coarse pixels from the centre of the first."""
    return np.arange(number, dtype=np.float32) * np.float32(step) + np.float32(first + (step - 1.0) / 2)


def _border(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The outermost pixels, (2 * (height + width),)."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _spread(levels: Ink) -> float:
    """The standard deviation, estimated from the median absolute deviation so that a few outliers do not count."""
    return float(_median(np.abs(levels - _median(levels)))) * 1.4826


def _median(values: NDArray[Any]) -> np.floating[Any]:
    """What np.median gives for finite numbers, in a quarter of its 20 us."""
    ordered = np.sort(values)
    middle = ordered.size // 2
    median: np.floating[Any] = ordered[middle] if ordered.size % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return median


def _smoothed(values: Ink) -> Ink:
    """The mean over 3x3 pixels with weights 1 2 1 either way."""
    padded = np.empty((values.shape[0] + 2, values.shape[1] + 2), np.float32)  # np.pad takes three times as long
    padded[1:-1, 1:-1] = values
    padded[0, 1:-1], padded[-1, 1:-1] = values[0], values[-1]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    smooth: Ink = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return smooth


def _full_strength(smooth: Ink) -> float:
    """How strong full ink is: the level that the strongest 32 coarse pixels reach at least."""
    flat = smooth.ravel()
    rank = min(32, flat.size - 1)
    strong = flat[flat > 0.5 * flat.max()]
    # Sorted: numpy's partition is 15 times slower on a picture that is mostly paper, for all its equal levels.
    return float(np.sort(strong if strong.size > rank else flat)[-rank - 1])


def _box(mask: NDArray[np.bool_], factor: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The part of the full picture that holds ink, with a pixel of margin in the reduced one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - 1, 0) * factor, min((int(rows[-1]) + 2) * factor, shape[0])),
        slice(max(int(columns[0]) - 1, 0) * factor, min((int(columns[-1]) + 2) * factor, shape[1])),
    )


def _fitted(ink: Ink, strength: float, shape: tuple[int, int]) -> Ink:
    """The ink cut at its edges and scaled to fit into `shape`, 0 to 255."""
    mask = ink > EDGE * strength
    if mask.any():
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    level = (ink * (255.0 / strength)).clip(0, 255).astype(np.uint8)
    scale = min(shape[0] / level.shape[0], shape[1] / level.shape[1])
    size = (max(1, round(level.shape[1] * scale)), max(1, round(level.shape[0] * scale)))
    resized = Image.fromarray(level).resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.HAMMING)
    fitted = np.asarray(resized, dtype=np.float32)
    return fitted * np.float32(255.0 / max(float(fitted.max()), 1.0))


def centred(fitted: Ink, height: int, width: int) -> Grey:
    """The ink laid into an empty field with its centre of mass, to the pixel, in the middle."""
    mass = float(fitted.sum())
    row = float(fitted.sum(axis=1) @ np.arange(fitted.shape[0])) / mass
    column = float(fitted.sum(axis=0) @ np.arange(fitted.shape[1])) / mass
    top = min(max(round(height / 2 - row - 0.5), 0), height - fitted.shape[0])
    left = min(max(round(width / 2 - column - 0.5), 0), width - fitted.shape[1])
    field = np.zeros((height, width), np.uint8)
    field[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted.round()
    return field
