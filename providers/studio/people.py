"""People: a head and shoulders for portraits and tables, and the same on legs."""

from dataclasses import dataclass
from random import Random

from providers.studio import paints
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, lightness, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import Stage

SKINS = ramp("f6d0b1 e8b48f c98d62 a56a43 7a4a2f f3c6a5")
HAIRS = ramp("2a1d18 4a2e1e 7a4b2a b5793c d9b36a 1d1a22 8a8d96 a5492a")
DARK_HAIRS = ramp("2a1d18 1d1a22 3a2a22")
CLOTHES = ramp("3d6fb5 d9534f 2f8f7a 6b5bb5 e09a3a 37475f c2557f 4f8f4a")
STYLES = ("short", "long", "bun", "curly", "beard", "parted")

TORSO = "0,42 9,39 23,33 32,24 36,8 37,-3 0,-3"
HEAD = "0,90 10,88 16.4,79 16.8,66 14,54 7,47 0,45.5"
CAP = "-17.6,67 -19.5,80 -12,92.5 0,95.5 12,92.5 19.5,80 17.6,67 15.4,77 5,83 -7,80.5 -15,76"
PARTED = "-17.6,67 -19.5,80 -12,93 2,96.5 13,92.5 19.5,80 17.6,66 14,78 -2,86 -9,80 -15.4,74"
FRINGE = "-18,62 -20,80 -12,93 0,96 12,93 20,80 18,62 14.6,74 8,84 -4,84.5 -13,79"
LONG = "0,97 14,93 21.5,80 23,58 25,37 15,33 0,34"
BEARD = (
    "-16.7,68 -15.2,54 -8,46.4 0,44 8,46.4 15.2,54 16.7,68 12.4,59.4 6,58.6 0,60 -6,58.6 -12.4,59.4"
)
CURLS = (
    (0, 91, 10, 8),
    (-9, 89, 8, 7),
    (9, 89, 8, 7),
    (-15, 82, 7, 7),
    (15, 82, 7, 7),
    (-18, 74, 5, 6),
    (18, 74, 5, 6),
    (0, 85, 11, 6),
)


@dataclass(frozen=True)
class Look:
    skin: Colour
    hair: Colour
    top: Colour
    style: str
    glasses: bool
    jacket: bool


def look(dice: Random, *, woman: bool | None = None, top: Colour | None = None) -> Look:
    styles = (
        STYLES
        if woman is None
        else ("long", "bun", "curly")
        if woman
        else ("short", "beard", "parted")
    )
    skin = dice.choice(SKINS)
    # Fair hair on dark skin would read as a mistake.
    hair = dice.choice(HAIRS if lightness(skin) > 0.74 else DARK_HAIRS)
    return Look(
        skin,
        darken(hair, 0.4) if mix(skin, hair, 0.5) == skin else hair,
        top or dice.choice(CLOTHES),
        dice.choice(styles),
        dice.random() < 0.3,
        dice.random() < 0.4,
    )


