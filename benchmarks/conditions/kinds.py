"""The conditions, by name: each draws one file from a digit of MNIST, or from strokes of its own."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from benchmarks.conditions import papers
from benchmarks.conditions.glyphs import Glyph, Mask
from benchmarks.conditions.papers import Levels, Random, file_of, noisy, placed, written

DARK = (10.0, 70.0)  # grey levels of a pen
SIDE = 280  # pixels, where nothing else is said


@dataclass(frozen=True)
class Sample:
    """One picture, and what it shows: None for what is no digit."""

    file: bytes
    label: str | None


Draw = Callable[[Glyph, Random], Sample]
CONDITIONS: dict[str, Draw] = {}


def condition(name: str) -> Callable[[Draw], Draw]:
    def enter(draw: Draw) -> Draw:
        CONDITIONS[name] = draw
        return draw

    return enter


def _ink(glyph: Glyph, random: Random, pen: float | None = None, side: int = SIDE) -> Mask:
    return placed(glyph.ink(random.uniform(0.35, 0.75) * side, pen), side, side, random, side // 12)


def _pen(random: Random) -> float:
    return float(random.uniform(*DARK))


def _on(
    name: str,
    sheet: Callable[[int, int, Random], Levels | float],
    pen: Callable[[Random], float | None] = lambda _: None,
) -> None:
    """A condition that is a paper: a digit in a dark pen on it."""

    def draw(glyph: Glyph, random: Random) -> Sample:
        ink = _ink(glyph, random, pen(random))
        return Sample(file_of(written(ink, sheet(SIDE, SIDE, random), _pen(random))), glyph.label)

    CONDITIONS[name] = draw


_on("white paper", lambda *_: 255.0)
_on("grey paper", lambda _h, _w, random: float(random.uniform(140, 235)))
_on("light from one side", papers.slope)
_on("uneven light", lambda h, w, random: papers.clouds(h, w, random, 45) + 190)
_on(
    "dark corners",
    lambda h, w, _: 225 - 130 * (np.square(np.linspace(-1, 1, h))[:, None] + np.square(np.linspace(-1, 1, w))) / 2,
)
_on("a fold", papers.folded)
_on("a fold, thin pen", papers.folded, lambda random: random.uniform(4, 7))
_on("a scan pasted on white", lambda h, w, random: papers.patch(h, w, random, random.uniform(195, 235)))
_on(
    "a scan pasted on white, thin pen",
    lambda h, w, random: papers.patch(h, w, random, random.uniform(195, 235)),
    lambda random: random.uniform(3, 7),
)
_on("ruled paper", lambda h, w, random: papers.ruled(h, w, random, False))
_on("squared paper", lambda h, w, random: papers.ruled(h, w, random, True))
_on("thin pen", lambda *_: 245.0, lambda random: random.uniform(2, 5))


@condition("a sheet on a dark table")
def _(glyph: Glyph, random: Random) -> Sample:
    inner = placed(glyph.ink(random.uniform(80, 150)), 170, 170, random, 2)
    return Sample(
        file_of(written(placed(inner, SIDE, SIDE), papers.table(SIDE, SIDE, random), _pen(random))), glyph.label
    )


@condition("a marker, 4 to 6 of 20 pixels wide")
def _(glyph: Glyph, random: Random) -> Sample:
    side = random.uniform(0.35, 0.75) * SIDE
    ink = placed(glyph.ink(side, side * random.uniform(0.2, 0.3)), SIDE, SIDE, random)
    return Sample(file_of(written(ink, 245, _pen(random))), glyph.label)


@condition("a hand's shadow")
def _(glyph: Glyph, random: Random) -> Sample:
    sheet = written(_ink(glyph, random), float(random.uniform(200, 240)), _pen(random))
    return Sample(file_of(noisy(sheet * papers.shadow(SIDE, SIDE, random), random, 2), "JPEG", quality=85), glyph.label)


@condition("noise")
def _(glyph: Glyph, random: Random) -> Sample:
    sheet = written(_ink(glyph, random), float(random.uniform(150, 235)), _pen(random))
    return Sample(file_of(noisy(sheet, random, random.uniform(6, 16))), glyph.label)


@condition("rough paper")
def _(glyph: Glyph, random: Random) -> Sample:
    grain = papers.clouds(SIDE, SIDE, random, 14, 90) + papers.clouds(SIDE, SIDE, random, 10, 20)
    return Sample(file_of(written(_ink(glyph, random), 205 + grain, _pen(random))), glyph.label)


@condition("chalk on a board")
def _(glyph: Glyph, random: Random) -> Sample:
    board = 45 + papers.clouds(SIDE, SIDE, random, 15, 8)
    ink = _ink(glyph, random) * random.uniform(0.6, 1, (SIDE, SIDE)).astype(np.float32)
    return Sample(file_of(noisy(written(ink, board, 230), random, 4), "JPEG", quality=80), glyph.label)


@condition("pencil")
def _(glyph: Glyph, random: Random) -> Sample:
    sheet = written(_ink(glyph, random, random.uniform(4, 9)), 220, float(random.uniform(130, 165)))
    return Sample(file_of(noisy(sheet, random, 4)), glyph.label)


@condition("JPEG of poor quality")
def _(glyph: Glyph, random: Random) -> Sample:
    sheet = written(_ink(glyph, random), 230, _pen(random))
    return Sample(file_of(sheet, "JPEG", quality=int(random.integers(10, 30))), glyph.label)


@condition("out of focus")
def _(glyph: Glyph, random: Random) -> Sample:
    sheet = papers.blurred(written(_ink(glyph, random), 230, _pen(random)), random.uniform(3, 6))
    return Sample(file_of(noisy(sheet, random, 3), "JPEG", quality=80), glyph.label)


@condition("coloured ink on paper of the same grey")
def _(glyph: Glyph, random: Random) -> Sample:
    colours = np.array([(200, 60, 60), (60, 130, 60), (70, 90, 230), (190, 60, 190)], np.float32)
    pen = colours[int(random.integers(len(colours)))]
    grey = float(pen @ np.array([0.299, 0.587, 0.114]))
    return Sample(file_of(written(_ink(glyph, random), grey, pen)), glyph.label)


@condition("two colours")
def _(glyph: Glyph, random: Random) -> Sample:
    while True:
        paper, pen = random.uniform(0, 255, (2, 3))
        if np.abs(paper - pen).max() > 110:
            break
    sheet = np.broadcast_to(paper.astype(np.float32), (SIDE, SIDE, 3))
    return Sample(file_of(written(_ink(glyph, random), sheet, pen)), glyph.label)


def _transparent(glyph: Glyph, random: Random, level: int) -> Sample:
    alpha = Image.fromarray((255 * _ink(glyph, random)).astype(np.uint8))
    grey = Image.new("L", alpha.size, level)
    return Sample(file_of(Image.merge("RGBA", [grey, grey, grey, alpha])), glyph.label)


@condition("a light pen on a transparent canvas")
def _(glyph: Glyph, random: Random) -> Sample:
    return _transparent(glyph, random, int(random.integers(235, 256)))


@condition("a dark pen on a transparent canvas")
def _(glyph: Glyph, random: Random) -> Sample:
    return _transparent(glyph, random, int(random.integers(0, 60)))


def _lined(name: str, kind: str) -> None:
    def draw(glyph: Glyph, random: Random) -> Sample:
        ink, pen = _ink(glyph, random, (None, 8.0, 14.0)[int(random.integers(3))]), _pen(random)
        sheet = papers.with_lines(written(ink, float(random.uniform(215, 255)), pen), random, kind, ink, pen)
        return Sample(file_of(sheet), glyph.label)

    CONDITIONS[name] = draw


for _name, _kind in {
    "a frame at the picture's edge": "frame",
    "a form's box": "box",
    "a scanner's dark edge": "edge",
    "a line at the crop's edge": "line",
    "an underline": "underline",
    "a ring": "ring",
    "dirt": "dirt",
}.items():
    _lined(_name, _kind)
