"""A skyline over water: towers in three depths, lit windows, their light on the ripples."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from providers.studio import paints
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten, mix, ramp, rgb
from providers.studio.light import Light, light_of
from providers.studio.scenes import Stage, has_figure
from providers.studio.shapes import Points, box
from providers.studio.sky import Sun, mist, paint_sky
from providers.studio.terrain import in_front
from providers.studio.water import mirror

_Pane = tuple[float, float, float, float]
LAMPS = ramp("ffd98a ffc46b fff0c8 ffb35c bfe4ff")


@dataclass(frozen=True)
class _Tower:
    left: float
    right: float
    top: float


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("city")
    light = light_of(brief, canvas.dice("light"), usual=("night", "dusk", "sunset"))
    quay = canvas.h * dice.uniform(0.72, 0.78)
    sun = paint_sky(canvas, brief, light, quay * 0.94)
    if light.is_dark:
        with canvas.backdrop():
            canvas.glow(canvas.w / 2, quay, 900, rgb("ff9f6b"), 0.34)
    peak = dice.uniform(0.3, 0.7)
    for depth, distance in enumerate((0.74, 0.46, 0.12)):
        _row(canvas, light, sun, quay, peak, depth, distance)
        if depth < 2:
            mist(canvas, f"smoke {depth}", quay - 150, 170, mix(light.haze, light.glow, 0.25), 0.55)
    _quay(canvas, light, quay)
    mirror(canvas, light, quay + 12, calm=0.4)
    if has_figure(brief):
        _promenade(canvas, light)
    return in_front(canvas, light)


def _row(
    canvas: Canvas, light: Light, sun: Sun, quay: float, peak: float, depth: int, distance: float
) -> None:
    dice = canvas.dice(f"row {depth}")
    wall = light.on(rgb("39425e") if light.is_dark else rgb("5d6784"), distance)
    if light.is_dark:
        wall = mix(darken(wall, 0.45 * (1 - distance)), light.haze, distance * 0.4)
    towers = list(_towers(canvas, dice, quay, peak, depth))
    bodies, shades = Stencil(), Stencil()
    for tower in towers:
        bodies.polygon(_outline(dice, tower, quay, depth))
        dark_left = sun.x > (tower.left + tower.right) / 2
        middle = tower.left + (tower.right - tower.left) * (0.4 if dark_left else 0.6)
        left, right = (tower.left, middle) if dark_left else (middle, tower.right)
        shades.polygon([(left, tower.top), (right, tower.top), (right, quay), (left, quay)])
    top = min(tower.top for tower in towers)
    canvas.paint(
        bodies, paints.down((wall, mix(wall, light.haze, 0.35 * distance + 0.1)), top, quay)
    )
    canvas.paint(shades, darken(wall, 0.5), opacity=0.32, clip=bodies)
    _windows(canvas, dice, light, towers, quay, depth, distance)


def _towers(canvas: Canvas, dice: Random, quay: float, peak: float, depth: int) -> list[_Tower]:
    """Tall around the middle of the town, low at its edges."""
    towers = []
    x = -dice.uniform(0, 50)
    while x < canvas.w:
        width = dice.uniform(46, 92) * (0.75 + 0.25 * depth)
        middle = 1 - min(1.0, abs((x + width / 2) / canvas.w - peak) * 1.5)
        share = (0.2 + 0.5 * middle**1.4) * dice.uniform(0.5, 1.15) * (0.62, 0.6, 0.5)[depth] / 0.5
        share += 0.14 if depth == 0 else 0
        towers.append(_Tower(x, x + width, quay * (1 - min(0.86, share * 0.72))))
        x += width + (dice.uniform(-14, 6) if depth < 2 else dice.choice((0, 0, 8, 26)))
    return towers


def _outline(dice: Random, tower: _Tower, quay: float, depth: int) -> Points:
    left, right, top = tower.left, tower.right, tower.top
    width = right - left
    middle = (left + right) / 2
    roofs: dict[str, Points] = {
        "flat": [(left, top), (right, top)],
        "stepped": [
            (left, top + width * 0.5),
            (left + width * 0.16, top + width * 0.5),
            (left + width * 0.16, top),
            (right - width * 0.16, top),
            (right - width * 0.16, top + width * 0.5),
            (right, top + width * 0.5),
        ],
        "slanted": [(left, top + width * 0.45), (right, top)],
        "spire": [
            (left, top + width * 0.4),
            (middle - width * 0.1, top + width * 0.12),
            (middle - 1.6, top - width * 0.9),
            (middle + 1.6, top - width * 0.9),
            (middle + width * 0.1, top + width * 0.12),
            (right, top + width * 0.4),
        ],
        "mast": [
            (left, top),
            (middle - 1.5, top),
            (middle - 1.5, top - width * 0.6),
            (middle + 1.5, top - width * 0.6),
            (middle + 1.5, top),
            (right, top),
        ],
    }
    roof = roofs[dice.choice(("flat", "flat", "stepped", "slanted", "spire", "mast"))]
    return [*roof, (right, quay + 2), (left, quay + 2)]


def _windows(
    canvas: Canvas,
    dice: Random,
    light: Light,
    towers: list[_Tower],
    quay: float,
    depth: int,
    distance: float,
) -> None:
    share = {"night": 0.5, "dusk": 0.42, "sunset": 0.22}.get(light.time, 0.05)
    lit: list[list[_Pane]] = [[] for _ in LAMPS]
    unlit: list[_Pane] = []
    size = (3.4, 4.6, 6.4)[depth]
    for tower in towers:
        lamp = dice.choices(range(len(LAMPS)), (5, 4, 3, 2, 1))[0]
        lively = share * dice.uniform(0.5, 1.4)
        for pane in _grid(tower, quay, size, roof=5 if depth else 4):
            if dice.random() < lively:
                lit[lamp if dice.random() < 0.85 else 2].append(pane)
            else:
                unlit.append(pane)
    glass = mix(light.sky[-2], light.haze, 0.4) if not light.is_dark else rgb("1b2440")
    canvas.paint(Stencil().panes(unlit), glass, opacity=0.32 * (1 - distance))
    if canvas.detail.texture and depth == 2:
        halo = Stencil().panes([pane for panes in lit for pane in panes])
        canvas.paint(halo, LAMPS[1], opacity=0.5, blur=5, blend="screen")
    for lamp_colour, panes in zip(LAMPS, lit, strict=True):
        canvas.paint(
            Stencil().panes(panes), mix(lamp_colour, light.haze, distance * 0.55), opacity=0.95
        )


def _grid(tower: _Tower, quay: float, size: float, roof: int) -> Iterator[_Pane]:
    inside = tower.right - tower.left - size * 2
    columns = max(2, int(inside / (size * 1.9)))
    y = tower.top + size * roof
    while y < quay - size * 3:
        for column in range(columns):
            x = tower.left + size + inside / columns * (column + 0.5)
            yield x - size * 0.5, y, x + size * 0.5, y + size * 1.3
        y += size * 2.6


def _quay(canvas: Canvas, light: Light, quay: float) -> None:
    dice = canvas.dice("quay")
    wall = Stencil().polygon(
        [(0, quay - 4), (canvas.w, quay - 4), (canvas.w, quay + 14), (0, quay + 14)]
    )
    canvas.paint(wall, darken(light.on(rgb("3a3f4e")), 0.45))
    trees, lamps = Stencil(), Stencil()
    x = 0.0
    while x < canvas.w:
        trees.dot(x, quay - 6, dice.uniform(9, 20), dice.uniform(7, 16))
        x += dice.uniform(12, 70)
    canvas.paint(trees, darken(light.on(rgb("2a4038")), 0.35))
    if not light.is_dark:
        return
    step = canvas.w / round(canvas.w / 90)
    for index in range(round(canvas.w / step) + 1):
        lamps.dot(index * step, quay - 20, 2.6)
        canvas.glow(index * step, quay - 20, 34, rgb("ffcf8a"), 0.75)
    canvas.paint(lamps, lighten(LAMPS[0], 0.5))


def _promenade(canvas: Canvas, light: Light) -> None:
    """Paving on this side of the water, for someone to stand on."""
    edge = canvas.h * 0.86
    stone = light.on(rgb("8d8fa3"))
    paving = Stencil().polygon(box(0, edge, canvas.w, canvas.h))
    canvas.paint(paving, paints.down((lighten(stone, 0.16), darken(stone, 0.3)), edge, canvas.h))
    kerb = Stencil().polygon(box(0, edge, canvas.w, edge + 12))
    canvas.paint(kerb, lighten(stone, 0.3))
    joints = Stencil()
    for row in range(1, 5):
        y = edge + 12 + (canvas.h - edge) * (row / 5) ** 1.5
        joints.line([(0, y), (canvas.w, y)], 2)
    for column in range(-12, 13):
        x = canvas.w / 2 + column * canvas.w / 11
        joints.line([(x, edge + 12), (canvas.w / 2 + (x - canvas.w / 2) * 1.7, canvas.h)], 2)
    canvas.paint(joints, darken(stone, 0.5), opacity=0.45, clip=paving)
