"""Outlines as lists of points, in picture units."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, hypot, pi, sin
from random import Random

Point = tuple[float, float]
Points = list[Point]


def ellipse(
    x: float, y: float, rx: float, ry: float | None = None, *, turn: float = 0.0, steps: int = 48
) -> Points:
    ry = rx if ry is None else ry
    angles = (2 * pi * step / steps for step in range(steps))
    flat = ((rx * cos(angle), ry * sin(angle)) for angle in angles)
    return [(x + a * cos(turn) - b * sin(turn), y + a * sin(turn) + b * cos(turn)) for a, b in flat]


def arc(x: float, y: float, radius: float, start: float, end: float, *, steps: int = 32) -> Points:
    angles = (start + (end - start) * step / steps for step in range(steps + 1))
    return [(x + radius * cos(angle), y + radius * sin(angle)) for angle in angles]


def box(left: float, top: float, right: float, bottom: float, *, radius: float = 0.0) -> Points:
    if radius <= 0:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    return [
        *arc(left + radius, top + radius, radius, pi, 1.5 * pi, steps=10),
        *arc(right - radius, top + radius, radius, 1.5 * pi, 2 * pi, steps=10),
        *arc(right - radius, bottom - radius, radius, 0, 0.5 * pi, steps=10),
        *arc(left + radius, bottom - radius, radius, 0.5 * pi, pi, steps=10),
    ]


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 10) -> Points:
    """A Catmull-Rom curve through the points."""
    count = len(points)

    def at(index: int) -> Point:
        return points[index % count if closed else max(0, min(count - 1, index))]

    curve: Points = []
    for index in range(count if closed else count - 1):
        before, start, end, after = (at(index + offset) for offset in (-1, 0, 1, 2))
        for step in range(steps):
            curve.append(_between(before, start, end, after, step / steps))
    return curve if closed else [*curve, points[-1]]


def _between(before: Point, start: Point, end: Point, after: Point, t: float) -> Point:
    def axis(p: float, q: float, r: float, s: float) -> float:
        bend = (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t * t * t
        return 0.5 * (2 * q + (r - p) * t + bend)

    return (
        axis(before[0], start[0], end[0], after[0]),
        axis(before[1], start[1], end[1], after[1]),
    )


def ribbon(points: Sequence[Point], width: Callable[[float], float]) -> Points:
    """A stroke whose width follows `width(share of its length)`: stems, tails, brush marks."""
    left: Points = []
    right: Points = []
    last = len(points) - 1
    for index, (x, y) in enumerate(points):
        before, after = points[max(0, index - 1)], points[min(last, index + 1)]
        along_x, along_y = after[0] - before[0], after[1] - before[1]
        length = hypot(along_x, along_y) or 1.0
        half = width(index / last) / 2
        left.append((x - along_y / length * half, y + along_x / length * half))
        right.append((x + along_y / length * half, y - along_x / length * half))
    return left + right[::-1]


def blob(dice: Random, x: float, y: float, radius: float, *, wobble: float = 0.12) -> Points:
    corners = 9
    reach = [radius * (1 + dice.uniform(-wobble, wobble)) for _ in range(corners)]
    spin = dice.uniform(0, 2 * pi)
    angles = (spin + 2 * pi * corner / corners for corner in range(corners))
    return smooth(
        [(x + r * cos(angle), y + r * sin(angle)) for r, angle in zip(reach, angles, strict=True)],
        steps=6,
    )


def ridge(dice: Random, width: float, *, steps: int, roughness: float = 0.55) -> list[float]:
    """Heights between about -1 and 1 along a line, by midpoint displacement."""
    heights = [dice.uniform(-0.6, 0.6), dice.uniform(-0.6, 0.6)]
    spread = 1.0
    while len(heights) < steps:
        middle = [(a + b) / 2 + dice.uniform(-spread, spread) * width for a, b in pairwise(heights)]
        heights = [value for pair in zip(heights, [*middle, 0.0], strict=True) for value in pair][
            :-1
        ]
        spread *= roughness
    return heights


def turned(points: Sequence[Point], x: float, y: float, angle: float) -> Points:
    return [
        (
            x + (px - x) * cos(angle) - (py - y) * sin(angle),
            y + (px - x) * sin(angle) + (py - y) * cos(angle),
        )
        for px, py in points
    ]
