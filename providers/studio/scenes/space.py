"""Deep space: stars, a nebula, a planet with its ring, and its moon."""

from math import pi, sin

from providers.studio import paints, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, mix, ramp, rgb
from providers.studio.scenes import Stage, has_figure
from providers.studio.shapes import ellipse

NIGHTS = ("050714 141033 3a1c5c", "04101c 0b2138 123f58", "0a0616 2a0f38 5c1c4a")
GLOWS = ramp("7a5af8 2fa8c8 e2557a f0863c")
WORLDS = (
    "e0a15a b5673a f2cf9a",
    "5aa0d8 2f6fb0 a8d8f0",
    "c97bb0 7a4a9c f0b8d8",
    "7fbf9a 3f8f7a d0f0d0",
)


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("space")
    night = ramp(dice.choice(NIGHTS))
    with canvas.backdrop():
        canvas.fill(paints.linear(night, (0, 0), (canvas.w, canvas.h)))
        for index, glow in enumerate(dice.sample(GLOWS, 2)):
            noise = canvas.noise(f"nebula {index}", (1.6, 1.8), octaves=4)
            canvas.paint_mask(textures.threshold(noise, 0.5, 1.0, 0.5), glow, blend="screen")
        _stars(canvas)
    x = canvas.w * (0.7 if has_figure(brief) else dice.uniform(0.42, 0.6))
    y = canvas.h * (0.3 if has_figure(brief) else dice.uniform(0.42, 0.55))
    size = min(canvas.w, canvas.h) * (0.17 if has_figure(brief) else 0.235)
    _planet(canvas, brief, x, y, size)
    return Stage(canvas.w * 0.4, canvas.h * 0.95, min(canvas.h * 0.74, canvas.w * 0.9))


def _stars(canvas: Canvas) -> None:
    dice = canvas.dice("stars")
    small, large = Stencil(), Stencil()
    for _ in range(canvas.many(420 * canvas.w * canvas.h / 1e6)):
        x, y, bright = dice.uniform(0, canvas.w), dice.uniform(0, canvas.h), dice.random() ** 4
        (large if bright > 0.5 else small).dot(x, y, 1.2 + 3 * bright)
    canvas.paint(small, rgb("dfe6ff"), opacity=0.8)
    canvas.paint(large, WHITE)
    for _ in range(6):
        canvas.glow(dice.uniform(0, canvas.w), dice.uniform(0, canvas.h), 34, rgb("cfe0ff"), 0.9)


def _planet(canvas: Canvas, brief: Brief, x: float, y: float, size: float) -> None:
    dice = canvas.dice("planet")
    colours = ramp(dice.choice(WORLDS))
    if brief.colours:
        colours = (brief.colours[0], darken(brief.colours[0], 0.35), lighten(brief.colours[0], 0.4))
    turn, ring = -0.32, lighten(colours[2], 0.2)
    canvas.glow(x, y, size * 1.6, colours[2], 0.5)
    outer, inner = (
        ellipse(x, y, size * r, size * r * 0.3, turn=turn, steps=96) for r in (1.85, 1.3)
    )
    behind = Stencil().polygon(outer).polygon(inner, hole=True)
    canvas.paint(behind, mix(ring, colours[1], 0.3), opacity=0.75)
    ball = Stencil().dot(x, y, size)
    tones = (lighten(colours[0], 0.35), colours[0], colours[1], darken(colours[1], 0.6))
    canvas.paint(ball, paints.radial(tones, x - size * 0.4, y - size * 0.42, size * 1.55))
    bands = Stencil()
    for index in range(5):
        line = [
            (
                x - size + 2 * size * s,
                y
                + size * (0.36 * index - 0.72)
                - size * 0.16 * sin(pi * s)
                - size * 0.32 * (2 * s - 1),
            )
            for s in (step / 20 for step in range(21))
        ]
        bands.line(line, size * dice.uniform(0.05, 0.13))
    canvas.paint(bands, colours[2], opacity=0.28, clip=ball, blur=size * 0.02)
    half = [p for p in outer if _below(p, x, y, turn)]
    inside = [p for p in inner if _below(p, x, y, turn)]
    front = Stencil().polygon([*_sorted(half, x), *reversed(_sorted(inside, x))])
    canvas.paint(front, ring, opacity=0.85)
    moon = (x + size * 1.5, y - size * 1.15, size * 0.2)
    greys = ramp("f2f0ea b9b6b0 56545c")
    canvas.paint(
        Stencil().dot(*moon),
        paints.radial(greys, moon[0] - moon[2] * 0.4, moon[1] - moon[2] * 0.4, moon[2] * 1.6),
    )


def _below(point: tuple[float, float], x: float, y: float, turn: float) -> bool:
    return point[1] - y >= (point[0] - x) * turn / (1 - turn * turn / 2) - 1


def _sorted(points: list[tuple[float, float]], x: float) -> list[tuple[float, float]]:
    return sorted(points, key=lambda point: point[0] - x)
