"""Which grey or colour is paper, and how far each pixel differs from it: 0 is paper, more is ink.

The paper is what is left when everything narrower than a pen may be is taken away (a grey-scale opening): it may be
shaded, folded, or a piece pasted on another, and its edges stay where they are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.pictures.parts import parts_of

Levels = NDArray[np.uint8]  # (height, width), ink lighter than the paper

COLOURED = 24  # levels by which a picture's channels must differ somewhere to be read as colour
STRONG = 0.0005  # of all pixels: those that differ most say which colour the ink has
ABOUT_HALF = 0.28  # of the pixels are ink only where a picture was cut to it, or a table is taken for ink
MOST, ALL = 0.6, 0.97  # of the edge
SHEET, SLACK = 0.8, 5  # of its box's edge, so many pixels within: a sheet need not lie quite straight
TABLE = 0.5  # of a picture's edge: ink that covers more of it is what the sheet lies on


def ink_light(picture: Image.Image, factor: int) -> tuple[Image.Image, Levels, bool]:
    """The picture in grey, the same reduced by `factor` with the ink lighter, and whether it was darker in the first.

    In a coloured picture the grey is the share of the way from the paper's colour to the ink's.
    """
    reduced = picture.reduce(factor) if factor > 1 else picture
    coarse = np.asarray(reduced)
    if coarse.ndim == 3:
        weights = _towards_ink(coarse)
        if weights is not None:
            picture = picture.convert("L", weights)
            reduced = reduced.convert("L", weights)
            return picture, np.asarray(reduced), False
        picture, coarse = picture.convert("L"), np.asarray(reduced.convert("L"))
    return (picture, coarse, False) if _is_ink_light(coarse) else (picture, 255 - coarse, True)


def _is_ink_light(coarse: Levels) -> bool:
    """Whether the ink is the lighter part: the smaller one; of two of about one size, the one less along the edge."""
    upto = np.bincount(coarse.ravel(), minlength=256).cumsum()  # pixels of each level and darker ones
    strong = _rank(coarse.size)
    ranks = (strong, coarse.size // 2 + 1, coarse.size - strong + 1)
    darkest, middle, lightest = np.searchsorted(upto, ranks).tolist()
    light = bool(lightest - middle > middle - darkest)
    limit = (darkest + lightest) / 2
    share = 1 - int(upto[int(limit)]) / coarse.size
    if min(share, 1 - share) > ABOUT_HALF:
        along = float((_edge(coarse) > limit).mean())
        if along > ALL or along < 1 - ALL:
            sheet = (coarse > limit) != (along > ALL)
            if _is_sheet(sheet):
                return bool(along > ALL)
        elif (along if light else 1 - along) > MOST:
            return not light
    return light


def _edge(values: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _is_sheet(mask: NDArray[np.bool_]) -> bool:
    """Whether a mask reaches its box's edges all along, as a sheet of paper does and no digit."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    inner = mask[rows[0] + SLACK : rows[-1] + 1 - SLACK, columns[0] + SLACK : columns[-1] + 1 - SLACK]
    return bool(inner.size and _edge(inner).mean() > SHEET)


def _rank(pixels: int) -> int:
    return min(max(4, int(STRONG * pixels)), pixels)


def _towards_ink(coarse: NDArray[np.uint8]) -> tuple[float, float, float, float] | None:
    """Weights of red, green and blue, and what is added, that make a picture grey; None for one without colour."""
    levels = coarse.astype(np.float32)
    red, green, blue = levels[..., 0], levels[..., 1], levels[..., 2]
    if max(np.abs(red - green).max(), np.abs(green - blue).max()) < COLOURED:
        return None
    off = levels - np.median(levels, axis=(0, 1))
    distance = np.square(off).sum(axis=2).ravel()
    strong = np.argpartition(distance, -_rank(distance.size))[-_rank(distance.size) :]
    # Of ink and of something else as strong the greater part counts.
    ink = np.median(off.reshape(-1, 3)[strong], axis=0)
    weights = ink / max(float(np.abs(ink).sum()), 1e-6)
    return (*weights.tolist(), float(-255 * weights[weights < 0].sum()))


def middle_of(levels: Levels) -> int:
    """The median, by counting: of whole numbers that is the fastest way."""
    upto = np.bincount(levels.ravel(), minlength=256).cumsum()
    return int(np.searchsorted(upto, levels.size // 2 + 1))


def without_table(levels: Levels) -> Levels:
    """The picture with what surrounds a sheet of paper in the paper's level."""
    limit = (int(levels.min()) + int(levels.max())) / 2
    if (_edge(levels) > limit).mean() <= TABLE:
        return levels
    middle = middle_of(levels[levels <= limit])
    if limit - middle < COLOURED:
        return levels
    parts = parts_of(levels > limit)
    if parts is None:
        return levels
    table = np.isin(parts.labels, np.unique(_edge(parts.labels))) & (parts.labels > 0)
    return np.where(thickened(table.astype(np.uint8), 7) > 0, np.minimum(levels, middle), levels).astype(np.uint8)


def opened(levels: Levels, width: int) -> Levels:
    """The picture without what is lighter and narrower than `width` pixels, an odd number."""
    return _extreme(_extreme(levels, width, np.minimum, 255), width, np.maximum, 0)


def thickened(levels: Levels, width: int) -> Levels:
    """Each pixel the lightest of the `width` pixels around it, either way."""
    return _extreme(levels, width, np.maximum, 0)


def _extreme(levels: Levels, width: int, of: np.ufunc, beyond: int) -> Levels:
    """The extreme of a square of `width` pixels around each, by windows that double; nothing lies beyond the edges."""
    half = width // 2
    height, columns = levels.shape
    padded = np.full((height + 2 * half, columns + 2 * half), beyond, np.uint8)
    padded[half : half + height, half : half + columns] = levels
    for axis in (0, 1):
        reach = 1
        while reach < width:
            step = min(reach, width - reach)
            padded = of(padded[:-step], padded[step:]) if axis == 0 else of(padded[:, :-step], padded[:, step:])
            reach += step
    return padded
