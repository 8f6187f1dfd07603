"""What is written, before it has a pen or a paper: MNIST's digits, their skeletons, strokes of our own, fonts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.mnist import Digits
from trainer.strokes import curve

Mask = NDArray[np.floating[Any]]  # (height, width), ink from 0 to 1
Segments = NDArray[np.floating[Any]]  # (number, 2, 2): both ends of each, column and row; the longer side is 0 to 1
Variants = Sequence[Sequence[Sequence[tuple[float, float]]]]  # ways to write it: strokes: columns and rows

FONTS = Path("/usr/share/fonts/truetype/dejavu")  # Debian's package fonts-dejavu-core
FACES = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
LETTERS = "ACEFHJKMNPRTUVWXYabdefhkmnprtwy"  # none that may be taken for a digit
SIGNS = "+?!#&%@$*=<>{}~^€§"
SKELETON_SIDE = 84  # pixels: three times MNIST's
OVERSAMPLED = 3

# Columns and rows of what a pen passes through, from top left; several strokes where it is lifted.
STROKES: dict[str, Variants] = {
    "0": ([[(0.5, 0), (0.2, 0.2), (0.15, 0.6), (0.4, 1), (0.7, 0.8), (0.75, 0.3), (0.5, 0)]],),
    "1": ([[(0.5, 0), (0.48, 1)]], [[(0.3, 0.22), (0.5, 0), (0.5, 1)]]),
    "2": ([[(0.2, 0.22), (0.45, 0), (0.7, 0.25), (0.45, 0.65), (0.15, 1)], [(0.15, 1), (0.8, 0.97)]],),
    "3": ([[(0.2, 0.1), (0.55, 0), (0.7, 0.22), (0.4, 0.47), (0.75, 0.7), (0.55, 0.98), (0.15, 0.9)]],),
    "4": (
        [[(0.6, 0), (0.1, 0.65)], [(0.1, 0.65), (0.85, 0.63)], [(0.6, 0.3), (0.6, 1)]],
        [[(0.25, 0), (0.18, 0.5)], [(0.18, 0.5), (0.8, 0.48)], [(0.7, 0.02), (0.68, 1)]],
    ),
    "5": (
        [
            [(0.75, 0), (0.25, 0.02)],
            [(0.25, 0.02), (0.2, 0.42)],
            [(0.2, 0.42), (0.6, 0.4), (0.78, 0.7), (0.5, 1), (0.15, 0.92)],
        ],
    ),
    "6": ([[(0.65, 0), (0.3, 0.35), (0.2, 0.75), (0.5, 1), (0.75, 0.75), (0.5, 0.55), (0.25, 0.75)]],),
    "7": ([[(0.15, 0.02), (0.8, 0)], [(0.8, 0), (0.4, 1)]],),
    "8": ([[(0.7, 0.15), (0.45, 0), (0.25, 0.22), (0.7, 0.7), (0.45, 1), (0.2, 0.75), (0.65, 0.3), (0.7, 0.15)]],),
    "9": ([[(0.7, 0.25), (0.45, 0), (0.2, 0.25), (0.45, 0.48), (0.7, 0.25), (0.68, 0.6), (0.6, 1)]],),
}
FLAGS: Variants = ([[(0.05, 0.45), (0.5, 0), (0.5, 1)]], [[(0.1, 0.6), (0.55, 0), (0.52, 1)]])
FEET: Variants = ([[(0.3, 0.2), (0.5, 0), (0.5, 1)], [(0.2, 1), (0.8, 1)]],)
BARS: Variants = ([[(0.15, 0.02), (0.8, 0)], [(0.8, 0), (0.4, 1)], [(0.35, 0.5), (0.8, 0.48)]],)


@dataclass(frozen=True)
class Glyph:
    """A thing to write: its label, None for what is no digit, and MNIST's picture or the strokes of a pen."""

    label: str | None
    picture: NDArray[np.uint8] | None = None
    segments: Segments | None = None

    def ink(self, side: float, pen: float | None = None) -> Mask:
        """Drawn with its longer side about `side` pixels: by a round pen that wide, or as MNIST has it, enlarged."""
        if self.segments is None:
            assert self.picture is not None
            if pen is None:
                return _enlarged(self.picture, side)
        segments = (
            _skeleton_of(self.picture.tobytes())
            if self.segments is None and self.picture is not None
            else self.segments
        )
        assert segments is not None
        return _drawn(segments, side, pen or side / 9)