class Person:
    def __init__(self, canvas: Canvas, stage: Stage, look: Look, *, turn: float = 0.0) -> None:
        self.easel, self.look, self.turn = Easel(canvas, stage), look, turn
        self.head = self.easel.leaning(turn, 46)

    def bust(self) -> None:
        easel, look = self.easel, self.look
        if look.style == "long":
            self.paint_hair(self.head.symmetric(LONG))
        torso = easel.symmetric(TORSO)
        tones = (lighten(look.top, 0.2), look.top, darken(look.top, 0.28))
        easel.paint(torso, easel.down(tones, 42, 0))
        for side in (-1, 1):
            fold = easel.curve("22,20 24,8 23,-3", flip=side)
            easel.paint(
                Stencil().polygon(easel.brush(fold, lambda _: 1.2)),
                darken(look.top, 0.4),
                opacity=0.5,
            )
        self.neckline(torso)
        self.face()

    def neckline(self, torso: Stencil) -> None:
        easel, look = self.easel, self.look
        shade = darken(look.skin, 0.16)
        if look.jacket:
            shirt = easel.shape("-8,42 0,12 8,42")
            easel.paint(shirt, rgb("f6f6f2"), clip=torso)
            for side in (-1, 1):
                lapel = Stencil().polygon(easel.points("7,43 14,37 12,26 0,6 1,16", flip=side))
                easel.paint(lapel, darken(look.top, 0.22), clip=torso)
        easel.paint(easel.shape("-8,43 0,31 8,43"), look.skin, clip=torso)
        neck = easel.plate(0, 46, 6.4, 8, 4)
        easel.paint(neck, easel.down((darken(look.skin, 0.24), shade), 54, 38))

    def paint_hair(self, stencil: Stencil) -> None:
        tones = (lighten(self.look.hair, 0.22), self.look.hair, darken(self.look.hair, 0.3))
        self.easel.paint(stencil, paints.down(tones, stencil.top, stencil.bottom))

    def face(self) -> None:
        head, look = self.head, self.look
        ears = head.ovals((-17, 66, 3, 4.6), (17, 66, 3, 4.6))
        head.paint(ears, darken(look.skin, 0.1))
        skull = head.symmetric(HEAD)
        tones = (lighten(look.skin, 0.16), look.skin, darken(look.skin, 0.16))
        head.paint(skull, head.radial(tones, -5, 74, 30))
        if look.style == "beard":
            self.paint_hair(head.shape(BEARD))
        blush = head.ovals((-9.5, 61, 3.4, 2), (9.5, 61, 3.4, 2))
        head.paint(blush, rgb("e2604f"), opacity=0.2, blur=1)
        self.features()
        self.hair()

    def features(self) -> None:
        head, look = self.head, self.look
        dark = rgb("261a1a")
        head.paint(head.ovals((-6.6, 69, 2.9, 2.2), (6.6, 69, 2.9, 2.2)), WHITE, opacity=0.9)
        head.paint(head.ovals((-6.4, 69, 1.75, 2.15), (6.8, 69, 1.75, 2.15)), dark)
        head.paint(head.ovals((-5.8, 69.8, 0.55, 0.6), (7.4, 69.8, 0.55, 0.6)), WHITE)
        brows = Stencil()
        for side in (-1, 1):
            brow = head.curve("3.4,74.6 7,76 10.6,73.8", flip=side)
            brows.polygon(head.brush(brow, lambda share: 1.5 - 0.6 * share))
        head.paint(brows, darken(look.hair, 0.2))
        nose = head.curve("0.8,68 2.2,62.4 -0.8,61.6")
        head.paint(
            Stencil().polygon(head.brush(nose, lambda _: 0.8)), darken(look.skin, 0.34), opacity=0.8
        )
        mouth = head.shape("-5.2,56.8 0,55.8 5.2,56.8 3,53 0,52 -3,53")
        head.paint(mouth, mix(look.skin, rgb("8a2f33"), 0.72))
        head.paint(head.shape("-4.2,56.4 0,55.7 4.2,56.4 2.4,55 -2.4,55"), WHITE, opacity=0.95)
        if look.glasses:
            rims = Stencil()
            for side in (-1, 1):
                rims.line([head.at(6.7 * side + px, 69 + py) for px, py in _RIM], head.size(0.9))
            rims.line(head.points("-2.4,69.6 2.4,69.6"), head.size(0.9))
            head.paint(rims, rgb("2a2a33"))

    def hair(self) -> None:
        head, style = self.head, self.look.style
        if style == "curly":
            self.paint_hair(head.ovals(*CURLS))
            return
        if style == "bun":
            self.paint_hair(head.ovals((0, 98.5, 7.6, 6.6)))
        outline = FRINGE if style in ("long", "bun") else PARTED if style == "parted" else CAP
        self.paint_hair(head.shape(outline))
        gloss = head.brush(head.curve("-10,88 -2,91.6 7,90"), lambda share: 2.2 - 1.4 * share)
        head.paint(Stencil().polygon(gloss), WHITE, opacity=0.16, blur=0.6)


_RIM = ((-4, 0), (-3, 3), (0, 3.6), (3, 3), (4, 0), (3, -3), (0, -3.6), (-3, -3), (-4, 0))


def standing(canvas: Canvas, stage: Stage, look: Look) -> None:
    """On legs: the head and shoulders are the upper half."""
    easel = Easel(canvas, stage)
    easel.ground_shadow(17)
    trousers = rgb("33405c") if look.top != rgb("37475f") else rgb("b09a7a")
    for side in (-1, 1):
        leg = Stencil().polygon(easel.points("0.4,50 13,52 12,26 10.6,4 3.2,4 2.4,28", flip=side))
        easel.paint(leg, easel.across((lighten(trousers, 0.15), darken(trousers, 0.2)), -12, 12))
        easel.paint(easel.shape("2.6,5 2.2,0 14,-0.4 14.4,3 10.4,6", flip=side), rgb("2b2226"))
    top = look.top
    for side in (-1, 1):
        arm = easel.curve("14.6,68 19,56 18.6,44", flip=side)
        easel.paint(Stencil().polygon(easel.brush(arm, lambda s: 8 - 2 * s)), darken(top, 0.16))
        easel.paint(easel.ovals((18.6 * side, 41.6, 3.1, 3.6)), look.skin)
    body = easel.shape("-15,70 -14,58 -14,48 0,47 14,48 14,58 15,70 0,74")
    easel.paint(body, easel.down((top, darken(top, 0.2)), 70, 48))
    upper = Stage(*easel.at(0, 57), easel.size(46), stage.lamp)
    Person(canvas, upper, look).bust()
