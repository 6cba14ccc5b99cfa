"""Among trees: trunks fading into mist with beams of light, or one great tree on a hill."""

from functools import partial
from random import Random

from PIL import ImageChops

from providers.studio import paints, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import BLACK, Colour, darken, lighten, mix, rgb
from providers.studio.light import Light, ground, leaves, light_of
from providers.studio.plants import grass, tree
from providers.studio.scenes import Stage
from providers.studio.shapes import Point, Points, ribbon, smooth
from providers.studio.sky import mist, paint_sky
from providers.studio.terrain import far_range, in_front, slope, under

SINGLE = "tree baum eiche oak"
WOODS = "forest wood woods woodland jungle trees bäume wald* wälder"


def draw(canvas: Canvas, brief: Brief) -> Stage:
    single = brief.has(SINGLE) and not brief.has(WOODS)
    light = _one_tree(canvas, brief) if single else _woods(canvas, brief)
    return in_front(canvas, light, size=0.5)


def _one_tree(canvas: Canvas, brief: Brief) -> Light:
    dice = canvas.dice("tree")
    light = light_of(brief, canvas.dice("light"), usual=("sunset", "day", "dawn"))
    base = canvas.h * 0.76
    sun = paint_sky(canvas, brief, light, base)
    for layer, distance in enumerate((0.8, 0.6)):
        line = slope(canvas, f"back {layer}", base - 70 + 46 * layer, 40)
        far_range(canvas, light, line, rgb("5d7a6a"), distance, 130)
    meadow = [light.on(colour) for colour in ground(brief)]
    x, crest = canvas.w * dice.uniform(0.44, 0.56), base + 30
    left: Points = [(-200, canvas.h), (-60, crest + 120), (x - 220, crest + 26), (x, crest)]
    right: Points = [
        (x + 240, crest + 30),
        (canvas.w + 60, crest + 130),
        (canvas.w + 200, canvas.h),
    ]
    hill = under(canvas, smooth([*left, *right], closed=False))
    canvas.paint(hill, paints.down((meadow[0], meadow[1], darken(meadow[1], 0.3)), crest, canvas.h))
    side, size = 1 if sun.x > x else -1, min(canvas.h * 0.68, canvas.w * 0.72)
    shadow = Stencil().dot(x - side * 120, crest + 22, 260, 26)
    canvas.paint(shadow, darken(meadow[1], 0.6), opacity=0.45, blur=12, clip=hill)
    foliage, bark = tuple(light.on(colour) for colour in leaves(brief)), light.on(rgb("4a3a33"))
    bare = brief.season == "winter"
    tree(canvas, "tree", (x, crest + 16), size, foliage, bark, sun_side=side, bare=bare)
    blades = (darken(meadow[1], 0.15), meadow[1], meadow[0])
    grass(canvas, "grass", canvas.h - 14, 90, blades, 500)
    return light


def _woods(canvas: Canvas, brief: Brief) -> Light:
    dice = canvas.dice("woods")
    light = light_of(brief, canvas.dice("light"), usual=("dawn", "day", "sunset"))
    foliage = [light.on(colour) for colour in leaves(brief)]
    soil, air = canvas.h * 0.74, mix(foliage[0], light.haze, 0.45)
    bright = mix(lighten(light.glow, 0.25), air, 0.15)
    with canvas.backdrop():
        depth = (mix(air, light.sky[0], 0.45), mix(bright, air, 0.25), bright, air)
        canvas.fill(paints.down(depth, 0, canvas.h))
    x = canvas.w * dice.uniform(0.25, 0.75)
    canvas.glow(x, canvas.h * 0.36, 620, light.glow, 0.75 * light.glow_strength)
    for layer, distance in enumerate((0.86, 0.7, 0.5, 0.26)):
        _trunks(canvas, light, foliage, soil, layer, distance)
        colour = mix(light.haze, light.glow, 0.3)
        mist(canvas, f"mist {layer}", soil - 210, 300, colour, 0.5 - 0.1 * layer)
    _floor(canvas, brief, light, foliage, soil)
    _beams(canvas, light, (x, canvas.h * dice.uniform(-0.05, 0.2)))
    _trunks(canvas, light, foliage, soil + 140, 4, 0.0)
    dark = darken(mix(foliage[2], light.on(rgb("16241c")), 0.6), 0.25)
    blades = (darken(dark, 0.3), dark, mix(dark, foliage[0], 0.3))
    grass(canvas, "undergrowth", canvas.h - 6, 110, blades, 420)
    return light


