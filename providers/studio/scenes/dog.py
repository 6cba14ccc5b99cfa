"""A sitting dog that looks at you, with its tongue out."""

from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, mix, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import SCENES, Stage

COATS = ("c98d4f", "8a5a3a", "e3c08a", "4a4248", "efe6da", "b5773f")
BODY = "0,62 13,59 19,46 25,28 29,10 24,1.5 12,0 0,0"
HEAD = "0,95 11,93.5 18,87 20,77 17.5,67 12,60 7,54.5 0,53"
MUZZLE = "0,75 6,74 11,67 11.5,60 7,54.6 0,53.4"
EAR = "13,92.5 21,93 26,85 27.5,71 24,62.5 19.5,66 17.6,78"
TAIL = "22,6 36,10 43,22 41,36"
LEG = "-5.5,36 5.5,36 5.5,14 7,4 5,-0.6 -5,-0.6 -7,4 -5.5,14"
CHEST = "0,54 9,50 12,38 7,27 0,23 -7,27 -12,38 -9,50"
DARK = rgb("1f1719")


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    dice = canvas.dice("dog")
    coat = brief.colour_of(SCENES["dog"].words, rgb(dice.choice(COATS)))
    dark, pale = darken(coat, 0.32), mix(coat, rgb("fff6e8"), 0.62)
    easel = Easel(canvas, stage)
    head = easel.leaning(dice.uniform(-0.08, 0.08), 55)
    easel.ground_shadow(38)
    tail = easel.curve(TAIL, flip=dice.choice((-1, 1)))
    easel.paint(Stencil().polygon(easel.brush(tail, lambda share: 9 - 5 * share)), dark)
    body = easel.symmetric(BODY)
    easel.paint(body, easel.radial((lighten(coat, 0.2), coat, dark), -6, 42, 52))
    for side in (-1, 1):
        thigh = easel.ovals((19 * side, 12, 12.5, 13))
        easel.paint(thigh, easel.radial((lighten(coat, 0.08), coat, dark), 17 * side, 17, 20))
        easel.paint(easel.ovals((22 * side, 2.6, 9, 3.6)), pale)
    easel.paint(easel.shape(CHEST), pale, blur=1.2, clip=body)
    for side in (-1, 1):
        leg = easel.shape(LEG, x=7.2 * side)
        easel.paint(
            leg, easel.across((coat, lighten(coat, 0.14), dark), 7.2 * side - 7, 7.2 * side + 7)
        )
        easel.paint(easel.ovals((7.4 * side, 2, 6.6, 3)), pale)
    collar = easel.curve("-15,56 0,50.5 15,56")
    tone = rgb(dice.choice(("d63c3f", "2f7fd0", "2f9e7d")))
    easel.paint(Stencil().polygon(easel.brush(collar, lambda _: 4.6)), tone)
    easel.paint(easel.ovals((0, 47.5, 3.2, 3.2)), rgb("e8c36a"))
    skull = head.symmetric(HEAD)
    head.paint(skull, head.radial((lighten(coat, 0.22), coat, dark), -5, 84, 36))
    blaze = head.shape("0,93 3,86 3.6,76 0,70 -3.6,76 -3,86")
    head.paint(blaze, pale, blur=0.8, clip=skull)
    for side in (-1, 1):
        ear = head.shape(EAR, flip=side)
        head.paint(ear, head.down((darken(coat, 0.2), darken(coat, 0.5)), 93, 62))
    _face(head, pale)


def _face(head: Easel, pale: tuple[int, int, int]) -> None:
    tongue = head.shape("-3.6,58 3.6,58 3.8,50 0,46.6 -3.8,50")
    head.paint(head.symmetric(MUZZLE), head.down((lighten(pale, 0.25), darken(pale, 0.14)), 75, 53))
    head.paint(tongue, head.down((rgb("d9586a"), rgb("f08a98")), 58, 46))
    mouth = Stencil()
    for side in (-1, 1):
        line = head.curve("0,63 2,58.6 6,57.6 9.4,60.4", flip=side)
        mouth.polygon(head.brush(line, lambda _: 1))
    head.paint(mouth, DARK)
    head.paint(head.shape("-5,70 0,71.4 5,70 3.6,65.6 0,63.4 -3.6,65.6"), DARK)
    head.paint(head.ovals((-1.6, 69.3, 1.5, 0.8)), WHITE, opacity=0.7)
    for side in (-1, 1):
        head.paint(head.ovals((9 * side, 79, 3.5, 4)), DARK)
        head.paint(head.ovals((9 * side - 1.1, 80.5, 1.2, 1.3)), WHITE)
        brow = head.curve("5.6,85.4 9,87 12.6,85.6", flip=side)
        head.paint(
            Stencil().polygon(head.brush(brow, lambda _: 1.4)), darken(pale, 0.5), opacity=0.5
        )
