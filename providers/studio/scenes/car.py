"""A car from the side."""

from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import SCENES, Stage

BODY = (
    "-50,10 -50.5,19 -48,25.5 -36,28.5 -24,41 -14,45.5 8,45.5 19,41.5 31,29.5 45,26.5 50,20 "
    "50.5,11 "
    "46,8 -46,8"
)
GLASS = "-31,29 -21.5,39.5 -13,42.5 7,42.5 16,39 26.5,29"


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    dice = canvas.dice("car")
    tones = ("d63c3f", "2f7fd0", "f0b93a", "2f9e7d", "e9edf2")
    colour = brief.colour_of(SCENES["car"].words, rgb(dice.choice(tones)))
    size = min(stage.height * 1.15, canvas.w * 0.84, canvas.h * 1.6)
    easel = Easel(canvas, Stage(stage.x, stage.floor - 4, size, stage.lamp))
    easel.paint(easel.ovals((0, 0, 56, 3.4)), rgb("18141f"), opacity=0.5, blur=2)
    body = easel.shape(BODY)
    easel.paint(body, easel.down((lighten(colour, 0.35), colour, darken(colour, 0.35)), 44, 8))
    glass = easel.shape(GLASS)
    easel.paint(glass, easel.down(ramp("cfe6f5 5f86a8 2a3f58"), 43, 29))
    shine = Stencil().polygon(easel.points("-18,43 -8,43 -16,29 -26,29"))
    easel.paint(shine, WHITE, opacity=0.25, clip=glass)
    pillars = Stencil().polygon(easel.points("-3.6,44 -0.6,44 0.4,28 -4,28"))
    easel.paint(pillars, darken(colour, 0.12))
    seams = Stencil()
    for outline in ("-4,28 -3.4,14 -1,11", "-29,27 -27,14 -24,11", "24,27 20,14 16,11"):
        seams.line(easel.curve(outline), easel.size(0.45))
    easel.paint(seams, darken(colour, 0.5), opacity=0.7)
    handles = easel.plate(-21, 24.4, 2.6, 0.7, 0.6)
    handles.polygon(easel.points("1,25.1 6,25.1 6,23.7 1,23.7"))
    easel.paint(handles, lighten(colour, 0.55))
    line = Stencil().line(easel.curve("-48,21 -20,22.4 20,22.4 48,20"), easel.size(0.5))
    easel.paint(line, WHITE, opacity=0.45)
    easel.paint(easel.shape("-50,17 -50,22 -46,23.4 -44,20"), rgb("e0413a"))
    easel.paint(easel.shape("50,16.5 49.6,21.6 44,24 42,20.6"), rgb("fff3c4"))
    easel.paint(easel.plate(0, 8.6, 47, 1.8, 1.4), mix(darken(colour, 0.6), rgb("20242e"), 0.6))
    for x in (-31, 31):
        _wheel(easel, x)


def _wheel(easel: Easel, x: float) -> None:
    easel.paint(easel.ovals((x, 10, 11.4, 11.4)), rgb("15171d"))
    easel.paint(easel.ovals((x, 9.3, 9.8, 9.8)), easel.down(ramp("3a3f4a 1a1c22"), 19, 0))
    easel.paint(easel.ovals((x, 9.3, 6, 6)), easel.down(ramp("f2f4f7 a4abb8"), 15, 3))
    spokes = Stencil()
    for dx, dy in ((0, 5.4), (5.1, 1.7), (3.2, -4.4), (-3.2, -4.4), (-5.1, 1.7)):
        spokes.line([easel.at(x, 9.3), easel.at(x + dx, 9.3 + dy)], easel.size(1.3))
    easel.paint(spokes, rgb("5a6272"))
    easel.paint(easel.ovals((x, 9.3, 1.6, 1.6)), rgb("dfe3ea"))
