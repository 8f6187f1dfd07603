"""Thirteen digits as a hand draws them: strokes in a square of side 1."""

import math

from tests.ui.browser import THREE

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, wide: float, tall: float, start: float, end: float) -> Stroke:
    """Part of an ellipse, from one angle to another in degrees; 0 is to the right, 90 is down."""
    angles = [math.radians(start + (end - start) * step / 14) for step in range(15)]
    return [(x + wide * math.cos(angle), y + tall * math.sin(angle)) for angle in angles]


FIGURES: list[tuple[str, list[Stroke]]] = [
    ("0", [arc(0.5, 0.5, 0.32, 0.5, -90, 270)]),
    ("1", [[(0.5, 0.0), (0.5, 0.5), (0.5, 1.0)]]),
    ("1", [[(0.6, 0.0), (0.5, 0.5), (0.4, 1.0)]]),
    ("2", [[*arc(0.5, 0.27, 0.3, 0.27, -180, 30), (0.5, 0.7), (0.2, 1.0), (0.5, 1.0), (0.85, 1.0)]]),
    ("3", [[((x - 0.18) / 0.64, (y - 0.18) / 0.64) for x, y in THREE]]),
    ("4", [[(0.3, 0.0), (0.2, 0.55), (0.85, 0.55)], [(0.7, 0.1), (0.65, 1.0)]]),
    ("4", [[(0.65, 1.0), (0.65, 0.0), (0.15, 0.65), (0.9, 0.65)]]),
    ("5", [[(0.8, 0.0), (0.3, 0.0), (0.25, 0.42), *arc(0.45, 0.7, 0.34, 0.3, -110, 150)]]),
    ("6", [[(0.65, 0.0), (0.4, 0.25), *arc(0.5, 0.72, 0.27, 0.28, -170, 190)]]),
    ("7", [[(0.15, 0.0), (0.5, 0.0), (0.85, 0.0), (0.6, 0.5), (0.4, 1.0)]]),
    ("7", [[(0.15, 0.05), (0.85, 0.0), (0.6, 0.5), (0.45, 1.0)], [(0.35, 0.5), (0.8, 0.5)]]),
    ("8", [arc(0.5, 0.25, 0.24, 0.25, 90, -270) + arc(0.5, 0.74, 0.28, 0.26, -90, 270)]),
    ("9", [[*arc(0.5, 0.28, 0.26, 0.28, 0, -360), (0.74, 0.5), (0.68, 1.0)]]),
]


def placed(strokes: list[Stroke], size: float, left: float, top: float) -> list[Stroke]:
    return [[(left + size * x, top + size * y) for x, y in stroke] for stroke in strokes]
