"""What stands and lies about in a room: books, plants, a lamp, and the things on a desk.

The colours are those of daylight; the lamp of the canvas tints them.
"""

from math import cos, pi, sin

from providers.studio import paints
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import Stage
from providers.studio.shapes import box

SHADOW = rgb("2a1c18")
COVERS = ramp("b5523f 2f5d73 d9a441 6b7f5e 7a5673 e6dcc8 30405a c97b5a")
GLAZES = ramp("d8594b 2f7f86 f2efe8 e3a93f")
LAMPSHADE = "-16,100 16,100 23,69 56,25 65,0 -65,0 -56,25 -23,69"


def shelf(canvas: Canvas, left: float, right: float, y: float) -> None:
    wood = rgb("a97c50")
    below = Stencil().polygon(box(left + 6, y + 13, right - 6, y + 28))
    canvas.paint(below, SHADOW, opacity=0.25, blur=6)
    board = Stencil().polygon(box(left, y, right, y + 13, radius=3))
    canvas.paint(board, paints.down((lighten(wood, 0.15), darken(wood, 0.15)), y, y + 13))


def books(canvas: Canvas, name: str, left: float, right: float, y: float) -> None:
    """A row of spines, with a gap now and then."""
    dice, x = canvas.dice(name), left
    while x < right:
        width, tall, cover = dice.uniform(13, 27), dice.uniform(62, 100), dice.choice(COVERS)
        spine = Stencil().polygon(box(x, y - tall, x + width, y, radius=2))
        tones = (lighten(cover, 0.12), cover, darken(cover, 0.25))
        canvas.paint(spine, paints.across(tones, x, x + width))
        title = Stencil().polygon(box(x + 2, y - tall * 0.82, x + width - 2, y - tall * 0.74))
        canvas.paint(title, lighten(cover, 0.5), opacity=0.7)
        x += width + (dice.uniform(1, 3) if dice.random() < 0.86 else dice.uniform(14, 34))


def globe(canvas: Canvas, stage: Stage) -> None:
    easel, sea = Easel(canvas, stage), rgb("5d93ad")
    easel.paint(Stencil().polygon(easel.points("-24,0 24,0 5,24 -5,24")), rgb("7a5a3c"))
    ball = easel.ovals((0, 60, 40, 40))
    tones = (lighten(sea, 0.4), sea, darken(sea, 0.35))
    easel.paint(ball, easel.radial(tones, -13, 73, 60))
    land = easel.ovals((-11, 70, 16, 12), (16, 50, 12, 16), (-18, 44, 9, 7))
    easel.paint(land, rgb("a9b86a"), opacity=0.85, clip=ball)


def potted_plant(canvas: Canvas, stage: Stage) -> None:
    easel, dice, leaves = Easel(canvas, stage), canvas.dice("potted plant"), Stencil()
    for bend in (index / 7 - 1 + dice.uniform(-0.1, 0.1) for index in range(15)):
        reach, lift = dice.uniform(30, 56), 1.1 - abs(bend)
        middle = f"{bend * reach * 0.5},{46 + reach * (0.9 - abs(bend) * 0.4)}"
        tip = f"{bend * reach},{40 + reach * lift - abs(bend) * 22}"
        leaf = easel.curve(f"0,34 {middle} {tip}")
        leaves.polygon(easel.brush(leaf, lambda share: 8 - 7.5 * share))
    green, clay = rgb("5e9455"), rgb("e9ded2")
    easel.paint(leaves, easel.down((lighten(green, 0.2), darken(green, 0.3)), 100, 10))
    pot = Stencil().polygon(easel.points("-26,40 26,40 19,0 -19,0"))
    easel.paint(pot, easel.across((clay, lighten(clay, 0.2), darken(clay, 0.25)), -26, 26))


def rubber_plant(canvas: Canvas, stage: Stage) -> None:
    """Broad leaves left and right of a stem that disappears behind the furniture."""
    easel, dice = Easel(canvas, stage), canvas.dice("rubber plant")
    back, front, veins = Stencil(), Stencil(), Stencil()
    for index in range(13):
        share, side = index / 12, -1 if index % 2 else 1
        x, y, length = dice.uniform(-2, 2), 11 + share * 43, dice.uniform(34, 49)
        angle = side * (1.25 - 0.95 * share) + dice.uniform(-0.15, 0.15)
        tip_x, tip_y = x + length * sin(angle), y + length * cos(angle) * 0.9 - 5 * abs(angle)
        middle = f"{(x + tip_x) / 2 - 1.8 * side},{(y + tip_y) / 2 + 5.7}"
        leaf = easel.curve(f"{x},{y} {middle} {tip_x},{tip_y}")
        (front if index % 3 else back).polygon(easel.brush(leaf, _broad_leaf))
        veins.line(leaf, 1.6)
    green = rgb("3f7d58")
    easel.paint(Stencil().line(easel.points("0,0 0,60"), 7), rgb("6b5a40"))
    easel.paint(back, darken(green, 0.3))
    easel.paint(front, easel.down((lighten(green, 0.22), green, darken(green, 0.3)), 96, 7))
    easel.paint(veins, lighten(green, 0.35), opacity=0.5)


