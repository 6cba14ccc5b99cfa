"""Things to buy, as a photographer would light them."""

from math import pi, sin

from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import Stage

STEEL = ramp("eef1f6 b9c0cd 757e90")
DARK = rgb("23262f")


def headphones(canvas: Canvas, stage: Stage, colour: Colour) -> None:
    easel = Easel(canvas, stage)
    easel.ground_shadow(36)
    band = easel.curve("-38,34 -39,62 -24,88 0,96 24,88 39,62 38,34", steps=10)
    easel.paint(Stencil().polygon(easel.brush(band, lambda _: 9)), darken(colour, 0.3))
    inner = easel.curve("-30,74 -20,86 0,91.5 20,86 30,74")
    easel.paint(Stencil().polygon(easel.brush(inner, lambda _: 4.5)), lighten(colour, 0.25))
    for side in (-1, 1):
        arm = easel.plate(38 * side, 44, 3, 17, 2.5)
        easel.paint(arm, easel.across(STEEL, 34 * side, 43 * side))
        cushion = easel.plate(29 * side, 27, 9, 23, 9)
        tones = (lighten(DARK, 0.25), DARK, darken(DARK, 0.4))
        easel.paint(cushion, easel.across(tones, 20 * side, 38 * side))
        shell = easel.plate(40 * side, 27, 9.5, 25, 9.5)
        easel.paint(shell, easel.down((lighten(colour, 0.45), colour, darken(colour, 0.32)), 52, 2))
        easel.paint(easel.plate(43 * side, 31, 2.4, 13, 2), WHITE, opacity=0.35, blur=1.6)


def bottle(canvas: Canvas, stage: Stage, colour: Colour) -> None:
    easel = Easel(canvas, stage)
    easel.ground_shadow(24)
    body = easel.plate(0, 33, 20, 33, 6)
    sides = (darken(colour, 0.22), lighten(colour, 0.4), colour, darken(colour, 0.34))
    easel.paint(body, easel.across(sides, -20, 20))
    easel.paint(easel.shape("-20,62 -17,72 -9,76 9,76 17,72 20,62"), easel.across(sides, -20, 20))
    easel.paint(easel.plate(0, 80, 7, 5, 1), easel.across(STEEL[::-1], -9, 9))
    cap = (lighten(DARK, 0.1), lighten(DARK, 0.4), DARK, darken(DARK, 0.4))
    easel.paint(easel.plate(0, 91, 9.5, 8.5, 2.5), easel.across(cap, -10, 10))
    label = easel.plate(0, 33, 20, 17, 0)
    paper = ramp("d9d2c6 fffdf8 f4efe6 c9c1b3")
    easel.paint(label, easel.across(paper, -20, 20))
    leaf = easel.shape("0,44 7,38 5,30 0,26 -5,30 -7,38")
    easel.paint(leaf, mix(colour, DARK, 0.2))
    easel.paint(easel.plate(0, 21.5, 10, 0.9, 0.8), DARK, opacity=0.55)
    easel.paint(easel.plate(-12, 36, 1.6, 28, 1.5), WHITE, opacity=0.45, blur=1.2)


def watch(canvas: Canvas, stage: Stage, colour: Colour) -> None:
    easel = Easel(canvas, stage)
    easel.ground_shadow(26)
    tones = (lighten(colour, 0.2), colour, darken(colour, 0.35))
    for outline in ("-15,74 -12,99 12,99 15,74", "-15,26 -12,1 12,1 15,26"):
        easel.paint(Stencil().polygon(easel.points(outline)), easel.across(tones, -15, 15))
    easel.paint(easel.plate(26.5, 56, 2, 5, 1.5), rgb("8b93a3"))
    easel.paint(easel.plate(0, 50, 26, 29, 10), easel.across(STEEL, -26, 26))
    face = easel.plate(0, 50, 22.5, 25.5, 8)
    easel.paint(face, easel.down(ramp("2b3246 0d1019"), 76, 24))
    for index, code in enumerate(("ff5d73", "8be04e", "4fd0ff")):
        arc = [
            easel.at((15 - 4 * index) * sin(a), 50 + (15 - 4 * index) * sin(a + pi / 2))
            for a in (2 * pi * 0.8 * step / 40 for step in range(41))
        ]
        easel.paint(Stencil().polygon(easel.brush(arc, lambda _: 3)), rgb(code))
    gloss = Stencil().polygon(easel.points("-22,76 4,76 -12,24 -22,24"))
    easel.paint(gloss, WHITE, opacity=0.08, clip=face)


