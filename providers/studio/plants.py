"""What grows: firs in rows, palms, broad trees, grass."""

from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin
from random import Random

from providers.studio import paints
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, darken, lighten, mix
from providers.studio.shapes import Point, Points, blob, box, ribbon, smooth
from providers.studio.terrain import height_at


def fir(stencil: Stencil, dice: Random, x: float, foot: float, height: float) -> None:
    """A fir with drooping, uneven boughs."""
    half, tiers = height * dice.uniform(0.17, 0.23), max(5, min(11, round(height / 14)))
    left: Points = []
    right: Points = []
    for tier in range(tiers):
        share = (tier + 1) / tiers
        y = foot - height * (1 - share * 0.93)
        reach = half * share**0.85
        for side, bough in ((-1, left), (1, right)):
            out = reach * dice.uniform(0.8, 1.12)
            bough.append((x + side * out, y + height * 0.02))
            bough.append((x + side * out * 0.52, y - height * 0.012))
    stencil.polygon([(x, foot - height), *right, *left[::-1]])
    wide = height * 0.022
    stencil.polygon(box(x - wide, foot - height * 0.1, x + wide, foot + 6))


def fir_row(
    canvas: Canvas,
    name: str,
    colour: Colour,
    ground: Points | float,
    size: float,
    *,
    density: float,
    gap: float = 0.0,
) -> None:
    """Firs along a line of ground; `gap` keeps that share of the middle free."""
    dice = canvas.dice(name)
    row = Stencil()
    x = -size * 0.2
    while x < canvas.w + size * 0.2:
        middle = abs(x / canvas.w - 0.5) * 2
        if middle >= gap:
            scale = 1.0 if not gap else 0.6 + 0.5 * (middle - gap) / (1 - gap)
            fir(row, dice, x, _foot(ground, x) + 4, size * scale * dice.uniform(0.62, 1.25))
        x += size * dice.uniform(0.14, 0.5) / density
    canvas.paint(row, colour)


def _foot(ground: Points | float, x: float) -> float:
    return height_at(ground, x) if isinstance(ground, list) else ground


def palm(
    canvas: Canvas,
    dice: Random,
    foot: Point,
    height: float,
    lean: int,
    colour: Colour,
    rim: Colour,
) -> None:
    crown = (foot[0] + lean * height * dice.uniform(0.2, 0.32), foot[1] - height)
    bend = (foot[0] + lean * height * 0.03, foot[1] - height * 0.5)
    stem = smooth([foot, bend, crown], closed=False, steps=12)
    trunk = Stencil().polygon(ribbon(stem, lambda share: 30 - 14 * share))
    tones = (darken(colour, 0.35), mix(colour, rim, 0.25))
    canvas.paint(trunk, paints.across(tones, foot[0] - 20, crown[0] + 10))
    back, front = Stencil(), Stencil()
    for index in range(13):
        angle = -pi / 2 + (index - 6) * 0.36 + dice.uniform(-0.1, 0.1)
        frond = _frond(dice, crown, angle, height * dice.uniform(0.3, 0.42))
        (back if index % 2 else front).polygon(frond)
    canvas.paint(back, darken(colour, 0.3))
    tones = (mix(colour, rim, 0.3), colour)
    canvas.paint(front, paints.down(tones, crown[1] - height * 0.3, crown[1] + height * 0.2))


def _frond(dice: Random, root: Point, angle: float, length: float) -> Points:
    """A drooping rib with leaflets like the teeth of a comb."""
    rib: Points = []
    for step in range(27):
        share = step / 26
        x = root[0] + cos(angle) * length * share
        y = root[1] + sin(angle) * length * share + length * 0.75 * share**2.1
        rib.append((x, y))
    upper: Points = []
    lower: Points = []
    outward = 1 if cos(angle) >= 0 else -1
    for (x, y), (next_x, next_y) in pairwise(rib):
        share = len(upper) / 2 / len(rib)
        leaflet = length * 0.2 * sin(pi * min(1, share * 0.85 + 0.12)) * dice.uniform(0.85, 1.15)
        middle = ((x + next_x) / 2, (y + next_y) / 2)
        upper += [(x, y - 1.5), (middle[0] + leaflet * 0.75 * outward, middle[1] - leaflet * 0.3)]
        lower += [(x, y + 1.5), (middle[0] + leaflet * 0.6 * outward, middle[1] + leaflet)]
    return [*upper, rib[-1], *lower[::-1]]