def _trunks(
    canvas: Canvas, light: Light, foliage: list[Colour], base: float, layer: int, distance: float
) -> None:
    dice = canvas.dice(f"trunks {layer}")
    width = (10, 17, 27, 42, 84)[layer]
    spacing = (44, 74, 128, 230, 560)[layer]
    air = mix(light.haze, foliage[0], 0.4)
    stems = Stencil()
    x = dice.uniform(-spacing, 0) if layer < 4 else dice.choice((-20.0, canvas.w * 0.12))
    while x < canvas.w + spacing:
        if layer < 3 or abs(x / canvas.w - 0.5) > 0.24:
            lean, thick = dice.gauss(0, 22), width * dice.uniform(0.7, 1.3)
            foot: Point = (x, base + dice.uniform(0, 26) + layer * 12)
            stem = smooth(
                [foot, (x + lean * 0.4, base * 0.5), (x + lean, -40)], closed=False, steps=8
            )
            stems.polygon(ribbon(stem, partial(_taper, thick)))
            _branches(dice, stems, stem, thick)
        x += spacing * dice.uniform(0.5, 1.5)
    bark = mix(light.on(rgb("3d322e")), air, distance)
    canvas.paint(stems, paints.down((darken(bark, 0.2), bark), 0, base))
    if layer < 4:
        shade, lit = mix(foliage[2], air, distance * 0.9), mix(foliage[0], air, distance)
        _canopy(canvas, layer, shade, lit, base)


def _taper(thick: float, share: float) -> float:
    """Wide at the roots, thin in the crown."""
    return thick * (1 - 0.45 * share) * (1 + max(0.0, 0.9 - 9 * share))


def _canopy(canvas: Canvas, layer: int, shade: Colour, lit: Colour, base: float) -> None:
    depth = base * (0.74 - 0.09 * layer)
    cells = (12 - layer, 9 - layer)
    leafage = textures.sink(canvas.noise(f"canopy {layer}", cells, depth, octaves=5), 0.6)
    body = textures.threshold(leafage, 0.46, 0.52, 0.92)
    canvas.paint_mask(body, paints.down((darken(shade, 0.3), shade), 0, depth))
    bright = canvas.noise(f"leaves {layer}", (cells[0] * 2.4, cells[1] * 2.4), depth, octaves=4)
    speckles = ImageChops.multiply(textures.threshold(bright, 0.5, 0.62, 0.75), body)
    canvas.paint_mask(speckles, paints.down((shade, lit, lighten(lit, 0.2)), 0, depth))


def _branches(dice: Random, stems: Stencil, stem: Points, thick: float) -> None:
    for _ in range(4):
        x, y = stem[dice.randint(len(stem) // 2, len(stem) - 2)]
        side, length = dice.choice((-1, 1)), thick * dice.uniform(2, 5)
        end = (x + side * length, y - length * dice.uniform(0.3, 0.8))
        stems.polygon(
            ribbon([(x, y), ((x + end[0]) / 2, y - length * 0.2), end], partial(_twig, thick))
        )


def _twig(thick: float, share: float) -> float:
    return thick * 0.26 * (1.1 - share)


def _floor(canvas: Canvas, brief: Brief, light: Light, foliage: list[Colour], base: float) -> None:
    soil, way = foliage[2], mix(light.on(rgb("c9ac82")), light.glow, 0.2)
    if brief.season == "autumn":
        soil = light.on(rgb("5a4a36"))
    elif brief.season == "winter":
        soil, way = light.on(rgb("e6edf2")), light.on(rgb("d3dde6"))
    floor = under(canvas, slope(canvas, "floor", base + 14, 16, roughness=0.5))
    tones = (mix(soil, light.haze, 0.35), soil, darken(soil, 0.5))
    canvas.paint(floor, paints.down(tones, base, canvas.h))
    x, near = canvas.w * canvas.dice("path").uniform(0.42, 0.58), canvas.h + 20
    left: Points = [(x - 14, base + 18), (x + 26, base + 60), (x - 60, base + 130), (x - 170, near)]
    right: Points = [
        (x + 190, near),
        (x + 70, base + 130),
        (x + 80, base + 60),
        (x + 14, base + 18),
    ]
    path = Stencil().polygon(smooth([*left, *right]))
    tones = (mix(way, light.haze, 0.4), way, darken(way, 0.35))
    canvas.paint(path, paints.down(tones, base, canvas.h), opacity=0.75, blur=6, clip=floor)
    if canvas.detail.texture:
        noise = canvas.noise("soil", (30, 130), canvas.h - base, octaves=4)
        canvas.rub(textures.relief(noise, 0.24), floor, top=base)


def _beams(canvas: Canvas, light: Light, source: Point) -> None:
    dice = canvas.dice("beams")
    beams = Stencil()
    for _ in range(7):
        angle = dice.uniform(-0.55, 0.55)
        width, length = dice.uniform(22, 80), canvas.h * 1.2
        x, y = source[0] + angle * 120, source[1] - 120
        end_x, end_y = x + angle * length, y + length
        beams.polygon([(x - 8, y), (x + 8, y), (end_x + width, end_y), (end_x - width, end_y)])
    tones = (light.sun, mix(light.glow, BLACK, 0.75))
    strength = 0.22 * light.glow_strength + 0.05
    fading = paints.down(tones, 0, canvas.h * 0.95)
    canvas.paint(beams, fading, opacity=strength, blur=14, blend="screen")
