"""Datasets that are drawn here, the same every time: things in colour, and letters in the fonts that packages ship.

Each is written as folders of PNG files, <half>/<label>, which share no drawing.
"""

import math
import string
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(".venv-train/lib")  # in which matplotlib lies, with its fonts
FACES = (
    *(f"DejaVu{kind}.ttf" for kind in ("Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique")),
    *(f"DejaVuSansMono{kind}.ttf" for kind in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{kind}.ttf" for kind in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{kind}.ttf" for kind in ("", "Bol", "Italic", "BolIta")),
    *("cmr10.ttf", "cmb10.ttf", "cmss10.ttf", "cmtt10.ttf"),
)
CHARACTERS = string.ascii_uppercase + string.digits
LETTER_SIDE, THING_SIDE = 28, 160  # pixels

Random = np.random.Generator
Point = tuple[float, float]  # of a sheet that is 0 to 1 from left to right, and down


def write_things(folder: Path, counts: Mapping[str, int], things: Sequence[str] = ()) -> None:
    """So many drawings of each thing in each half, in colours, sizes and with strokes that differ."""
    _write(folder, counts, things or tuple(THINGS), _thing)


def write_letters(folder: Path, counts: Mapping[str, int]) -> None:
    """So many pictures of each capital and digit in each half, each in a font, a size and a place by chance."""
    _write(folder, counts, CHARACTERS, letter)


def _write(
    folder: Path, counts: Mapping[str, int], labels: Sequence[str], draw: Callable[[str, Random], Image.Image]
) -> None:
    for label in labels:
        for half, count in counts.items():
            place = folder / half / label
            place.mkdir(parents=True)
            for number in range(count):
                seed = [*label.encode(), *half.encode(), number]
                draw(label, np.random.default_rng(seed)).save(place / f"{number}.png")


@cache
def _fonts() -> Path:
    (shipped,) = FONTS.glob("python*/site-packages/matplotlib/mpl-data/fonts/ttf")
    return shipped


def letter(character: str, random: Random) -> Image.Image:
    """One of those, light on dark."""
    side = 4 * LETTER_SIDE
    font = ImageFont.truetype(str(_fonts() / random.choice(FACES)), int(random.uniform(60, 90)))
    picture = Image.new("L", (side, side))
    at = side / 2 + random.uniform(-8, 8, 2)
    ImageDraw.Draw(picture).text((at[0], at[1]), character, 255, font, anchor="mm")
    turned = picture.rotate(random.uniform(-8, 8), Image.Resampling.BILINEAR)
    return turned.resize((LETTER_SIDE, LETTER_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _thing(label: str, random: Random) -> Image.Image:
    paper, pen = _colours(random)
    picture = Image.new("RGB", (THING_SIDE, THING_SIDE), paper)
    size, turn = random.uniform(0.35, 0.8), random.normal(0, 0.2)
    middle = random.uniform(size / 2, 1 - size / 2, 2)
    squeeze = random.uniform(0.75, 1.3)

    def place(across: float, down: float) -> Point:
        across, down = (across - 0.5) * size * squeeze, (down - 0.5) * size / squeeze
        across, down = across + random.normal(0, 0.012), down + random.normal(0, 0.012)
        column = middle[0] + math.cos(turn) * across - math.sin(turn) * down
        return column * THING_SIDE, (middle[1] + math.sin(turn) * across + math.cos(turn) * down) * THING_SIDE

    draw = ImageDraw.Draw(picture)
    for _ in range(random.integers(0, 4)):  # what lies about
        ends = [tuple(each) for each in random.uniform(0, THING_SIDE, (2, 2))]
        draw.line(ends, fill=tuple(random.integers(0, 256, 3).tolist()), width=2)
    width = int(random.integers(2, 6))
    for line in THINGS[label](random):
        draw.line([place(*point) for point in line], fill=pen, width=width, joint="curve")
    return picture


def _colours(random: Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of paper and pen, apart enough to be seen."""
    while True:
        paper, pen = random.integers(0, 256, (2, 3))
        if abs(int(paper.sum()) - int(pen.sum())) > 200:
            return tuple(paper.tolist()), tuple(pen.tolist())


Lines = list[list[Point]]


def _round(column: float, row: float, radius: float, start: float = 0, turns: float = 1) -> list[Point]:
    angles = [2 * math.pi * (start + turns * step / 24) for step in range(25)]
    return [(column + radius * math.cos(angle), row + radius * math.sin(angle)) for angle in angles]


def _house(random: Random) -> Lines:
    door = random.uniform(0.3, 0.6)
    return [
        [(0.15, 0.45), (0.15, 1), (0.85, 1), (0.85, 0.45), (0.15, 0.45)],
        [(0.05, 0.48), (0.5, 0), (0.95, 0.48)],
        [(door, 1), (door, 0.7), (door + 0.15, 0.7), (door + 0.15, 1)],
    ]


def _tree(random: Random) -> Lines:
    if random.random() < 0.5:
        return [[(0.45, 1), (0.45, 0.6)], [(0.55, 1), (0.55, 0.6)], _round(0.5, 0.33, 0.32)]
    return [
        [(0.5, 1), (0.5, 0.8)],
        *(
            [(0.5 - w, y), (0.5, y - 0.35), (0.5 + w, y), (0.5 - w, y)]
            for w, y in ((0.4, 0.85), (0.3, 0.6), (0.2, 0.4))
        ),
    ]


def _face(random: Random) -> Lines:
    mood = random.choice([0.0, 0.5])
    mouth = _round(0.5, 0.65 if mood == 0 else 0.85, 0.2, mood + 0.05, 0.4)
    return [_round(0.5, 0.5, 0.48), _round(0.32, 0.38, 0.05), _round(0.68, 0.38, 0.05), mouth]


def _fish(random: Random) -> Lines:
    body = [(0.4 + 0.4 * math.cos(t), 0.5 + 0.22 * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 25)]
    lines = [body, [(0.78, 0.5), (1, 0.25), (1, 0.75), (0.78, 0.5)], _round(0.18, 0.45, 0.03)]
    return [[(1 - x, y) for x, y in line] for line in lines] if random.random() < 0.5 else lines


def _car(random: Random) -> Lines:
    roof = random.uniform(0.2, 0.3)
    return [
        [(0, 0.5), (roof, 0.5), (roof + 0.1, 0.25), (0.7, 0.25), (0.8, 0.5), (1, 0.5), (1, 0.75), (0, 0.75), (0, 0.5)],
        _round(0.25, 0.78, 0.11),
        _round(0.75, 0.78, 0.11),
    ]


def _flower(random: Random) -> Lines:
    petals = int(random.integers(4, 8))
    around = [2 * math.pi * each / petals for each in range(petals)]
    lines = [_round(0.5 + 0.2 * math.cos(each), 0.32 + 0.2 * math.sin(each), 0.1) for each in around]
    return [_round(0.5, 0.32, 0.1), *lines, [(0.5, 0.62), (0.5, 1)], [(0.5, 0.85), (0.7, 0.7)]]


THINGS: dict[str, Callable[[Random], Lines]] = {
    "car": _car,
    "face": _face,
    "fish": _fish,
    "flower": _flower,
    "house": _house,
    "tree": _tree,
}
