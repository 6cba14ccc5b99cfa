"""Ranges behind ranges: a massif of rock and snow, firs in front, mist or a lake between."""

from dataclasses import dataclass
from random import Random

from providers.studio import paints, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten, mix, rgb
from providers.studio.light import Light, light_of
from providers.studio.plants import fir_row
from providers.studio.scenes import Stage, has_figure
from providers.studio.shapes import Point, Points, ridge
from providers.studio.sky import Sun, birds, mist, paint_sky
from providers.studio.terrain import far_range, slope, under
from providers.studio.water import mirror

LAKE = "lake mirror reflection see bergsee fjord tarn spiegelung"


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("mountain")
    light = light_of(brief, canvas.dice("light"), usual=("sunset", "dawn", "day"))
    foot = canvas.h * dice.uniform(0.66, 0.72)
    sun = paint_sky(canvas, brief, light, foot * 0.8)
    reach = canvas.h * 0.12
    for layer, distance in enumerate((0.88, 0.72)):
        base = foot * (0.78 + 0.1 * layer) - reach * 0.4
        line = slope(canvas, f"range {layer}", base, reach, roughness=0.52)
        far_range(canvas, light, line, rgb("4b5a78"), distance, reach * 1.6)
    _massif(canvas, brief, light, sun, foot)
    mist(canvas, "valley", foot - 150, 210, light.haze, 0.85)
    lake = brief.has(LAKE) or dice.random() < 0.4
    if lake and not has_figure(brief):
        _lake(canvas, light, sun, foot)
    else:
        _hills(canvas, brief, light, foot)
    if light.time in ("day", "sunset", "dawn"):
        birds(canvas, canvas.w - sun.x, foot * 0.3, darken(light.sky[0], 0.35), dice.randint(3, 6))
    return Stage(canvas.w * 0.5, canvas.h * 0.94, min(canvas.h * 0.56, canvas.w * 0.56), light.lamp)


@dataclass(frozen=True)
class _Peak:
    x: float
    height: float
    width: float


def _massif(canvas: Canvas, brief: Brief, light: Light, sun: Sun, foot: float) -> None:
    line = _skyline(canvas, sun, foot)
    rock = Stencil().polygon([*line, (canvas.w, foot + 120), (0, foot + 120)])
    top = min(y for _, y in line)
    stone = light.on(rgb("767086"), 0.12)
    canvas.paint(rock, paints.down((stone, stone, mix(stone, light.haze, 0.5)), top, foot + 40))
    _snow(canvas, brief, light, rock, top, foot)
    _shade(canvas, light, sun, line, rock, foot)
    if canvas.detail.texture:
        noise = canvas.noise("rock", (10, 9), foot + 120 - top, octaves=5)
        canvas.rub(textures.relief(noise), rock, top=top)
    canvas.paint(rock, light.haze, opacity=0.1)


def _skyline(canvas: Canvas, sun: Sun, foot: float) -> Points:
    dice = canvas.dice("massif")
    beside = dice.uniform(0.56, 0.72) if sun.x < canvas.w / 2 else dice.uniform(0.28, 0.44)
    main = _Peak(canvas.w * beside, foot * dice.uniform(0.52, 0.64), dice.uniform(420, 520))
    peaks = [main]
    for side in (-1, 1):
        x = main.x
        while -300 < x < canvas.w + 300:
            x += side * dice.uniform(150, 330)
            height = main.height * dice.uniform(0.3, 0.7)
            peaks.append(_Peak(x, height, height * dice.uniform(1.0, 1.5)))
    broad = ridge(dice, 1.0, steps=520, roughness=0.56)
    fine = ridge(dice, 1.0, steps=520, roughness=0.74)
    last = len(fine) - 1
    line: Points = []
    for index in range(len(fine)):
        x = canvas.w * index / last
        rise = max(p.height * max(0.0, 1 - abs(x - p.x) / p.width) ** 1.3 for p in peaks)
        line.append((x, foot - rise - broad[index] * 46 - fine[index] * 10))
    return line


