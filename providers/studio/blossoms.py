"""Single blossoms, seen from the front and a little from the side."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

from providers.studio import paints
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, darken, deepen, lighten, ramp, rgb, shift
from providers.studio.easel import Easel
from providers.studio.paints import Paint
from providers.studio.scenes import Stage
from providers.studio.shapes import Point, Points, blob, ribbon

TULIP_BACK = "-30,20 -28,85 -10,102 12,100 30,82 30,20 0,-50"
TULIP_SIDE = "2,-72 46,-56 68,-6 58,50 40,98 22,45 2,-10"
TULIP_FRONT = "0,-76 36,-50 44,-2 28,50 0,86 -28,50 -44,-2 -36,-50"
TULIP_VEIN = "0,-60 3,0 0,70 -3,0"
GOLDEN_ANGLE = 2.399963


@dataclass(frozen=True)
class Spot:
    """Where a blossom sits, how large it is, and how far it faces us (1: fully)."""

    x: float
    y: float
    radius: float
    open: float
    spin: float

    def at(self, angle: float, reach: float) -> Point:
        x, y = cos(angle + self.spin), sin(angle + self.spin) * self.open
        return self.x + x * reach * self.radius, self.y + y * reach * self.radius

    def disc(self, reach: float) -> Stencil:
        radius = self.radius * reach
        return Stencil().dot(self.x, self.y, radius, radius * self.open)

    def outwards(self, tones: tuple[Colour, ...], reach: float = 1.0) -> Paint:
        return paints.radial(tones, self.x, self.y, self.radius * reach)


def daisy(canvas: Canvas, dice: Random, spot: Spot, colour: Colour) -> None:
    for ring, count in ((0, 15), (1, 13)):
        petals, tone = Stencil(), colour if ring else darken(colour, 0.14)
        for index in range(count):
            angle = 2 * pi * (index + 0.5 * ring) / count + dice.uniform(-0.07, 0.07)
            petals.polygon(_petal(spot, angle, 0.16, dice.uniform(0.9, 1.03) - 0.1 * ring, 0.24))
        tones = (darken(tone, 0.22), tone, lighten(tone, 0.25))
        canvas.paint(petals, spot.outwards(tones))
    yellow = rgb("e8a92e")
    tones = (lighten(yellow, 0.4), yellow, darken(yellow, 0.4))
    canvas.paint(spot.disc(0.27), spot.outwards(tones, 0.34))


def sunflower(canvas: Canvas, dice: Random, spot: Spot, colour: Colour) -> None:
    for ring, count in ((0, 19), (1, 17)):
        petals, tone = Stencil(), colour if ring else shift(colour, hue=-14, light=-0.07)
        for index in range(count):
            angle = 2 * pi * (index + 0.5 * ring) / count + dice.uniform(-0.06, 0.06)
            reach = dice.uniform(0.94, 1.08) - 0.08 * ring
            petals.polygon(_petal(spot, angle, 0.36, reach, 0.2, tip=0.9))
        tones = (shift(tone, hue=-22, light=-0.12), tone, lighten(tone, 0.2))
        canvas.paint(petals, spot.outwards(tones))
    canvas.paint(spot.disc(0.46), spot.outwards(ramp("6b4423 4a2c18 2e1a10"), 0.46))
    seeds, count = Stencil(), canvas.many(70)
    for index in range(count):
        seeds.dot(
            *spot.at(index * GOLDEN_ANGLE, 0.44 * (index / count) ** 0.5), spot.radius * 0.018
        )
    canvas.paint(seeds, rgb("b98a4a"), opacity=0.75)


def rose(canvas: Canvas, dice: Random, spot: Spot, colour: Colour) -> None:
    """Petals wrapped around a spiral: wide and light outside, small and deep inside."""
    rings = ((6, 0.62, 0.5), (5, 0.46, 0.44), (5, 0.32, 0.36), (4, 0.2, 0.27), (3, 0.09, 0.19))
    for ring, (count, reach, size) in enumerate(rings):
        tone = deepen(colour, 0.03 + 0.08 * ring)
        tones = (deepen(tone, 0.34), tone, lighten(tone, 0.2))
        for angle in (2 * pi * index / count + ring * 0.7 for index in range(count)):
            petal = Stencil().polygon(_cup(dice, spot, angle, reach, size))
            canvas.paint(petal, deepen(colour, 0.62), opacity=0.36, blur=spot.radius * 0.035)
            rim = spot.at(angle, reach + size * 0.9)
            canvas.paint(petal, paints.linear(tones, (spot.x, spot.y), rim))
    spiral = [spot.at(step * 0.55, 0.015 * step) for step in range(12)]
    heart = Stencil().polygon(ribbon(spiral, lambda _: spot.radius * 0.035))
    canvas.paint(heart, darken(colour, 0.6), opacity=0.7)


def tulip(canvas: Canvas, dice: Random, spot: Spot, colour: Colour) -> None:
    # A tulip is seen from the side: it leans instead of turning away.
    stage = Stage(spot.x, spot.y, spot.radius)
    easel = Easel(canvas, stage, lean=0.25 * sin(spot.spin))
    back = easel.shape(TULIP_BACK)
    easel.paint(back, easel.down((darken(colour, 0.1), deepen(colour, 0.4)), 100, -60))
    for side in (-1, 1):
        tones = (lighten(colour, 0.22), colour, deepen(colour, 0.2))
        easel.paint(easel.shape(TULIP_SIDE, flip=side), easel.down(tones, 100, -75))
    front = easel.shape(TULIP_FRONT)
    easel.paint(front, deepen(colour, 0.6), opacity=0.35, blur=5)
    tones = (lighten(colour, 0.32), lighten(colour, 0.08), deepen(colour, 0.16))
    easel.paint(front, easel.down(tones, 90, -80))
    easel.paint(easel.shape(TULIP_VEIN), lighten(colour, 0.5), opacity=0.35, blur=2)


def poppy(canvas: Canvas, dice: Random, spot: Spot, colour: Colour) -> None:
    for ring, count in ((0, 4), (1, 3)):
        for angle in (2 * pi * index / count + ring * 0.8 for index in range(count)):
            petal = Stencil().polygon(
                _cup(dice, spot, angle, 0.46 - 0.1 * ring, 0.62 - 0.08 * ring)
            )
            canvas.paint(petal, darken(colour, 0.6), opacity=0.3, blur=spot.radius * 0.04)
            tone = shift(colour, light=dice.uniform(-0.03, 0.03))
            tones = (deepen(tone, 0.5), tone, lighten(tone, 0.22))
            canvas.paint(petal, spot.outwards(tones, 1.1))
    anthers = Stencil()
    for index in range(22):
        anthers.dot(*spot.at(index * GOLDEN_ANGLE, dice.uniform(0.2, 0.32)), spot.radius * 0.028)
    canvas.paint(anthers, rgb("2a1a2e"), opacity=0.85)
    canvas.paint(spot.disc(0.17), spot.outwards(ramp("b9c98a 5f7a4a 34492c"), 0.2))


BLOSSOMS: dict[str, Callable[[Canvas, Random, Spot, Colour], None]] = {
    "rose": rose,
    "daisy": daisy,
    "tulip": tulip,
    "poppy": poppy,
    "sunflower": sunflower,
}


def _petal(
    spot: Spot, angle: float, start: float, end: float, width: float, *, tip: float = 0.35
) -> Points:
    """A narrow petal from the heart outwards; a high `tip` makes it pointed."""
    line = [spot.at(angle, start + (end - start) * step / 8) for step in range(9)]
    peak = 0.5 + 0.2 * (1 - tip)

    def across(share: float) -> float:
        falling = max(0.0, (1 - share) / (1 - peak)) ** (0.5 + 0.3 * tip)
        rise = share / peak if share < peak else falling
        return width * spot.radius * (0.35 + 0.65 * rise) * (1.0 if share < 0.97 else 0.4)

    return ribbon(line, across)


def _cup(dice: Random, spot: Spot, angle: float, reach: float, size: float) -> Points:
    """A broad petal with a wavy rim, flattened as the blossom turns away."""
    x, y = spot.at(angle, reach)
    flat = 0.35 + 0.65 * spot.open
    return [
        (px, y + (py - y) * flat) for px, py in blob(dice, x, y, size * spot.radius, wobble=0.09)
    ]