def tree(
    canvas: Canvas,
    name: str,
    foot: Point,
    height: float,
    foliage: tuple[Colour, ...],
    bark: Colour,
    *,
    sun_side: int,
    bare: bool = False,
) -> None:
    """A broad tree: a forked trunk, and leaves in clumps lit from the sun's side."""
    dice = canvas.dice(name)
    limbs = Stencil()
    tips: Points = []
    trunk = Limb(foot, -pi / 2, height * 0.36, height * 0.075)
    _fork(dice, limbs, tips, trunk, 5 if bare else 4)
    sides, half = (bark, mix(bark, foliage[-1], 0.25)), height * 0.06
    canvas.paint(limbs, paints.across(sides[::sun_side], foot[0] - half, foot[0] + half))
    if bare:
        return
    _leaves(canvas, dice, tips, foot[1], height, foliage, sun_side)


def _leaves(
    canvas: Canvas,
    dice: Random,
    tips: Points,
    foot: float,
    height: float,
    foliage: tuple[Colour, ...],
    sun_side: int,
) -> None:
    """Each clump is a dark ball with leaves on it, the brightest ones towards the sun."""
    deep, body, bright, rim = Stencil(), Stencil(), Stencil(), Stencil()
    ball, leaf = height * 0.085, height * 0.0105
    few = canvas.many(34 * min(1.0, height / 420))
    for x, y in tips:
        deep.polygon(blob(dice, x, y, ball * 0.8, wobble=0.25))
        for layer, count, low, reach in (
            (deep, few, -1.0, 1.25),
            (body, few * 2, -0.55, 1.1),
            (bright, few, 0.1, 1.05),
            (rim, few // 2, 0.5, 1.1),
        ):
            for _ in range(count):
                angle, radius = dice.uniform(0, 2 * pi), ball * reach * dice.random() ** 0.5
                dx, dy = cos(angle) * radius * 1.15, sin(angle) * radius
                towards = (sun_side * dx * 0.75 - dy) / (ball * reach)
                if towards >= low:
                    size = leaf * dice.uniform(0.7, 1.5)
                    layer.dot(x + dx, y + dy, size, size * dice.uniform(0.55, 0.9))
    crown = (foot - height * 1.05, foot - height * 0.3)
    first, second, third = foliage[:3]
    canvas.paint(deep, paints.down((darken(third, 0.12), darken(third, 0.42)), *crown))
    canvas.paint(body, paints.down((first, darken(first, 0.3)), *crown))
    canvas.paint(bright, paints.down((second, darken(second, 0.1)), *crown))
    canvas.paint(rim, lighten(second, 0.28), opacity=0.85)


@dataclass(frozen=True)
class Limb:
    root: Point
    angle: float
    length: float
    width: float


def _fork(dice: Random, limbs: Stencil, tips: Points, limb: Limb, left: int) -> None:
    """A limb and what grows from its end, `left` times."""
    (x, y), length = limb.root, limb.length
    end = (x + cos(limb.angle) * length, y + sin(limb.angle) * length)
    bend = ((x + end[0]) / 2 + dice.uniform(-0.06, 0.06) * length, (y + end[1]) / 2)
    curve = smooth([limb.root, bend, end], closed=False, steps=5)
    limbs.polygon(ribbon(curve, lambda share: limb.width * (1 - 0.45 * share)))
    if left <= 2:
        tips.append(end)
    if left == 0:
        return
    for turn in (-1, 0, 1) if left > 2 else (-1, 1):
        angle = limb.angle + turn * dice.uniform(0.42, 0.72) + dice.uniform(-0.14, 0.14)
        upright = angle + 0.12 * cos(angle)
        thinner = Limb(end, upright, length * dice.uniform(0.6, 0.78), limb.width * 0.55)
        _fork(dice, limbs, tips, thinner, left - 1)


def grass(
    canvas: Canvas, name: str, base: float, tall: float, colours: tuple[Colour, ...], count: float
) -> None:
    """Blades along the lower edge of the picture, the first colour at the back."""
    dice = canvas.dice(name)
    for colour in colours:
        blades = Stencil()
        for _ in range(canvas.many(count / len(colours) * canvas.w / 1000)):
            x, y = dice.uniform(-20, canvas.w + 20), base + dice.uniform(-0.1, 0.6) * tall
            length, bend = tall * dice.uniform(0.4, 1.0), dice.gauss(0, 0.25)
            tip = (x + length * bend, y - length)
            left, right = (x - 1.2, y - length * 0.5), (x + 2.0, y - length * 0.45)
            blades.polygon([(x - 2.6, y + 30), left, tip, right, (x + 3.2, y + 30)])
        tones = (lighten(colour, 0.1), darken(colour, 0.25))
        canvas.paint(blades, paints.down(tones, base - tall, base + tall * 0.5))