def _snow(
    canvas: Canvas, brief: Brief, light: Light, rock: Stencil, top: float, foot: float
) -> None:
    """Snow thins out downwards and lies where the noise leaves it."""
    winter = brief.season == "winter" or brief.weather == "snow"
    depth = (foot - top) * (1.15 if winter else canvas.dice("snow").uniform(0.62, 0.8))
    noise = canvas.noise("snow", (7, 6), depth, octaves=5)
    mask = textures.threshold(textures.sink(noise, 0.62), 0.4, 0.47)
    white = mix(light.on(rgb("fbfaff")), lighten(light.glow, 0.6), 0.4)
    canvas.paint_mask(mask, white, top=top, clip=rock)


def _shade(
    canvas: Canvas, light: Light, sun: Sun, line: Points, rock: Stencil, foot: float
) -> None:
    """Ribs run down from the skyline; each keeps the light from the side away from the sun."""
    dice = canvas.dice("shade")
    broad, narrow = Stencil(), Stencil()
    for summit in _summits(line, 20):
        x, y = line[summit]
        away = 1 if x > sun.x else -1
        rib = _rib(dice, (x, y), away * -0.1, foot + 100)
        crest = [p for p in line if 0 < (p[0] - x) * away < (foot - y) * 0.9]
        far = (x + away * (foot - y) * 1.1, foot + 500)
        broad.polygon([*rib, far, *(crest[::-1] if away > 0 else crest)])
    for _ in range(canvas.many(34)):
        x, y = dice.choice(line)
        away = 1 if x > sun.x else -1
        start = (x, y + (foot - y) * dice.random() * 0.5)
        rib = _rib(dice, start, dice.uniform(-0.5, 0.5), start[1] + dice.uniform(60, 190))
        widest = dice.uniform(14, 44) * away
        last = len(rib)
        back = [(px + widest * (i / last) ** 0.7, py) for i, (px, py) in enumerate(rib)]
        narrow.polygon([*rib, *back[::-1]])
    shadow = mix(light.sky[0], rgb("20264a"), 0.5)
    canvas.paint(broad, shadow, opacity=0.46, clip=rock)
    canvas.paint(narrow, shadow, opacity=0.26, clip=rock)


def _rib(dice: Random, start: Point, lean: float, foot: float) -> Points:
    rib = [start]
    while rib[-1][1] < foot:
        step = dice.uniform(9, 30)
        rib.append((rib[-1][0] + (lean + dice.uniform(-0.7, 0.7)) * step, rib[-1][1] + step))
    return rib


def _summits(line: Points, window: int = 22) -> list[int]:
    return [
        index
        for index in range(window, len(line) - window)
        if line[index][1] == min(y for _, y in line[index - window : index + window + 1])
    ]


def _lake(canvas: Canvas, light: Light, sun: Sun, foot: float) -> None:
    shore = foot + 40
    fir_row(canvas, "shore", light.on(rgb("24423f"), 0.35), shore + 8, 26, density=0.9)
    mirror(canvas, light, shore)
    canvas.glow(sun.x, shore + 30, 320, light.glow, 0.35 * light.glow_strength)
    fir_row(
        canvas, "front", light.on(rgb("142624"), 0.02), canvas.h + 30, 250, density=0.5, gap=0.5
    )


def _hills(canvas: Canvas, brief: Brief, light: Light, foot: float) -> None:
    depth = canvas.h - foot
    for layer, (distance, size) in enumerate(((0.42, 34), (0.24, 60), (0.04, 118))):
        base = foot + depth * (0.2 + 0.34 * layer)
        colour, wood = light.on(rgb("1d3a3a"), distance), light.on(rgb("1d3a3a"), distance)
        if brief.season == "winter" or brief.weather == "snow":
            colour = light.on(rgb("e4ecf4"), distance * 0.6)
            wood = mix(wood, colour, 0.18)
        line = slope(canvas, f"hill {layer}", base, 46)
        canvas.paint(
            under(canvas, line), paints.down((colour, darken(colour, 0.35)), base, canvas.h)
        )
        fir_row(canvas, f"firs {layer}", wood, line, size, density=1.0)
        mist(canvas, f"mist {layer}", base - 10, depth * 0.4, light.haze, 0.5 - 0.14 * layer)
