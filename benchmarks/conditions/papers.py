"""Paper, light and what else is on a sheet: grey levels, and the ink laid on them."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.conditions.glyphs import Mask

Levels = NDArray[np.floating[Any]]  # (height, width), or (height, width, 3) in colour
Random = np.random.Generator


def placed(mask: Mask, height: int, width: int, random: Random | None = None, margin: int = 4) -> Mask:
    """The ink in the middle of a field, or anywhere in it; what has no room is cut."""
    mask = mask[:height, :width]
    room = height - mask.shape[0], width - mask.shape[1]
    top, left = (
        space // 2 if random is None or space <= 2 * margin else int(random.integers(margin, space - margin + 1))
        for space in room
    )
    field = np.zeros((height, width), np.float32)
    field[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return field


def written(mask: Mask, paper: float | Levels, pen: float | Sequence[float]) -> Levels:
    """Ink of one level or colour on the paper."""
    colour = np.asarray(pen, np.float32)
    grounds = np.broadcast_to(np.asarray(paper, np.float32), mask.shape) if np.ndim(paper) < 3 else np.asarray(paper)
    if colour.ndim and grounds.ndim == 2:
        grounds = grounds[..., None]
    ink = mask[..., None] if colour.ndim or grounds.ndim == 3 else mask
    laid: Levels = grounds * (1 - ink) + colour * ink
    return laid


def even(height: int, width: int, level: float) -> Levels:
    return np.full((height, width), level, np.float32)


def slope(height: int, width: int, random: Random) -> Levels:
    """Light from one side."""
    angle, fall = random.uniform(0, 2 * np.pi), random.uniform(30, 80)
    rows, columns = np.linspace(-0.5, 0.5, height)[:, None], np.linspace(-0.5, 0.5, width)[None, :]
    lit: Levels = (random.uniform(160, 215) + fall * (np.cos(angle) * rows + np.sin(angle) * columns)).astype(
        np.float32
    )
    return lit


def clouds(height: int, width: int, random: Random, depth: float, cells: int = 4) -> Levels:
    """Slow changes of light, from -depth to depth."""
    coarse = Image.fromarray(random.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32) * np.float32(depth)


def folded(height: int, width: int, random: Random) -> Levels:
    """Two levels that meet in a straight line through the picture."""
    angle = random.uniform(0, np.pi)
    rows, columns = np.indices((height, width), dtype=np.float32)
    off = (columns - width * random.uniform(0.35, 0.65)) * np.cos(angle) + (rows - height / 2) * np.sin(angle)
    side = (off / random.uniform(0.5, 6) + 0.5).clip(0, 1)
    levels: Levels = (random.uniform(165, 200) + random.uniform(15, 45) * side).astype(np.float32)
    return levels


def shadow(height: int, width: int, random: Random, depth: float = 0.6) -> Levels:
    """What a hand leaves of the light, 1 - depth to 1: some ellipses with a soft edge."""
    picture = Image.new("L", (width, height))
    draw = ImageDraw.Draw(picture)
    column, row = random.uniform(0.1, 0.9) * width, random.uniform(0.3, 1) * height
    for _ in range(4):
        size = random.uniform(0.15, 0.45) * width
        draw.ellipse([column - size, row - size / 2, column + size, row + size], 255)
        column, row = column + random.uniform(-0.2, 0.2) * width, row + random.uniform(-0.2, 0.2) * height
    soft = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.02, 0.06) * width))
    return 1 - np.asarray(soft, np.float32) / 255 * np.float32(depth)


def patch(height: int, width: int, random: Random, inner: float) -> Levels:
    """A piece of scan pasted on white: the digit is on it."""
    sheet = even(height, width, 255.0)
    top, bottom = (int(random.uniform(0.02, 0.16) * height) for _ in range(2))
    left, right = (int(random.uniform(0.05, 0.25) * width) for _ in range(2))
    sheet[top : height - bottom, left : width - right] = inner
    return sheet


def ruled(height: int, width: int, random: Random, squared: bool) -> Levels:
    """Lined or squared paper, lines as faint as printed ones are."""
    sheet = even(height, width, random.uniform(225, 250))
    pitch, level = int(random.uniform(0.09, 0.22) * height), random.uniform(165, 205)
    thickness = max(1, height // 200)
    first = int(random.integers(pitch))
    for at in range(first, max(height, width), pitch):
        sheet[at : at + thickness] = level
        if squared:
            sheet[:, at : at + thickness] = level
    return sheet


def table(height: int, width: int, random: Random) -> Levels:
    """A sheet, not quite straight, on a dark table."""
    over = Image.new("L", (width, height), int(random.uniform(15, 70)))
    corners = [
        (x * width + random.uniform(-0.03, 0.03) * width, y * height + random.uniform(-0.03, 0.03) * height)
        for x, y in ((0.12, 0.1), (0.88, 0.1), (0.88, 0.9), (0.12, 0.9))
    ]
    ImageDraw.Draw(over).polygon(corners, int(random.uniform(200, 245)))
    return np.asarray(over.filter(ImageFilter.GaussianBlur(1)), np.float32).copy()


def with_lines(levels: Levels, random: Random, kind: str, ink: Mask, pen: float) -> Levels:
    """A sheet with one thing more drawn in the pen's level: a frame, box, edge, line, underline, ring or dirt."""
    height, width = levels.shape[:2]
    picture = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    top, bottom, left, right = (int(at) for at in (rows[0], rows[-1], columns[0], columns[-1]))
    level, thick = int(pen), int(random.integers(2, max(3, height // 40) + 1))
    away = int(random.uniform(0.05, 0.12) * height) + thick
    if kind == "frame":
        draw.rectangle([0, 0, width - 1, height - 1], outline=level, width=thick)
    elif kind == "box":
        draw.rectangle([left - away, top - away, right + away, bottom + away], outline=level, width=thick)
    elif kind == "edge":
        band = int(random.uniform(0.02, 0.07) * width)
        side = int(random.integers(4))
        draw.rectangle(
            [
                (0, 0, band, height),
                (width - band, 0, width, height),
                (0, 0, width, band),
                (0, height - band, width, height),
            ][side],
            fill=int(random.uniform(0, 30)),
        )
    elif kind == "line":
        at = height - int(random.uniform(0.02, 0.08) * height)
        draw.line([0, at, width, at + int(random.uniform(-3, 3))], level, thick)
    elif kind == "underline":
        draw.line([left - away, bottom + away, right + away, bottom + away + int(random.uniform(-4, 4))], level, thick)
    elif kind == "ring":
        middle = (left + right) / 2, (top + bottom) / 2
        radius = 0.5 * float(np.hypot(right - left, bottom - top)) + away
        draw.ellipse(
            [middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius], outline=level, width=thick
        )
    elif kind == "dirt":
        for _ in range(int(random.integers(3, 9))):
            column, row, size = random.uniform(0, width), random.uniform(0, height), random.uniform(0.5, 0.012 * height)
            draw.ellipse([column - size, row - size, column + size, row + size], level)
    return np.asarray(picture, np.float32)


def noisy(levels: Levels, random: Random, deviation: float) -> Levels:
    return levels + random.normal(0, deviation, levels.shape[:2] + (1,) * (levels.ndim - 2)).astype(np.float32)


def blurred(levels: Levels, radius: float) -> Levels:
    return np.asarray(Image.fromarray(pixels(levels)).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def pixels(levels: Levels) -> NDArray[np.uint8]:
    rounded: NDArray[np.uint8] = levels.clip(0, 255).round().astype(np.uint8)
    return rounded


def file_of(picture: Levels | Image.Image, form: str = "PNG", **options: object) -> bytes:
    """A file of these levels, or of this picture."""
    made = picture if isinstance(picture, Image.Image) else Image.fromarray(pixels(picture))
    file = io.BytesIO()
    made.save(file, form, **options)
    return file.getvalue()
