"""Digits as other hands write them, and what is no digit: what the score learns doubt from (learned_score.py).

MNIST hardly has a 1 with a long flag, a 0 with a slash or a digit turned far, and nothing that is none. They are drawn
by a round pen (strokes.py) or made of training images, and brought to MNIST's form as a picture is before a prediction
(server/pictures): the longer side of the ink 20 of 28 pixels, its centre of mass in the middle.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from trainer import strokes
from trainer.config import Recipe
from trainer.prepare import Classes, Images
from trainer.strokes import Points, Random, Strokes

LABELS = tuple("0123456789")
FOREIGN = -1  # the class of what is no digit
DRAWN = 0.35  # of the other hands' digits: by strokes; the others are training images, turned
ONES = 4 / 6  # of those: they are 7s to MNIST

SIDE, BOX = 28, 20  # pixels: MNIST's form
INK = 60  # grey level above which a pixel counts as ink
OVERSAMPLED = 4
# How training images are changed, and how many so: by the least and the most turn in degrees and slant in columns a
# row, to either side, and by the pixels that a pen is thicker.
CHANGES = {
    "turned": (0.55, (22, 52), (0.0, 0.12), (0, 0, 0, 0, 0, 2)),
    "slanted": (0.17, (0, 6), (0.3, 0.65), (0,)),
    "thick": (0.2, (0, 11), (0.0, 0.2), (2, 4)),
    "a little of all": (0.08, (0, 25), (0.0, 0.3), (0,)),
}
NARROWEST = 0.6  # of its natural width: how far some are squeezed
SQUEEZED = 0.15  # share of them
PAIRED_THICK = 0.2  # share of the digits of a pair that a thicker pen wrote
LEAN, TILT = 0.25, math.radians(8)  # slant and turn of what is drawn, at most
PEN, WORD_PEN = (1.3, 5.0), (0.8, 2.5)  # pixels
GAP = (-5, 5)  # pixels between two digits

Picture = NDArray[np.uint8]  # (28, 28), or of any size before it has the form


def suits(recipe: Recipe, labels: Sequence[str]) -> bool:
    """Whether the classes are the ten digits in MNIST's form: else a letter may be a class."""
    return (recipe.preprocessing, recipe.height, recipe.width) == ("digit", SIDE, SIDE) and tuple(labels) == LABELS


def make_hands(images: Images, classes: Classes, hands: int, foreign: int, seed: int) -> tuple[Images, Classes]:
    """So many digits as others write them, then so many pictures that are none, whose class is FOREIGN.

    `images` uint8 (N, 28, 28, 1) and `classes` are what is trained on; 0.3 ms a picture.
    """
    random = np.random.default_rng([seed, hands, foreign])
    pictures: list[Picture] = []
    found = np.full(hands + foreign, FOREIGN, np.int32)

    def one_of_them() -> Picture:
        picture: Picture = images[random.integers(len(images)), :, :, 0]
        return picture

    drawn = round(DRAWN * hands)
    for at in range(hands - drawn):
        taken = int(random.integers(len(images)))
        pictures.append(_restyled(images[taken, :, :, 0], random))
        found[at] = classes[taken]
    for at in range(hands - drawn, hands):
        label = "1" if random.random() < ONES else str(random.choice(["0", "7"]))
        pictures.append(written(_QUIRKS[label](random), random))
        found[at] = LABELS.index(label)
    for kind in random.choice(list(_FOREIGN), foreign, p=np.array(list(_FOREIGN.values())) / sum(_FOREIGN.values())):
        if kind == "pair":
            pictures.append(_pair(one_of_them(), one_of_them(), random))
        elif kind == "quarters":
            pictures.append(_quarters_swapped(one_of_them(), random))
        else:
            pictures.append(written(_STROKES[kind](random), random))
    return np.stack(pictures)[..., None], found


_QUIRKS: dict[str, Callable[[Random], Strokes]] = {
    "0": strokes.slashed_zero,
    "1": strokes.flagged_one,
    "7": strokes.barred_seven,
}
_STROKES: dict[str, Callable[[Random], Strokes]] = {
    "letter": strokes.letter,
    "sign": strokes.sign,
    "word": strokes.word,
    "scrawl": strokes.scrawl,
    "tangle": strokes.tangle,
}
# How often, among each other.
_FOREIGN = {"letter": 6, "sign": 7, "word": 1.5, "pair": 11, "scrawl": 7, "tangle": 1.5, "quarters": 1}