def digits_of(digits: Digits, number: int, seed: int) -> list[Glyph]:
    """So many digits of MNIST, as many of each class as can be."""
    random = np.random.default_rng(seed)
    places = [random.permutation(np.flatnonzero(digits.classes == each)) for each in range(10)]
    chosen = [places[at % 10][at // 10] for at in range(number)]
    return [Glyph(str(digits.classes[at]), digits.images[at]) for at in chosen]


def own(label: str, variants: Variants, random: np.random.Generator) -> Glyph:
    """A digit by strokes of our own, each time a bit different."""
    strokes = variants[int(random.integers(len(variants)))]
    bend = random.normal(0, 0.02, 4)
    lines = []
    for stroke in strokes:
        points: NDArray[np.floating[Any]] = np.array(stroke, np.float32)
        points = points + random.normal(0, 0.015, points.shape)
        points[:, 0] += bend[0] * points[:, 1] + bend[1] * points[:, 1] ** 2
        lines.append(curve(points))
    return Glyph(label, segments=_in_unit_box(lines))


def slashed(random: np.random.Generator) -> Glyph:
    """A 0 with a slash through it."""
    zero = own("0", STROKES["0"], random).segments
    assert zero is not None
    low, high = zero.reshape(-1, 2).min(axis=0), zero.reshape(-1, 2).max(axis=0)
    over = random.uniform(-0.12, 0.08)
    slash = np.array([[[low[0] - over / 2, high[1] + over], [high[0] + over / 2, low[1] - over]]], np.float32)
    return Glyph("0", segments=_scaled(np.concatenate([zero, slash])))


def scribble(random: np.random.Generator) -> Glyph:
    """A scrawl that is no digit."""
    return Glyph(None, segments=_in_unit_box([curve(random.uniform(0, 1, (9, 2)).astype(np.float32))]))


def printed(text: str, label: str | None, random: np.random.Generator) -> Glyph:
    """Something set in one of Debian's fonts."""
    font = _font(str(random.choice(FACES)))
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
    ImageDraw.Draw(picture).text((4 - left, 4 - top), text, 255, font)
    return Glyph(label, np.asarray(picture))


@cache
def _font(face: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / face), 96)


def _in_unit_box(lines: Sequence[NDArray[np.floating[Any]]]) -> Segments:
    return _scaled(np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines]))


def _scaled(segments: Segments) -> Segments:
    points = segments.reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    scaled: Segments = ((segments - low) / max(float((high - low).max()), 1e-6)).astype(np.float32)
    return scaled


def _enlarged(picture: NDArray[np.uint8], side: float) -> Mask:
    rows, columns = (np.flatnonzero((picture >= 48).any(axis=axis)) for axis in (1, 0))
    cut = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = side / max(cut.shape)
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    large = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    sharper = 1 + max(scale - 1, 0) * 0.5  # the edge of a pen is as sharp on a larger picture
    mask: Mask = ((large - 0.5) * np.float32(sharper) + 0.5).clip(0, 1)
    return mask


def _drawn(segments: Segments, side: float, pen: float) -> Mask:
    over = OVERSAMPLED if side < 400 else 1
    points = segments * (max(side - pen, 1) * over) + (pen / 2 + 1) * over
    columns, rows = (
        int(np.ceil(high + (pen / 2 + 1) * over)) // over * over + over for high in points.reshape(-1, 2).max(axis=0)
    )
    picture = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(picture)
    radius = pen * over / 2
    for start, stop in points.tolist():
        draw.line([*start, *stop], 255, max(1, round(2 * radius)))
    if radius > 1:
        for column, row in np.unique(points.reshape(-1, 2), axis=0).tolist():
            draw.ellipse([column - radius, row - radius, column + radius, row + radius], 255)
    return np.asarray(picture.reduce(over) if over > 1 else picture, np.float32) / 255


@cache
def _skeleton_of(picture: bytes) -> Segments:
    side = int(len(picture) ** 0.5)
    digit = Image.fromarray(np.frombuffer(picture, np.uint8).reshape(side, side))
    large = np.asarray(digit.resize((SKELETON_SIDE, SKELETON_SIDE), Image.Resampling.BICUBIC))
    bones = thinned(large > 127)
    found = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        beside = np.zeros_like(bones)
        beside[: SKELETON_SIDE - down, max(0, -right) : SKELETON_SIDE - max(0, right)] = bones[
            down:, max(0, right) : SKELETON_SIDE - max(0, -right)
        ]
        rows, columns = np.nonzero(bones & beside)
        found.append(np.stack([np.stack([columns, rows], 1), np.stack([columns + right, rows + down], 1)], axis=1))
    segments = np.concatenate(found).astype(np.float32)
    if not len(segments):
        row, column = np.argwhere(bones)[0] if bones.any() else (0, 0)
        segments = np.array([[[column, row], [column, row + 1]]], np.float32)
    return _scaled(segments)


def thinned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The lines along the middle of the strokes (Zhang and Suen 1984, https://doi.org/10.1145/357994.358023)."""
    bones = np.pad(mask, 1)
    while True:
        before = int(bones.sum())
        for first in (True, False):
            p = [
                np.roll(bones, by, (0, 1))
                for by in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            ]
            number = np.sum(p, axis=0)
            turns = np.sum([~p[at] & p[(at + 1) % 8] for at in range(8)], axis=0)
            if first:
                edge = ~(p[0] & p[2] & p[4]) & ~(p[2] & p[4] & p[6])
            else:
                edge = ~(p[0] & p[2] & p[6]) & ~(p[0] & p[4] & p[6])
            bones &= ~((number >= 2) & (number <= 6) & (turns == 1) & edge)
        if int(bones.sum()) == before:
            return bones[1:-1, 1:-1]