def sneaker(canvas: Canvas, stage: Stage, colour: Colour) -> None:
    easel = Easel(canvas, stage)
    easel.ground_shadow(50)
    upper = easel.shape(
        "-48,12 -49,34 -44,50 -36,48 -24,42 -12,54 -4,60 8,48 26,33 42,27 50,20 50,12 0,9"
    )
    tones = (lighten(colour, 0.4), colour, darken(colour, 0.25))
    easel.paint(upper, easel.down(tones, 60, 8))
    heel = easel.shape("-49,12 -50,34 -45,50 -38,47 -36,30 -34,11")
    easel.paint(heel, darken(colour, 0.35), clip=upper)
    toe = easel.shape("24,10 28,24 40,27 54,22 54,8")
    easel.paint(toe, lighten(colour, 0.55), clip=upper)
    stripe = easel.curve("-26,14 -12,24 6,30 -2,46")
    easel.paint(Stencil().polygon(easel.brush(stripe, lambda s: 7 - 5 * s)), WHITE, clip=upper)
    collar = easel.curve("-44,49 -30,40 -16,46 -5,58")
    easel.paint(Stencil().polygon(easel.brush(collar, lambda _: 4.5)), darken(colour, 0.5))
    laces = Stencil()
    for share in range(4):
        x, y = -2 + 8 * share, 52 - 6.2 * share
        laces.line(easel.points(f"{x - 5},{y - 7} {x + 4},{y + 1}"), easel.size(2.2))
    easel.paint(laces, rgb("fbfbf7"))
    sole = easel.shape("-50,13 -52,3 -46,-1 0,0 46,-1 54,4 53,13 30,10 0,9")
    easel.paint(sole, easel.down((WHITE, rgb("d5d8df")), 14, -1))
    tread = Stencil().line(easel.points("-48,3.5 0,4 50,4.5"), easel.size(1.2))
    easel.paint(tread, darken(colour, 0.2), opacity=0.7)


def lamp(canvas: Canvas, stage: Stage, colour: Colour) -> None:
    easel = Easel(canvas, stage)
    easel.ground_shadow(24)
    easel.paint(easel.ovals((0, 3, 18, 4.5)), easel.across(STEEL, -18, 18))
    easel.paint(easel.plate(0, 34, 1.6, 32, 1), easel.across(STEEL, -2, 2))
    shade = Stencil().polygon(easel.points("-16,98 16,98 30,60 -30,60"))
    canvas.glow(*easel.at(0, 66), easel.size(64), rgb("ffdf9a"), 0.5)
    easel.paint(
        shade,
        easel.across((darken(colour, 0.1), lighten(colour, 0.5), darken(colour, 0.2)), -30, 30),
    )
    easel.paint(easel.ovals((0, 60, 30, 4.4)), rgb("fff0c4"))


def parcel(canvas: Canvas, stage: Stage, colour: Colour) -> None:
    """A carton beside a bottle: packaging."""
    easel = Easel(canvas, stage)
    easel.ground_shadow(44)
    front = Stencil().polygon(easel.points("-40,2 -2,-2 -2,72 -40,70"))
    side = Stencil().polygon(easel.points("-2,-2 16,3 16,71 -2,72"))
    lid = Stencil().polygon(easel.points("-40,70 -2,72 16,71 -22,69"))
    easel.paint(front, easel.down((lighten(colour, 0.25), colour), 72, 0))
    easel.paint(side, darken(colour, 0.3))
    easel.paint(lid, lighten(colour, 0.45))
    easel.paint(easel.ovals((-21, 42, 11, 11)), WHITE, opacity=0.92)
    easel.paint(easel.shape("-21,49 -16,43 -18,36 -21,34 -24,36 -26,43"), darken(colour, 0.15))
    easel.paint(easel.plate(-21, 22, 10, 1, 0.8), WHITE, opacity=0.8)
    easel.paint(easel.plate(-21, 17, 7, 1, 0.8), WHITE, opacity=0.6)
    bottle(
        canvas,
        Stage(stage.x + easel.size(32), stage.floor, stage.height * 0.82, stage.lamp),
        lighten(colour, 0.2),
    )
