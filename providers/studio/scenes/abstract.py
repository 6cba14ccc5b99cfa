"""For whatever Studio knows no motif: a composition of light and colour out of the words."""

from collections.abc import Callable
from math import cos, pi, sin
from random import Random

from providers.studio import paints
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import (
    WHITE,
    Colour,
    along,
    darken,
    lighten,
    lightness,
    mix,
    ramp,
    rgb,
    shift,
)
from providers.studio.light import light_at
from providers.studio.shapes import Point, Points, arc, box, smooth, turned
from providers.studio.terrain import under

Palette = tuple[Colour, ...]
PALETTES = (
    "1d2b53 3a5a98 6fa8c9 f2d7a7 ef8f5a c9485b",
    "12343b 2d6a6a 7fb69a f0e0b6 e8a24c b8552e",
    "2b1f4b 5c3f8f a06bb8 e6a3b8 f8d7b0 f39c5a",
    "0f3057 00587a 3fa7a0 b6ddc6 f6e7c1 f2a65a",
    "3b2c35 7a4b5a b97d7d e6b8a2 f5e2c8 8fae9f",
    "14213d 3a4f7a 8aa1c9 e8e3d9 f3b23c d9572f",
    "23395b 406e8e 8ea8c3 cbe5dd f4e9cd e07a5f",
)
SEASONS = {
    "spring": "3f7d5a 8cc07a d8e8b0 fbe3e8 f2a6bd c86a94",
    "summer": "0f5e7a 2fa3b5 9adbcb fdf0c0 f9bd4a ef6f4c",
    "autumn": "3a2220 7d3a2a bf6a32 e3a048 f2dcae 6d7a4c",
    "winter": "16283f 3d6186 86aecb c9dfea f4f8fa b7b3d1",
}


def draw(canvas: Canvas, brief: Brief) -> None:
    dice = canvas.dice("abstract")
    palette = _palette(brief, dice)
    compose: Callable[[Canvas, Random, Palette], None]
    compose = dice.choice((_waves, _orbs, _cutouts))
    compose(canvas, dice, palette)


def _palette(brief: Brief, dice: Random) -> Palette:
    """From dark to light, six colours."""
    colours = ramp(SEASONS.get(brief.season) or dice.choice(PALETTES))
    if brief.time:
        sky = light_at(brief.time)
        colours = (*sky.sky, sky.glow, sky.sun)
    if brief.colours:
        wished = brief.colours[:3]
        colours = tuple(
            tone
            for colour in wished
            for tone in (shift(colour, light=-0.16), colour, mix(colour, WHITE, 0.45))
        )
        colours = (darken(wished[0], 0.6), *colours)
    colours = tuple(sorted(colours, key=lightness))
    return tuple(along(colours, index / 5) for index in range(6))


def _waves(canvas: Canvas, dice: Random, palette: Palette) -> None:
    """Sheets of silk, one before the other, lit along their upper edges."""
    with canvas.backdrop():
        canvas.fill(paints.linear(palette[:2:-1], (0, 0), (canvas.w * 0.4, canvas.h)))
        x, y = canvas.w * dice.uniform(0.2, 0.8), canvas.h * dice.uniform(0.14, 0.3)
        canvas.glow(x, y, 620, lighten(palette[5], 0.5), 0.7)
        disc = Stencil().dot(x, y, dice.uniform(60, 120))
        tones = (lighten(palette[5], 0.7), palette[4])
        canvas.paint(disc, paints.down(tones, disc.top, disc.bottom), opacity=0.9)
    phase, tilt, sheets = dice.uniform(0, 2 * pi), dice.uniform(-0.15, 0.15) * canvas.h, 7
    for sheet in range(sheets):
        depth = sheet / (sheets - 1)
        swing, length = canvas.h * dice.uniform(0.04, 0.085), 2 * pi * dice.uniform(0.8, 1.5)
        edge: Points = []
        for share in (step / 80 for step in range(81)):
            roll = sin(share * length + phase) + 0.4 * sin(share * length * 2.3 + phase * 1.7)
            y = canvas.h * (0.3 + 0.62 * depth) + swing * roll + tilt * (share - 0.5)
            edge.append((canvas.w * share, y))
        phase += dice.uniform(0.7, 1.5)
        _sheet(canvas, edge, along(palette[::-1], 0.2 + 0.8 * depth), palette[0])


def _sheet(canvas: Canvas, edge: Points, tone: Colour, dark: Colour) -> None:
    shadow = under(canvas, [(x, y - 14) for x, y in edge])
    canvas.paint(shadow, darken(dark, 0.4), opacity=0.28, blur=26)
    top = min(y for _, y in edge)
    start, end = (canvas.w * 0.3, top), (canvas.w * 0.55, top + canvas.h * 0.42)
    tones = (lighten(tone, 0.24), tone, mix(tone, dark, 0.5))
    canvas.paint(under(canvas, edge), paints.linear(tones, start, end))
    inner = [(x, y + 5 + 4 * sin(x / 130)) for x, y in reversed(edge)]
    canvas.paint(Stencil().polygon([*edge, *inner]), lighten(tone, 0.6), opacity=0.5, blur=2)


