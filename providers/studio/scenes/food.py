"""Something to eat: a pizza, a cup of coffee, or a bowl of fruit."""

from math import cos, pi, sin

from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import Stage

COFFEE = "coffee cappuccino espresso latte tea cup kaffee tee tasse café"
FRUIT = "fruit apple orange banana obst apfel äpfel früchte smoothie salad salat healthy"


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    if brief.has(COFFEE):
        _cup(canvas, stage)
    elif brief.has(FRUIT):
        _fruit(canvas, stage)
    else:
        _pizza(canvas, stage)


def _pizza(canvas: Canvas, stage: Stage) -> None:
    """From above, with a slice pulled out."""
    easel, dice = Easel(canvas, stage), canvas.dice("pizza")
    easel.paint(easel.ovals((0, 46, 46, 45)), rgb("18141f"), opacity=0.35, blur=2.5)
    easel.paint(easel.ovals((0, 50, 47, 47)), easel.radial(ramp("d9a86c b98048 8a5a30"), 0, 50, 50))
    easel.paint(
        easel.ovals((0, 50, 42, 42)), easel.radial(ramp("f2b869 dd8f3d b5652a"), -6, 56, 46)
    )
    easel.paint(easel.ovals((0, 50, 37.5, 37.5)), rgb("c8402a"))
    cheese = easel.ovals((0, 50, 36.4, 36.4))
    easel.paint(cheese, easel.radial(ramp("ffe9a0 f8cf62 eeb244"), -6, 56, 44))
    for colour, count, size in (("d23c2a", 11, 5.6), ("4f8f3a", 16, 2.2), ("3a2a34", 9, 2.0)):
        spots, rims = Stencil(), Stencil()
        for index in range(count):
            angle = 2 * pi * (index * 0.618 + dice.random() * 0.05)
            reach = 31 * ((index + 0.6) / count) ** 0.5
            x, y = reach * cos(angle), 50 + reach * sin(angle)
            spots.dot(*easel.at(x, y), easel.size(size))
            rims.dot(*easel.at(x, y - 0.5), easel.size(size * 1.06))
        easel.paint(rims, darken(rgb(colour), 0.45), opacity=0.7)
        easel.paint(spots, easel.down((lighten(rgb(colour), 0.18), rgb(colour)), 90, 10))
    cuts = Stencil()
    for index in range(4):
        a = pi * index / 4 + 0.2
        ends = [easel.at(s * 41 * cos(a), 50 + s * 41 * sin(a)) for s in (-1, 1)]
        cuts.line(ends, easel.size(0.9))
    easel.paint(cuts, rgb("8a4a20"), opacity=0.75)


def _cup(canvas: Canvas, stage: Stage) -> None:
    easel, china = Easel(canvas, stage), ramp("d3d7df ffffff f1f3f7 b3bac8")
    easel.ground_shadow(46)
    easel.paint(easel.ovals((0, 6, 48, 8)), easel.across(china, -48, 48))
    easel.paint(easel.ovals((0, 7.4, 30, 4.6)), rgb("c3c9d4"), opacity=0.8)
    handle = [
        easel.at(33 + 13 * cos(a), 36 + 14 * sin(a))
        for a in (pi * (step / 16 - 0.5) for step in range(17))
    ]
    easel.paint(Stencil().polygon(easel.brush(handle, lambda _: 5.6)), rgb("dfe3ea"))
    body = easel.shape("-36,58 36,58 34,38 24,17 12,8 -12,8 -24,17 -34,38")
    easel.paint(body, easel.across(china, -36, 36))
    easel.paint(easel.ovals((0, 58, 36, 8)), rgb("f7f8fb"))
    coffee = easel.ovals((0, 57.4, 33, 6.8))
    easel.paint(coffee, easel.down(ramp("7a4a2a 4a2816"), 64, 51))
    easel.paint(easel.ovals((-4.4, 58.2, 6, 2.6), (4.4, 58.2, 6, 2.6)), rgb("f0d9b8"), clip=coffee)
    heart = Stencil().polygon(easel.points("-10,57.8 10,57.8 0,52.6"))
    easel.paint(heart, rgb("f0d9b8"), clip=coffee)
    steam = Stencil()
    for x in (-12, 2, 15):
        wisp = easel.curve("0,66 6,76 -5,86 4,99", x=x)
        steam.polygon(easel.brush(wisp, lambda share: 1 + 5 * sin(pi * share)))
    easel.paint(steam, WHITE, opacity=0.55, blur=1.8)


def _ball(easel: Easel, x: float, y: float, radius: float, colour: Colour) -> None:
    tones = (lighten(colour, 0.45), colour, darken(colour, 0.35))
    easel.paint(
        easel.ovals((x, y, radius, radius)), easel.radial(tones, x - 4, y + 5, radius * 1.3)
    )


def _fruit(canvas: Canvas, stage: Stage) -> None:
    easel = Easel(canvas, stage)
    easel.ground_shadow(42)
    banana = easel.curve("-36,50 -20,78 8,88 34,78")
    easel.paint(
        Stencil().polygon(easel.brush(banana, lambda s: 4 + 11 * sin(pi * s))),
        easel.down(ramp("ffe27a f2b83a"), 92, 60),
    )
    for x, y, radius, code in (
        (-24, 56, 16, "d63c3f"),
        (24, 57, 16, "f0862e"),
        (0, 60, 17, "7fb24a"),
        (-8, 46, 14, "f0862e"),
        (14, 46, 14, "d63c3f"),
    ):
        _ball(easel, x, y, radius, rgb(code))
    stems = Stencil()
    for x, y in ((-24, 70), (0, 75)):
        stems.line(easel.curve("0,0 1.5,4 4,7", x=x, y=y), easel.size(1.6))
    easel.paint(stems, rgb("5a3d24"))
    easel.paint(easel.shape("4,80 12,86 20,84 13,79"), rgb("4f8f3a"))
    grapes = Stencil()
    for row in range(4):
        for column in range(4 - row):
            grapes.dot(*easel.at(34 + 5 * column + 2.5 * row - 4, 54 - 4.6 * row), easel.size(3.2))
    easel.paint(grapes, easel.down(ramp("8f6bc8 4a2f7a"), 58, 36))
    bowl = easel.shape("-46,46 46,46 40,26 22,8 -22,8 -40,26")
    easel.paint(bowl, easel.across(ramp("7fa8c8 d3e6f2 a8c8de 5a83a6"), -46, 46))
    easel.paint(easel.plate(0, 6, 18, 5, 2), easel.across(ramp("7fa8c8 b8d3e6 5a83a6"), -18, 18))
    rim = Stencil().line(easel.curve("-44,40 0,34 44,40"), easel.size(1.6))
    easel.paint(rim, rgb("2f5d8a"), opacity=0.6, clip=bowl)