def _broad_leaf(share: float) -> float:
    return 18.5 * float(sin(pi * min(1.0, share * 0.92 + 0.04)) ** 0.8)


def pendant_lamp(canvas: Canvas, stage: Stage, *, glow: float) -> None:
    easel, brass = Easel(canvas, stage), rgb("d9a441")
    cord = Stencil().line([(stage.x, -10), easel.at(0, 98)], 2.6)
    canvas.paint(cord, rgb("3a3a40"))
    tones = (darken(brass, 0.15), lighten(brass, 0.3), darken(brass, 0.4))
    easel.paint(Stencil().polygon(easel.points(LAMPSHADE)), easel.across(tones, -65, 65))
    easel.paint(easel.ovals((0, 0, 63, 6)), rgb("fff3d0"))
    canvas.glow(*easel.at(0, -10), 300, rgb("ffdf9f"), glow)


def laptop(canvas: Canvas, stage: Stage, *, glow: float) -> None:
    easel, metal = Easel(canvas, stage), rgb("c9ced6")
    easel.paint(easel.ovals((0, 3, 84, 10)), SHADOW, opacity=0.4, blur=4.5)
    lid = easel.plate(0, 56, 69, 46, 6)
    easel.paint(lid, easel.down((lighten(metal, 0.15), darken(metal, 0.25)), 102, 13))
    screen = easel.plate(0, 56.5, 63.5, 40, 2)
    corners = (easel.at(-63, 97), easel.at(63, 13))
    easel.paint(screen, paints.linear(ramp("24365e 3f6aa8 8fb7d9"), *corners))
    dice, bars, lines = canvas.dice("screen"), Stencil(), Stencil()
    for index in range(6):
        tall, wide = dice.uniform(10, 42), dice.uniform(23, 46)
        bars.polygon(easel.points(f"0,0 6,0 6,{tall} 0,{tall}", x=9.5 * index - 54, y=26))
        lines.polygon(easel.points(f"0,0 {wide},0 {wide},3 0,3", x=10, y=83 - 9.5 * index))
    easel.paint(bars, rgb("f6c667"), clip=screen)
    easel.paint(lines, rgb("e6eef7"), opacity=0.75, clip=screen)
    base = Stencil().polygon(easel.points("-70,11 70,11 83,0 -83,0"))
    easel.paint(base, easel.down((darken(metal, 0.12), lighten(metal, 0.2)), 11, 0))
    keys = Stencil().polygon(easel.points("-59,9 59,9 66,4.5 -66,4.5"))
    easel.paint(keys, rgb("3a3f4a"), opacity=0.75)
    canvas.glow(*easel.at(0, 58), easel.size(115), rgb("7fb0e8"), glow)


def mug(canvas: Canvas, stage: Stage, *, flip: int) -> None:
    easel, glaze = Easel(canvas, stage), canvas.dice("mug").choice(GLAZES)
    easel.paint(easel.ovals((0, -2, 66, 16)), SHADOW, opacity=0.4, blur=9)
    handle = easel.brush(
        [easel.at((44 + 26 * cos(a)) * flip, 50 + 26 * sin(a)) for a in _half_turn()], lambda _: 13
    )
    easel.paint(Stencil().polygon(handle), darken(glaze, 0.2))
    body = easel.plate(0, 51, 46, 40, 0)
    body.dot(*easel.at(0, 11), easel.size(46), easel.size(13))
    tones = (lighten(glaze, 0.22), glaze, darken(glaze, 0.3))
    easel.paint(body, easel.across(tones, -46, 46))
    easel.paint(easel.ovals((0, 91, 46, 13)), lighten(glaze, 0.35))
    easel.paint(easel.ovals((0, 90, 40, 10)), rgb("4a2c1c"))
    steam = Stencil()
    for x in (-12, 10):
        wisp = easel.curve("0,100 13,132 -8,166 7,200", x=x)
        steam.polygon(easel.brush(wisp, lambda share: 5 + 10 * sin(pi * share)))
    easel.paint(steam, WHITE, opacity=0.32, blur=4)


def _half_turn() -> list[float]:
    return [pi * (step / 12 - 0.5) for step in range(13)]


def papers(canvas: Canvas, stage: Stage) -> None:
    """Two written sheets with a pen on them, seen from the front."""
    easel = Easel(canvas, stage)
    for shift, tone in ((14, rgb("efeae0")), (0, rgb("fbf8f2"))):
        sheet = Stencil().polygon(easel.points(f"{shift - 110},80 {shift + 76},86 112,10 -100,0"))
        easel.paint(sheet, SHADOW, opacity=0.22, blur=5)
        easel.paint(sheet, tone)
    lines = Stencil()
    for row in range(4):
        start, end = f"{2 * row - 82},{66 - 14 * row}", f"{60 - 7 * row},{70 - 14 * row}"
        lines.line(easel.points(f"{start} {end}"), 2.2)
    easel.paint(lines, rgb("8b93a6"), opacity=0.6)
    pen = easel.brush(easel.points("40,16 150,68"), lambda share: 7 - 3 * share)
    easel.paint(Stencil().polygon(pen), rgb("2c4a73"))
