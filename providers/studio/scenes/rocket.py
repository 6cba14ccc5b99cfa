"""A rocket at its start, with its fire below it."""

from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import SCENES, Stage

HULL = "0,100 7,93 13,80 15.5,62 14,42 10,28 0,27"
FIN = "11,50 25,34 27,16 19,24 9,29"
FLAME = "0,28 9,24 11,14 6,2 0,-10 -6,2 -11,14 -9,24"


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    dice = canvas.dice("rocket")
    tone = brief.colour_of(SCENES["rocket"].words, rgb(dice.choice(("e4572e", "3d7dca", "7a5af8"))))
    easel = Easel(
        canvas,
        Stage(stage.x, stage.floor - stage.height * 0.12, stage.height * 0.9),
        lean=dice.uniform(-0.02, 0.16),
        pivot=40,
    )
    canvas.glow(*easel.at(0, 10), easel.size(46), rgb("ffae4a"), 0.8)
    easel.paint(easel.shape(FLAME), easel.down(ramp("fff0a8 ffb43d f2542e"), 28, -10))
    easel.paint(easel.shape("0,27 5,22 4,12 0,4 -4,12 -5,22"), rgb("fff7d6"), blur=0.8)
    for side in (-1, 1):
        fin = easel.shape(FIN, flip=side)
        easel.paint(fin, easel.down((tone, darken(tone, 0.35)), 50, 16))
    easel.paint(easel.plate(0, 27.5, 8, 3, 1), rgb("4a5168"))
    hull = easel.symmetric(HULL)
    easel.paint(hull, easel.across(ramp("b9c0cd ffffff e9edf3 8f97a8"), -16, 16))
    nose = Stencil().polygon(easel.points("-30,81 30,81 30,110 -30,110"))
    easel.paint(
        nose,
        easel.across((darken(tone, 0.15), lighten(tone, 0.25), darken(tone, 0.3)), -14, 14),
        clip=hull,
    )
    band = Stencil().polygon(easel.points("-30,37 30,37 30,41 -30,41"))
    easel.paint(band, tone, clip=hull)
    easel.paint(easel.ovals((0, 65, 8, 8)), easel.across(ramp("8f97a8 dfe3ea 6d7482"), -8, 8))
    easel.paint(easel.ovals((0, 65, 6, 6)), easel.radial(ramp("a8e4ff 2f6fb0 143a66"), -2, 67, 9))
    easel.paint(easel.ovals((-2, 67.4, 1.6, 1.2)), WHITE, opacity=0.9)
    middle = easel.plate(0, 30, 1.5, 12, 1.4)
    easel.paint(middle, easel.down((tone, darken(tone, 0.3)), 42, 18))
    smoke, puffs = canvas.dice("smoke"), Stencil()
    for _ in range(canvas.many(16)):
        x, y, size = smoke.uniform(-24, 24), smoke.uniform(-13, -3), smoke.uniform(3, 7)
        puffs.dot(*easel.at(x, y - abs(x) * 0.1), easel.size(size))
    easel.paint(puffs, rgb("f2efe9"), opacity=0.75, blur=1.5)