def written(lines: Strokes, random: Random) -> Picture:
    """Strokes by a round pen, in MNIST's form, with ends and joints as round."""
    leaning = np.array([[1, 0], [random.uniform(-LEAN, LEAN), 1]])
    lines = [line @ _turn(random.uniform(-TILT, TILT)) @ leaning for line in lines]
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    pen = float(np.square(random.uniform(*np.sqrt(PEN))))
    if high[0] - low[0] > 2 * (high[1] - low[1]):  # a word
        pen = random.uniform(*WORD_PEN)
    scale = (BOX - pen) / max(float((high - low).max()), 1e-6) * OVERSAMPLED
    picture = Image.new("L", (SIDE * OVERSAMPLED, SIDE * OVERSAMPLED))
    for line in lines:
        _draw((line - (low + high) / 2) * scale + SIDE * OVERSAMPLED / 2, pen * OVERSAMPLED, ImageDraw.Draw(picture))
    return _centred(np.asarray(picture.reduce(OVERSAMPLED)))


def _draw(line: Points, pen: float, draw: ImageDraw.ImageDraw) -> None:
    draw.line([(column, row) for column, row in line.tolist()], 255, max(1, round(pen)), "curve")
    for column, row in (line[0].tolist(), line[-1].tolist()):
        draw.ellipse([column - pen / 2, row - pen / 2, column + pen / 2, row + pen / 2], 255)


def _centred(picture: Picture) -> Picture:
    """Moved by whole pixels so that its centre of mass is in the middle; what leaves the picture is lost."""
    total, at = max(int(picture.sum(dtype=np.int64)), 1), np.arange(SIDE)
    down, right = (
        round((SIDE - 1) / 2 - float(picture.sum(axis=axis, dtype=np.int64) @ at) / total) for axis in (1, 0)
    )
    moved = np.zeros_like(picture)
    moved[max(0, down) : SIDE + min(0, down), max(0, right) : SIDE + min(0, right)] = picture[
        max(0, -down) : SIDE + min(0, -down), max(0, -right) : SIDE + min(0, -right)
    ]
    return moved


def _restyled(picture: Picture, random: Random) -> Picture:
    """Turned far, slanted or by a thicker pen; some squeezed."""
    shares, turns, slants, pens = zip(*CHANGES.values(), strict=True)
    kind = int(random.choice(len(shares), p=shares))
    turn, slant = (random.choice([-1, 1]) * random.uniform(*each[kind]) for each in (turns, slants))
    narrow = random.uniform(NARROWEST, 1) if random.random() < SQUEEZED else 1.0
    thick = _thicker(picture, int(random.choice(pens[kind])))
    return in_form(thick, _turn(math.radians(turn)).T @ np.array([[narrow, slant], [0, 1]]))


def _thicker(picture: Picture, pixels: int) -> Picture:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.MaxFilter(pixels + 1))) if pixels else picture


def _pair(one: Picture, other: Picture, random: Random) -> Picture:
    """Two digits in a row; many touch."""
    first, second = (_cut(_thicker(each, 2 if random.random() < PAIRED_THICK else 0)) for each in (one, other))
    start = max(0, first.shape[1] + int(random.integers(*GAP)))
    row = np.zeros((SIDE, max(first.shape[1], start + second.shape[1])), np.uint8)
    row[:, : first.shape[1]] = first
    np.maximum(row[:, start : start + second.shape[1]], second, out=row[:, start : start + second.shape[1]])
    return in_form(row, np.array([[1, random.uniform(-LEAN, LEAN)], [0, 1]]))


def _cut(picture: Picture) -> Picture:
    """The columns with ink."""
    columns = np.flatnonzero((picture > INK).any(axis=0))
    return picture[:, columns[0] : columns[-1] + 1] if len(columns) else picture


def _quarters_swapped(picture: Picture, random: Random) -> Picture:
    return in_form(np.roll(picture, (SIDE // 2, SIDE // 2), (0, 1)), _turn(random.uniform(-LEAN, LEAN)))


def in_form(picture: Picture, matrix: Points) -> Picture:
    """A picture of any size in MNIST's form after a linear map of (column, row) about its centre of mass."""
    rows, columns = np.nonzero(picture > INK)
    if not len(rows):
        return np.zeros((SIDE, SIDE), np.uint8)
    levels = picture[rows, columns].astype(np.float64)
    middle = np.array([columns @ levels, rows @ levels]) / levels.sum()
    extent = float(np.ptp(matrix @ np.stack([columns, rows]), axis=1).max()) + 1
    if extent >= 1.5 * BOX:  # a pair: read between the pixels, much smaller, it would lose strokes
        return in_form(np.asarray(Image.fromarray(picture).reduce(round(extent / BOX))), matrix)
    back = np.linalg.inv(matrix * (BOX / extent))
    column, row = (middle + 0.5 - back @ np.full(2, SIDE / 2)).tolist()
    affine = (back[0, 0], back[0, 1], column, back[1, 0], back[1, 1], row)
    form = Image.fromarray(picture).transform((SIDE, SIDE), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
    return np.asarray(form)


def _turn(angle: float) -> Points:
    """Counter-clockwise, for points in rows."""
    return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
