"""Line plots as SVG, without a library: two quantities over one that grows by doubling."""

from collections.abc import Sequence
from math import ceil, floor, log10
from xml.sax.saxutils import escape

WIDTH, HEIGHT, MARGIN = 560, 320, 64
COLOURS = ("#2563eb", "#dc2626")

Point = tuple[float, float]


def svg(title: str, across: str, series: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """A picture of one or two series over logarithmic axes; the first is read on the left, the second on the right."""
    places = sorted({x for _, points in series for x, _ in points})
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="11" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{WIDTH / 2}" y="20" text-anchor="middle" font-size="14">{escape(title)}</text>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>',
    ]
    for place in places:
        x = _across(place, places)
        parts.append(f'<line x1="{x:.1f}" y1="40" x2="{x:.1f}" y2="{HEIGHT - MARGIN}" stroke="#eee"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{_short(place)}</text>')
    for number, (name, points) in enumerate(series):
        parts += _line(name, points, places, number)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(name: str, points: Sequence[Point], places: Sequence[float], number: int) -> list[str]:
    colour = COLOURS[number]
    levels = [max(y, 1e-3) for _, y in points]
    low, high = floor(log10(min(levels))), max(ceil(log10(max(levels))), floor(log10(min(levels))) + 1)
    edge, anchor = (MARGIN - 8, "end") if number == 0 else (WIDTH - MARGIN + 8, "start")
    label = MARGIN if number == 0 else WIDTH - MARGIN
    parts = [f'<text x="{label}" y="36" text-anchor="middle" fill="{colour}">{escape(name)}</text>']
    for power in range(low, high + 1):
        y = _up(10.0**power, low, high)
        parts.append(
            f'<text x="{edge}" y="{y + 4:.1f}" text-anchor="{anchor}" fill="{colour}">{_short(10.0**power)}</text>'
        )
    path = " ".join(f"{_across(x, places):.1f},{_up(max(y, 1e-3), low, high):.1f}" for x, y in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for x, y in points:
        parts.append(
            f'<circle cx="{_across(x, places):.1f}" cy="{_up(max(y, 1e-3), low, high):.1f}" r="3" fill="{colour}">'
            f"<title>{_short(x)}: {y:,.2f}</title></circle>"
        )
    return parts


def _across(value: float, places: Sequence[float]) -> float:
    """Places stand at equal distances: each is a multiple of the one before."""
    steps = max(len(places) - 1, 1)
    return MARGIN + places.index(value) / steps * (WIDTH - 2 * MARGIN)


def _up(value: float, low: int, high: int) -> float:
    return HEIGHT - MARGIN - (log10(value) - low) / (high - low) * (HEIGHT - MARGIN - 48)


def _short(value: float) -> str:
    for size, letter in ((2**20, "Mi"), (2**10, "Ki")):
        if value >= size and value % size == 0:
            return f"{value / size:g}{letter}"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