def _orbs(canvas: Canvas, dice: Random, palette: Palette) -> None:
    """Circles, rings and bars in balance, glass over glass."""
    ground = mix(palette[5], rgb("fbf6ec"), 0.55)
    with canvas.backdrop():
        canvas.fill(paints.down((lighten(ground, 0.3), darken(ground, 0.05)), 0, canvas.h))
    x, y = canvas.w * dice.uniform(0.36, 0.64), canvas.h * dice.uniform(0.38, 0.6)
    disc, turn = Stencil().dot(x, y, dice.uniform(250, 310)), dice.uniform(0, 2 * pi)
    canvas.paint(disc, palette[0], opacity=0.22, blur=36)
    tones = (palette[4], palette[3], palette[1])
    canvas.paint(disc, paints.linear(tones, (x - 220, y - 260), (x + 200, y + 260)))
    for index in range(7):
        angle, reach = turn + index * 2.4, 0.17 + 0.046 * index
        at: Point = (x + cos(angle) * reach * canvas.w, y + sin(angle) * reach * canvas.h)
        radius = dice.uniform(46, 150) * (1 - 0.06 * index)
        _orb(canvas, at, radius, palette[(index * 2 + 1) % 6], palette[0])
    rings = Stencil()
    for index in range(5):
        start = turn + index * 0.5
        ring = arc(x, y, 330 + 30 * index, start, start + dice.uniform(0.8, 2.6), steps=60)
        rings.line(ring, 3.2 if index % 2 else 7)
    canvas.paint(rings, palette[1], opacity=0.75)
    _bars(canvas, dice, palette, (x, y), turn * 0.5)
    _grid(canvas, dice, palette)


def _orb(canvas: Canvas, at: Point, radius: float, tone: Colour, dark: Colour) -> None:
    x, y = at
    ball = Stencil().dot(x, y, radius)
    canvas.paint(Stencil().dot(x + 8, y + 18, radius), dark, opacity=0.18, blur=18)
    tones = (lighten(tone, 0.4), tone, darken(tone, 0.2))
    lit = paints.linear(tones, (x - radius, y - radius), (x + radius, y + radius))
    canvas.paint(ball, lit, opacity=0.86)
    shine = paints.radial((WHITE, tone, tone), x - radius * 0.4, y - radius * 0.5, radius)
    canvas.paint(ball, shine, opacity=0.16)


def _bars(canvas: Canvas, dice: Random, palette: Palette, heart: Point, slant: float) -> None:
    for index, (tone, wide) in enumerate(((palette[0], 16), (palette[2], 7), (palette[4], 26))):
        aside, half = (index - 1) * 58 + dice.uniform(-10, 10), dice.uniform(300, 520)
        x, y = heart[0], heart[1] + aside
        bar = turned(box(x - half, y - wide / 2, x + half, y + wide / 2), *heart, slant)
        canvas.paint(Stencil().polygon(bar), tone, opacity=0.8)


def _grid(canvas: Canvas, dice: Random, palette: Palette) -> None:
    left, top = canvas.w * dice.choice((0.1, 0.72)), canvas.h * dice.choice((0.1, 0.74))
    dots = Stencil()
    for index in range(36):
        dots.dot(left + index % 6 * 30, top + index // 6 * 30, 4.6)
    canvas.paint(dots, palette[1], opacity=0.6)


def _cutouts(canvas: Canvas, dice: Random, palette: Palette) -> None:
    """Layers of paper with a hole in each, looking down into the light."""
    x, y = canvas.w * dice.uniform(0.4, 0.6), canvas.h * dice.uniform(0.4, 0.6)
    with canvas.backdrop():
        canvas.fill(paints.radial((lighten(palette[5], 0.6), palette[5], palette[4]), x, y, 500))
        canvas.glow(x, y, 380, lighten(palette[5], 0.6), 0.8)
    frame = box(-80, -80, canvas.w + 80, canvas.h + 80)
    phases, corners, layers = (dice.uniform(0, 2 * pi), dice.uniform(0, 2 * pi)), 11, 8
    for share in ((layer + 1) / layers for layer in range(layers)):
        points: Points = []
        for angle in (2 * pi * corner / corners for corner in range(corners)):
            swell = 0.2 * sin(2 * angle + phases[0] + share * 2.2)
            swell += 0.13 * sin(3 * angle + phases[1] - share * 2.6) + dice.uniform(-0.035, 0.035)
            reach = 0.58 * share**0.85 * (1 + swell)
            points.append((x + cos(angle) * canvas.w * reach, y + sin(angle) * canvas.h * reach))
        hole, tone = smooth(points, steps=14), along(palette[::-1], share)
        below = [(px + 6, py + 16) for px, py in hole]
        shadow = Stencil().polygon(frame).polygon(below, hole=True)
        canvas.paint(shadow, darken(palette[0], 0.5), opacity=0.34, blur=16)
        tones = (lighten(tone, 0.2), tone, darken(tone, 0.16))
        sheet = Stencil().polygon(frame).polygon(hole, hole=True)
        canvas.paint(sheet, paints.linear(tones, (0, 0), (canvas.w, canvas.h)))
        rim = Stencil().line([*hole, hole[0]], 2.4)
        canvas.paint(rim, lighten(tone, 0.55), opacity=0.55)
