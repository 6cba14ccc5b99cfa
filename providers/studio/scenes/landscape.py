"""Rolling country: hills, a path, trees, flowers, and a house if one is wanted."""

from math import cos, pi, sin

from providers.studio import paints, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten, mix, rgb
from providers.studio.house import WORDS as HOUSE
from providers.studio.house import House
from providers.studio.light import Light, ground, leaves, light_of
from providers.studio.plants import fir_row, grass, tree
from providers.studio.scenes import Stage
from providers.studio.shapes import Point, Points, smooth
from providers.studio.sky import Sun, birds, mist, paint_sky
from providers.studio.terrain import far_range, height_at, in_front, slope, under

COUNTRY = (
    "landscape hill meadow field valley countryside country nature "
    "landschaft hügel wiese feld tal natur"
)


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("landscape")
    light = light_of(brief, canvas.dice("light"), usual=("day", "sunset", "dawn", "day"))
    horizon = canvas.h * dice.uniform(0.5, 0.56)
    sun = paint_sky(canvas, brief, light, horizon)
    _distance(canvas, light, horizon)
    fields = _fields(canvas, brief, light, horizon)
    where = dice.choice((0.3, 0.68)) + dice.uniform(-0.05, 0.05)
    spot: Point = (canvas.w * where, height_at(fields, canvas.w * where) + 26)
    _trees(canvas, brief, light, sun, fields, spot[0])
    wants_house = brief.has(HOUSE) or not brief.has(COUNTRY)
    if wants_house:
        _path(canvas, brief, light, spot)
        House(canvas, brief, light, Stage(*spot, 250)).draw()
    _foreground(canvas, brief, light)
    if not light.is_dark:
        birds(canvas, canvas.w * (1 - where), horizon * 0.42, darken(light.sky[0], 0.35), 5)
    return in_front(canvas, light, x=0.72 if where < 0.5 else 0.28)


def _distance(canvas: Canvas, light: Light, horizon: float) -> None:
    for layer, (distance, reach) in enumerate(((0.84, 60), (0.7, 46))):
        base = horizon - 34 + 40 * layer
        line = slope(canvas, f"range {layer}", base, reach, roughness=0.5)
        far_range(canvas, light, line, rgb("4d6a78"), distance, reach + 90)
    mist(canvas, "haze", horizon - 60, 130, light.haze, 0.6)


def _fields(canvas: Canvas, brief: Brief, light: Light, horizon: float) -> Points:
    """Hill after hill, each a little greener; gives back the line of the one to build on."""
    earth = ground(brief)
    built: Points = []
    for layer, distance in enumerate((0.52, 0.34, 0.16, 0.0)):
        base = horizon + 24 + (canvas.h - horizon) * 0.2 * layer
        line = slope(canvas, f"field {layer}", base, 58)
        colour = light.on(earth[layer % len(earth)], distance)
        body = under(canvas, line)
        shade = darken(mix(colour, light.sky[0], 0.15), 0.26)
        tones = (lighten(colour, 0.1), colour, shade)
        canvas.paint(body, paints.down(tones, base - 58, base + 190))
        if canvas.detail.texture:
            furrows = canvas.noise(f"furrows {layer}", (9, 70), canvas.h - base + 60, octaves=3)
            canvas.rub(textures.relief(furrows, 0.22), body, top=base - 60)
        if layer == 0:
            fir_row(canvas, "wood", light.on(rgb("2f5a48"), 0.5), line, 34, density=1.1)
        elif layer == 2:
            built = line
    return built


def _trees(canvas: Canvas, brief: Brief, light: Light, sun: Sun, line: Points, free: float) -> None:
    """A few along the hill, but none where the house stands."""
    dice, foliage, bark = canvas.dice("trees"), leaves(brief), light.on(rgb("5a463c"))
    for index in range(6):
        x, height = canvas.w * (index + dice.uniform(0.2, 0.8)) / 6, dice.uniform(120, 250)
        if abs(x - free) < 190:
            continue
        share = dice.uniform(0, 0.35)
        tints = tuple(light.on(mix(colour, foliage[1], share), 0.08) for colour in foliage)
        foot = (x, height_at(line, x) + dice.uniform(8, 46))
        side = 1 if sun.x > x else -1
        shadow = Stencil().dot(x - side * 60, foot[1] + 2, height * 0.4, height * 0.05)
        canvas.paint(shadow, rgb("16261f"), opacity=0.35, blur=7)
        bare = brief.season == "winter"
        tree(canvas, f"tree {index}", foot, height, tints, bark, sun_side=side, bare=bare)


def _path(canvas: Canvas, brief: Brief, light: Light, door: Point) -> None:
    """From the lower edge of the picture to the door, in two bends."""
    (x, y), middle, near = door, canvas.w * 0.5, canvas.h + 30
    bend = (near - y) * 0.42
    left: Points = [(x - 22, y - 6), (x + 30, y + bend * 0.5), (middle - 60, y + bend * 1.2)]
    right: Points = [(middle + 60, y + bend * 1.25), (x + 84, y + bend * 0.55), (x + 20, y - 6)]
    sides = smooth([*left, (middle - 190, near)], closed=False)
    sides += smooth([(middle + 150, near), *right], closed=False)
    colour = light.on(rgb("dfe6ec") if brief.season == "winter" else rgb("d8bd93"))
    tones = (mix(colour, light.haze, 0.3), colour, darken(colour, 0.12))
    canvas.paint(Stencil().polygon(sides), paints.down(tones, y, near), opacity=0.95, blur=2)


def _foreground(canvas: Canvas, brief: Brief, light: Light) -> None:
    earth = [light.on(colour) for colour in ground(brief)]
    blades = (darken(earth[1], 0.4), darken(earth[1], 0.2), earth[0])
    grass(canvas, "grass", canvas.h - 8, 84, blades, 520)
    if brief.season in ("winter", "autumn"):
        return
    dice = canvas.dice("flowers")
    for code in ("f7f3ea", "f2b63c", "e0567a", "8a78d8"):
        heads = Stencil()
        for _ in range(canvas.many(17 * canvas.w / 1000)):
            x, y = dice.uniform(0, canvas.w), canvas.h - dice.uniform(4, 92)
            size = dice.uniform(3, 6.5)
            for angle in (2 * pi * petal / 5 for petal in range(5)):
                heads.dot(x + size * 0.75 * sin(angle), y + size * 0.6 * cos(angle), size * 0.55)
        canvas.paint(heads, light.on(rgb(code)))
