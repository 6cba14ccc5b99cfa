"""The sky every scene out of doors stands under: gradient, sun or moon, stars, clouds."""

from dataclasses import dataclass

from providers.studio import paints, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, lighten, mix, rgb
from providers.studio.light import Light
from providers.studio.shapes import Point

GREY = ("rain", "cloud", "fog", "snow")  # weathers that hide the sun

MOON_SEAS = ((-0.25, -0.2, 0.3), (0.3, 0.1, 0.22), (-0.1, 0.4, 0.18), (0.2, -0.5, 0.12))


@dataclass(frozen=True)
class Sun:
    x: float
    y: float
    radius: float


def paint_sky(canvas: Canvas, brief: Brief, light: Light, horizon: float) -> Sun:
    dice = canvas.dice("sky")
    side = dice.choice((dice.uniform(0.2, 0.42), dice.uniform(0.58, 0.8)))
    sun = Sun(canvas.w * side, horizon * (1 - light.sun_height), dice.uniform(34, 52))
    with canvas.backdrop():
        canvas.fill(paints.down(light.sky, 0, horizon))
        if light.is_dark and brief.weather not in GREY:
            _stars(canvas, light, horizon)
        canvas.glow(sun.x, sun.y, 900, light.glow, 0.55 * light.glow_strength)
        canvas.glow(sun.x, sun.y, 330, light.glow, 0.7 * light.glow_strength)
        if brief.weather not in GREY and light.time != "dusk":
            _disc(canvas, light, sun)
        if brief.weather != "clear":
            _clouds(canvas, brief, light, sun, horizon)
    return sun


def _disc(canvas: Canvas, light: Light, sun: Sun) -> None:
    disc = Stencil().dot(sun.x, sun.y, sun.radius)
    canvas.glow(sun.x, sun.y, sun.radius * 3.2, light.glow, 0.8)
    canvas.paint(disc, light.sun)
    if light.time != "night":
        return
    seas = Stencil()
    for dx, dy, size in MOON_SEAS:
        seas.dot(sun.x + dx * sun.radius, sun.y + dy * sun.radius, size * sun.radius)
    canvas.paint(seas, rgb("c9cfdd"), opacity=0.55, blur=2.5, clip=disc)


def _stars(canvas: Canvas, light: Light, horizon: float) -> None:
    dice = canvas.dice("stars")
    faint, bright = Stencil(), Stencil()
    density = 170 if light.time == "night" else 60
    for _ in range(canvas.many(density * canvas.w / 1000)):
        y = horizon * dice.random() ** 1.4 * 0.9
        faint.dot(dice.uniform(0, canvas.w), y, dice.uniform(0.6, 1.3))
    for _ in range(canvas.many(density / 7)):
        x, y = dice.uniform(0, canvas.w), horizon * dice.random() ** 1.5 * 0.75
        bright.dot(x, y, dice.uniform(1.4, 2.2))
        canvas.glow(x, y, 13, light.sun, 0.35)
    canvas.paint(faint, light.sun, opacity=0.65)
    canvas.paint(bright, light.sun)
    if light.time == "night":
        milky = textures.threshold(canvas.noise("milky way", (2.2, 2.6), horizon), 0.55, 1.0, 0.22)
        canvas.paint_mask(milky, lighten(light.sky[-1], 0.25), blend="screen")


def _clouds(canvas: Canvas, brief: Brief, light: Light, sun: Sun, horizon: float) -> None:
    """Streaks near the horizon, broader banks above; lit from the sun's side."""
    heavy = brief.weather in ("rain", "cloud", "snow")
    cover = 0.34 if heavy else 0.56
    peak = 0.85 if heavy else 0.62
    bank = canvas.noise("clouds", (1.3, 4.2), horizon, octaves=5)
    body = textures.threshold(bank, cover, cover + 0.34, peak)
    shade = mix(light.cloud, light.sky[1], 0.45)
    tones = (mix(shade, light.sky[0], 0.4), shade, light.cloud)
    canvas.paint_mask(body, paints.down(tones, 0, horizon))
    lit = textures.threshold(bank, cover + 0.16, cover + 0.46, peak * 0.8)
    warm = paints.radial((lighten(light.cloud, 0.45), light.cloud, shade), sun.x, sun.y, 1000)
    canvas.paint_mask(lit, warm)
    streaks = textures.threshold(
        canvas.noise("streaks", (1, 11), horizon, octaves=3), 0.6, 0.95, 0.5
    )
    tones = (light.sun, light.glow, light.cloud)
    canvas.paint_mask(streaks, paints.radial(tones, sun.x, sun.y, 800))


def mist(
    canvas: Canvas, purpose: str, top: float, height: float, colour: Colour, peak: float
) -> None:
    """A bank of mist between two layers of land, thickest at its lower edge."""
    noise = canvas.noise(purpose, (1.6, 7), height, octaves=3)
    mask = textures.threshold(noise, 0.15, 0.95, peak)
    canvas.paint_mask(textures.fade(mask), colour, top=top)


def birds(canvas: Canvas, x: float, y: float, colour: Colour, count: int) -> None:
    dice = canvas.dice("birds")
    flock = Stencil()
    for _ in range(count):
        cx, cy, span = x + dice.gauss(0, 60), y + dice.gauss(0, 26), dice.uniform(6, 13)
        lift = span * dice.uniform(0.3, 0.6)
        wing: list[Point] = [
            (cx - span, cy - lift),
            (cx - span * 0.45, cy - lift * 1.1),
            (cx, cy),
            (cx + span * 0.45, cy - lift * 1.1),
            (cx + span, cy - lift),
        ]
        flock.line(wing, 1.8)
    canvas.paint(flock, colour, opacity=0.8)


def falling(canvas: Canvas, brief: Brief) -> None:
    """Rain or snow in front of everything."""
    dice = canvas.dice("falling")
    near, far = Stencil(), Stencil()
    if brief.weather == "rain":
        slant = dice.uniform(0.08, 0.22)
        for _ in range(canvas.many(330 * canvas.w / 1000)):
            x, y = dice.uniform(-100, canvas.w), dice.uniform(-60, canvas.h)
            length = dice.uniform(18, 52)
            layer = near if length > 42 else far
            layer.line([(x, y), (x + length * slant, y + length)], 1.4 if length > 42 else 1.0)
        canvas.paint(far, rgb("dfe8f2"), opacity=0.3)
        canvas.paint(near, rgb("dfe8f2"), opacity=0.42)
    elif brief.weather == "snow":
        for _ in range(canvas.many(330 * canvas.w / 1000)):
            size = dice.uniform(1.2, 5.5)
            x, y = dice.uniform(0, canvas.w), dice.uniform(0, canvas.h)
            (near if size > 3.6 else far).dot(x, y, size)
        canvas.paint(far, rgb("ffffff"), opacity=0.8)
        canvas.paint(near, rgb("ffffff"), opacity=0.7, blur=1.4)
