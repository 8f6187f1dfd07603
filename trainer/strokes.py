"""What a pen writes, by strokes of our own: letters, signs and scrawls, and digits as MNIST hardly has them.

Of each a template or a rule, which chance bends. Strokes are float64 (points, 2) each, columns and rows of what the pen
passes through; how large they are does not matter.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Random = np.random.Generator
Points = NDArray[np.floating[Any]]  # (points, 2)
Strokes = list[Points]
Template = Sequence[Sequence[tuple[float, float]]]

BEND, WAVER = 0.12, 0.025  # standard deviations: of a template's map, of each of its points
FLAG = (38, 68)  # degrees below level: with one that falls less a 1 is a 7 to MNIST
SERIFS = 0.25  # share of what is drawn by a template that has a short level line at each end of a stroke
CURVE_POINTS = 8  # between two points of a curve

LETTERS: Mapping[str, Template] = {
    "A": ([(0, 1), (0.4, 0), (0.8, 1)], [(0.15, 0.62), (0.65, 0.62)]),
    "C": ([(0.8, 0.15), (0.45, 0), (0.05, 0.4), (0.1, 0.75), (0.45, 1), (0.8, 0.85)],),
    "E": ([(0.65, 0), (0, 0)], [(0, 0), (0, 1)], [(0, 1), (0.68, 1)], [(0, 0.48), (0.55, 0.48)]),
    "F": ([(0.65, 0), (0, 0)], [(0, 0), (0, 1)], [(0, 0.48), (0.55, 0.48)]),
    "H": ([(0, 0), (0, 1)], [(0.75, 0), (0.75, 1)], [(0, 0.48), (0.75, 0.48)]),
    "K": ([(0, 0), (0, 1)], [(0.65, 0), (0, 0.6)], [(0.2, 0.42), (0.7, 1)]),
    "M": ([(0, 1), (0.05, 0)], [(0.05, 0), (0.45, 0.75)], [(0.45, 0.75), (0.85, 0)], [(0.85, 0), (0.9, 1)]),
    "N": ([(0, 1), (0, 0)], [(0, 0), (0.72, 1)], [(0.72, 1), (0.72, 0)]),
    "P": ([(0, 0), (0, 1)], [(0, 0.02), (0.5, 0), (0.65, 0.25), (0.5, 0.5), (0, 0.52)]),
    "R": ([(0, 0), (0, 1)], [(0, 0.02), (0.5, 0), (0.62, 0.25), (0.5, 0.48), (0, 0.5)], [(0.35, 0.5), (0.7, 1)]),
    "T": ([(0, 0), (0.8, 0)], [(0.4, 0), (0.4, 1)]),
    "U": ([(0, 0), (0.02, 0.7), (0.36, 1), (0.7, 0.7), (0.72, 0)],),
    "V": ([(0, 0), (0.4, 1)], [(0.4, 1), (0.8, 0)]),
    "W": ([(0, 0), (0.25, 1)], [(0.25, 1), (0.5, 0.2)], [(0.5, 0.2), (0.75, 1)], [(0.75, 1), (1, 0)]),
    "X": ([(0, 0), (0.75, 1)], [(0.75, 0), (0, 1)]),
    "Y": ([(0, 0), (0.38, 0.5)], [(0.76, 0), (0.38, 0.5)], [(0.38, 0.5), (0.38, 1)]),
    "J": ([(0.35, 0), (0.75, 0)], [(0.6, 0), (0.6, 0.8), (0.3, 1), (0, 0.8)]),
    "a": (
        [(0.05, 0.2), (0.35, 0), (0.65, 0.2), (0.66, 1)],
        [(0.65, 0.45), (0.3, 0.45), (0, 0.72), (0.3, 1), (0.64, 0.75)],
    ),
    "b": ([(0, 0), (0, 1)], [(0, 0.55), (0.3, 0.38), (0.6, 0.7), (0.3, 1), (0, 0.85)]),
    "d": ([(0.6, 0), (0.6, 1)], [(0.6, 0.55), (0.3, 0.38), (0, 0.68), (0.3, 1), (0.6, 0.8)]),
    "e": ([(0.02, 0.5), (0.72, 0.48)], [(0.72, 0.48), (0.4, 0), (0.02, 0.45), (0.3, 1), (0.7, 0.85)]),
    "f": ([(0.6, 0.08), (0.42, 0), (0.25, 0.2), (0.25, 1)], [(0, 0.36), (0.52, 0.36)]),
    "h": ([(0, 0), (0, 1)], [(0, 0.55), (0.3, 0.38), (0.55, 0.55), (0.56, 1)]),
    "k": ([(0, 0), (0, 1)], [(0.5, 0.4), (0, 0.75)], [(0.15, 0.65), (0.55, 1)]),
    "m": (
        [(0, 0), (0, 0.7)],
        [(0, 0.2), (0.25, 0), (0.45, 0.2), (0.45, 0.7)],
        [(0.45, 0.2), (0.7, 0), (0.9, 0.2), (0.9, 0.7)],
    ),
    "n": ([(0, 0), (0, 0.8)], [(0, 0.25), (0.3, 0), (0.58, 0.22), (0.6, 0.8)]),
    "p": ([(0, 0), (0, 1)], [(0, 0.15), (0.3, 0), (0.6, 0.3), (0.3, 0.6), (0, 0.45)]),
    "r": ([(0, 0), (0, 0.9)], [(0, 0.3), (0.25, 0.02), (0.5, 0.05)]),
    "t": ([(0.3, 0), (0.3, 0.85), (0.5, 1), (0.65, 0.92)], [(0, 0.3), (0.6, 0.3)]),
    "u": ([(0, 0), (0.02, 0.6), (0.3, 0.85), (0.6, 0.55)], [(0.62, 0), (0.62, 0.85)]),
    "w": ([(0, 0), (0.25, 0.7)], [(0.25, 0.7), (0.5, 0.1)], [(0.5, 0.1), (0.75, 0.7)], [(0.75, 0.7), (1, 0)]),
    "x": ([(0, 0), (0.75, 0.8)], [(0.75, 0), (0, 0.8)]),
    "y": ([(0, 0), (0.36, 0.6)], [(0.75, 0), (0.2, 1)]),
}
SIGNS: Mapping[str, Template] = {
    "-": ([(0, 0.5), (1, 0.5)],),
    "+": ([(0, 0.5), (1, 0.5)], [(0.5, 0), (0.5, 1)]),
    "=": ([(0, 0.25), (1, 0.25)], [(0, 0.65), (1, 0.65)]),
    "<": ([(0.8, 0), (0, 0.45)], [(0, 0.45), (0.8, 0.9)]),
    ">": ([(0, 0), (0.8, 0.45)], [(0.8, 0.45), (0, 0.9)]),
    "?": ([(0, 0.15), (0.3, 0), (0.6, 0.2), (0.3, 0.5), (0.3, 0.68)], [(0.3, 0.95), (0.31, 0.97)]),
    "!": ([(0.3, 0), (0.3, 0.68)], [(0.3, 0.95), (0.31, 0.97)]),
    "#": ([(0.3, 0), (0.2, 1)], [(0.7, 0), (0.6, 1)], [(0, 0.33), (0.9, 0.33)], [(0, 0.67), (0.9, 0.67)]),
    "%": (
        [(0.8, 0), (0.1, 1)],
        [(0.2, 0), (0, 0.15), (0.2, 0.35), (0.35, 0.15), (0.2, 0)],
        [(0.75, 0.65), (0.6, 0.82), (0.75, 1), (0.9, 0.82), (0.75, 0.65)],
    ),
    "*": ([(0.5, 0), (0.5, 1)], [(0.07, 0.25), (0.93, 0.75)], [(0.07, 0.75), (0.93, 0.25)]),
    "$": ([(0.65, 0.2), (0.35, 0.1), (0.05, 0.3), (0.65, 0.65), (0.35, 0.9), (0, 0.8)], [(0.34, 0), (0.34, 1)]),
    "&": ([(0.8, 1), (0.15, 0.3), (0.3, 0), (0.5, 0.2), (0.05, 0.7), (0.3, 1), (0.8, 0.55)],),
    "@": (
        [
            (0.65, 0.4),
            (0.45, 0.3),
            (0.3, 0.55),
            (0.45, 0.7),
            (0.65, 0.45),
            (0.75, 0.7),
            (1, 0.5),
            (0.85, 0.1),
            (0.4, 0),
            (0, 0.4),
            (0.15, 0.85),
            (0.6, 1),
        ],
    ),
    "{": ([(0.4, 0), (0.2, 0.1), (0.22, 0.4), (0, 0.5), (0.22, 0.6), (0.2, 0.9), (0.4, 1)],),
    "}": ([(0, 0), (0.2, 0.1), (0.18, 0.4), (0.4, 0.5), (0.18, 0.6), (0.2, 0.9), (0, 1)],),
    "~": ([(0, 0.35), (0.25, 0.1), (0.6, 0.35), (0.9, 0.1)],),
    "^": ([(0, 0.4), (0.35, 0)], [(0.35, 0), (0.7, 0.4)]),
    "a heart": ([(0.5, 1), (0, 0.4), (0.2, 0), (0.5, 0.25), (0.8, 0), (1, 0.4), (0.5, 1)],),
    "a tick": ([(0, 0.55), (0.3, 1)], [(0.3, 1), (0.9, 0)]),
    "a square": ([(0, 0), (0.9, 0)], [(0.9, 0), (0.9, 0.9)], [(0.9, 0.9), (0, 0.9)], [(0, 0.9), (0, 0)]),
    "a triangle": ([(0.5, 0), (1, 0.9)], [(1, 0.9), (0, 0.9)], [(0, 0.9), (0.5, 0)]),
    "an arrow": ([(0, 0.5), (1, 0.5)], [(0.65, 0.2), (1, 0.5)], [(0.65, 0.8), (1, 0.5)]),
    "euro": (
        [(0.8, 0.15), (0.5, 0), (0.15, 0.4), (0.2, 0.75), (0.5, 1), (0.8, 0.85)],
        [(0, 0.4), (0.6, 0.4)],
        [(0, 0.6), (0.55, 0.6)],
    ),
    "pound": (
        [(0.7, 0.2), (0.5, 0), (0.28, 0.2), (0.3, 0.6), (0.05, 1)],
        [(0.05, 1), (0.75, 1)],
        [(0.05, 0.55), (0.55, 0.55)],
    ),
    "yen": (
        [(0, 0), (0.38, 0.5)],
        [(0.76, 0), (0.38, 0.5)],
        [(0.38, 0.5), (0.38, 1)],
        [(0.1, 0.58), (0.66, 0.58)],
        [(0.1, 0.75), (0.66, 0.75)],
    ),
    "section": (
        [(0.55, 0.1), (0.3, 0), (0.08, 0.14), (0.6, 0.42), (0.45, 0.62)],
        [(0.15, 0.38), (0, 0.55), (0.55, 0.85), (0.3, 1), (0.03, 0.9)],
    ),
    "paragraph": (
        [(0.7, 0), (0.25, 0), (0, 0.22), (0.25, 0.45), (0.4, 0.45)],
        [(0.4, 0), (0.4, 1)],
        [(0.65, 0), (0.65, 1)],
    ),
    "division": ([(0, 0.5), (1, 0.5)], [(0.49, 0.15), (0.51, 0.17)], [(0.49, 0.83), (0.51, 0.85)]),
    "times": ([(0, 0), (0.8, 0.8)], [(0.8, 0), (0, 0.8)]),
    "a bracket": ([(0.35, 0), (0, 0)], [(0, 0), (0, 1)], [(0, 1), (0.35, 1)]),
    "an arrow up": ([(0.4, 0), (0.4, 1)], [(0, 0.4), (0.4, 0)], [(0.8, 0.4), (0.4, 0)]),
    "a star": (
        [(0.2, 1), (0.5, 0)],
        [(0.5, 0), (0.8, 1)],
        [(0.8, 1), (0, 0.38)],
        [(0, 0.38), (1, 0.38)],
        [(1, 0.38), (0.2, 1)],
    ),
    "a house": (
        [(0, 1), (0, 0.45)],
        [(0, 0.45), (0.5, 0)],
        [(0.5, 0), (1, 0.45)],
        [(1, 0.45), (1, 1)],
        [(1, 1), (0, 1)],
    ),
    "infinity": (
        [(0.5, 0.25), (0.2, 0), (0, 0.25), (0.2, 0.5), (0.5, 0.25), (0.8, 0), (1, 0.25), (0.8, 0.5), (0.5, 0.25)],
    ),
    "a root": ([(0, 0.6), (0.15, 0.5)], [(0.15, 0.5), (0.35, 1)], [(0.35, 1), (0.55, 0)], [(0.55, 0), (1, 0)]),
    "a moon": ([(0.5, 0), (0.1, 0.2), (0, 0.5), (0.1, 0.8), (0.5, 1), (0.3, 0.7), (0.3, 0.3), (0.5, 0)],),
}


def letter(random: Random) -> Strokes:
    """None that a digit could be taken for: no b, G, L, O, S, Z."""
    return _of(LETTERS, random)


def sign(random: Random) -> Strokes:
    return _of(SIGNS, random)


def _of(templates: Mapping[str, Template], random: Random) -> Strokes:
    lines = templates[str(random.choice(list(templates)))]
    bent = np.eye(2) + random.normal(0, BEND, (2, 2))
    drawn = [curve(np.array(line) @ bent + random.normal(0, WAVER, (len(line), 2))) for line in lines]
    if random.random() < SERIFS:
        half = random.uniform(0.06, 0.16)
        aside = np.array([[-half, 0.0], [half, 0.0]])
        drawn += [end + aside for line in drawn for end in (line[0], line[-1])]
    return drawn


def word(random: Random) -> Strokes:
    """Three to nine letters in a row."""
    wide = random.uniform(0.7, 1.1)
    advances = [np.array([wide * at, 0.0]) for at in range(int(random.integers(3, 10)))]
    return [line + advance for advance in advances for line in letter(random)]


def scrawl(random: Random) -> Strokes:
    """One line without aim."""
    return [curve(random.uniform(0, 1, (int(random.integers(5, 12)), 2)))]


def tangle(random: Random) -> Strokes:
    """A few lines and arcs that no script has together."""
    return [curve(random.uniform(0, 1, (int(random.integers(2, 4)), 2))) for _ in range(int(random.integers(3, 6)))]


def flagged_one(random: Random) -> Strokes:
    """A 1 with a flag from a fourth of its length to nearly all of it; some stand on a foot."""
    top, bottom = np.array([random.uniform(-0.1, 0.25), 0.0]), np.array([0.0, 1.0])
    length, angle = random.uniform(0.3, 0.95), math.radians(random.uniform(*FLAG))
    end = top + length * np.array([-math.cos(angle), math.sin(angle)])
    flag = curve(np.array([end, (end + top) / 2 + random.normal(0, 0.04, 2), top]))
    stem = curve(np.array([top, (top + bottom) / 2 + random.normal(0, 0.02, 2), bottom]))
    if random.random() >= 0.3:
        return [flag, stem]
    aside = np.array([random.uniform(0.12, 0.4), random.normal(0, 0.03)])
    return [flag, stem, np.stack([bottom - aside, bottom + aside])]


def slashed_zero(random: Random) -> Strokes:
    wide, angles = random.uniform(0.25, 0.5), np.linspace(0, 2 * math.pi, 17)
    ring = np.stack([wide * np.cos(angles), 0.5 * np.sin(angles)], axis=1) * random.uniform(0.93, 1.07, (17, 1))
    ring[-1] = ring[0]
    corner = random.uniform(0.6, 1.25) * np.array([wide, -0.45])
    if random.random() < 0.1:
        corner[0] *= -1
    return [curve(ring), np.stack([-corner, corner]) + random.normal(0, 0.04, (2, 2))]


def barred_seven(random: Random) -> Strokes:
    wide, foot = random.uniform(0.45, 0.8), random.uniform(0.05, 0.4)
    roof = np.array([[0.0, random.normal(0.03, 0.04)], [wide, 0.0]])
    stem = np.array([[wide, 0.0], [wide * 0.75 + random.normal(0, 0.03), 0.4], [foot, 1.0]])
    row, half = random.uniform(0.4, 0.6), random.uniform(0.15, 0.32)
    ends = np.array([[wide * 0.68 - half, row], [wide * 0.68 + half, row]])
    ends[:, 1] += random.normal(0, 0.04, 2)
    return [roof, curve(stem), ends]


def curve(points: Points) -> Points:
    """A Catmull-Rom curve through the points, of their dtype."""
    if len(points) < 3:
        return points
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, CURVE_POINTS, endpoint=False, dtype=points.dtype)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
    ]
    return np.concatenate([*parts, points[-1:]])
