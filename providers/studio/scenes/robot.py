"""A friendly robot: rounded shell, a dark glass face with glowing eyes, one hand raised."""

from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, pi, sin

from providers.studio import paints
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import SCENES, Stage
from providers.studio.shapes import Points

SHELLS = ("f2f4f7", "f6e7d4", "dfe9f2", "f3d9d4", "dcebe0")
ACCENTS = ("f0803c", "3f8fd6", "2fa89a", "e2557a", "7e63d0", "f0b93a")
GLOWS = ("7df3ff", "8effc1", "ffd27a", "a9c6ff")
RUBBER = rgb("3b4258")
GLASS = rgb("1e2236")

TORSO = "0,46.5 15,46 20,40 21,26 17,16 10,13.5 0,13.5"
SHOE = "-8.5,0 -8.5,3.5 -5,8.5 5,8.5 8.5,3.5 8.5,0"
ARM_UP = "20,39.5 33,36 38.5,53"
ARM_DOWN = "20,39.5 28.5,29 27.5,16.5"
HEARTBEAT = "-8,0 -4,0 -2.4,3 -0.4,-3.6 1.4,4.6 3,0 8,0"


@dataclass(frozen=True)
class Look:
    shell: Colour
    accent: Colour
    glow: Colour
    eyes: str
    topper: str
    panel: str


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    Robot(canvas, brief, stage).draw()


def look(canvas: Canvas, brief: Brief) -> Look:
    dice = canvas.dice("look")
    shell, accent = rgb(dice.choice(SHELLS)), rgb(dice.choice(ACCENTS))
    wished = brief.colour_of(SCENES["robot"].words, shell)
    if wished != shell:
        shell, accent = lighten(wished, 0.12), lighten(wished, 0.55)
    return Look(
        shell=shell,
        accent=accent,
        glow=rgb(dice.choice(GLOWS)),
        eyes=dice.choice(("round", "happy", "tall")),
        topper=dice.choice(("antenna", "bulb", "ears")),
        panel=dice.choice(("heart", "beat", "bars")),
    )


class Robot:
    def __init__(self, canvas: Canvas, brief: Brief, stage: Stage) -> None:
        self.easel, self.look = Easel(canvas, stage), look(canvas, brief)
        self.dice = canvas.dice("robot")
        self.waving = self.dice.choice((-1, 1))
        self.head = self.easel.leaning(self.dice.uniform(-0.07, 0.07), 50)

    def draw(self) -> None:
        self.easel.ground_shadow(34)
        self.legs()
        self.arm(ARM_DOWN, -self.waving)
        self.body()
        self.arm(ARM_UP, self.waving)
        self.skull()
        self.face()

    def shell(self, stencil: Stencil, colour: Colour, *, shade: float = 1.0) -> None:
        """Painted metal, lit from the upper left."""
        dark = mix(darken(colour, 0.34), rgb("3a3f6a"), 0.16)
        wide, high = stencil.right - stencil.left, stencil.bottom - stencil.top
        reach = max(wide, high) * 0.95
        x, y = stencil.left + wide / 2 - reach * 0.24, stencil.top + reach * 0.18
        tones = (lighten(colour, 0.6), colour, mix(colour, dark, 0.6 * shade), dark)
        self.easel.paint(stencil, paints.radial(tones, x, y, reach))

    def legs(self) -> None:
        easel = self.easel
        for side in (-1, 1):
            leg = easel.plate(10 * side, 13, 3.5, 7, 2)
            easel.paint(
                leg, easel.across((lighten(RUBBER, 0.2), darken(RUBBER, 0.3)), 6 * side, 14 * side)
            )
            rings = Stencil()
            for row in range(4):
                rings.line(
                    easel.points("-3.5,0 3.5,0", x=10 * side, y=16 - 2.4 * row), easel.size(0.5)
                )
            easel.paint(rings, lighten(RUBBER, 0.4), opacity=0.5)
            self.shell(easel.shape(SHOE, x=10.8 * side), self.look.accent)
            easel.paint(easel.plate(10.8 * side, 0.5, 8.8, 1.1, 1), rgb("2a2f42"))

    def body(self) -> None:
        easel = self.easel
        torso = easel.symmetric(TORSO)
        self.shell(torso, self.look.shell)
        easel.paint(easel.plate(0, 19, 25, 1.4, 0), self.look.accent, clip=torso, opacity=0.95)
        bolts = easel.ovals(
            (-16.5, 40, 0.9, 0.9),
            (16.5, 40, 0.9, 0.9),
            (-17.2, 24.5, 0.9, 0.9),
            (17.2, 24.5, 0.9, 0.9),
        )
        easel.paint(bolts, rgb("6b7388"), opacity=0.8)
        easel.paint(easel.ovals((0, 45.5, 12, 3)), GLASS, opacity=0.4, blur=1.5, clip=torso)
        self.panel()

    def panel(self) -> None:
        easel, glow = self.easel, self.look.glow
        screen = easel.plate(0, 31.8, 10, 7.3, 2.4)
        easel.paint(screen, easel.down(ramp("2c3350 171b30"), 39, 24.5))
        if self.look.panel == "heart":
            glow = rgb("ff7f8a")
            sign = Stencil().polygon([easel.at(x * 0.29, 31.8 + y * 0.29) for x, y in _heart()])
        elif self.look.panel == "beat":
            sign = Stencil().line(easel.points(HEARTBEAT, y=31.8), easel.size(0.8))
        else:
            sign = Stencil()
            for column in range(4):
                tall = self.dice.uniform(1, 4.5)
                sign.polygon(
                    easel.points(f"0,0 2.5,0 2.5,{2 * tall} 0,{2 * tall}", x=4 * column - 7.2, y=27)
                )
        easel.paint(sign, glow, opacity=0.7, blur=1.2, blend="screen")
        easel.paint(sign, lighten(glow, 0.2))
        gloss = Stencil().polygon(easel.points("-10,39 2,39 -6,24.5 -10,24.5"))
        easel.paint(gloss, WHITE, opacity=0.08, clip=screen)

    def arm(self, outline: str, side: int) -> None:
        easel = self.easel
        line = easel.curve(outline, flip=side, steps=7)
        tube = Stencil().polygon(easel.brush(line, lambda _: 6.2))
        tones = (lighten(RUBBER, 0.22), RUBBER, darken(RUBBER, 0.35))
        easel.paint(tube, paints.across(tones, tube.left, tube.right))
        rings = Stencil()
        for (x, y), (nx, ny) in list(pairwise(line))[2::2]:
            half = easel.size(3.1) / (hypot(nx - x, ny - y) or 1)
            dx, dy = -(ny - y) * half, (nx - x) * half
            rings.line([(x - dx, y - dy), (x + dx, y + dy)], easel.size(0.6))
        easel.paint(rings, lighten(RUBBER, 0.45), opacity=0.5)
        self.shell(easel.ovals((20 * side, 39.5, 5.8, 5.8)), self.look.accent)
        self.hand(line, side, -1 if outline is ARM_UP else 1)

    def hand(self, arm: Points, side: int, down: int) -> None:
        easel, (x, y) = self.easel, arm[-1]
        tips = [(8.8 * sin(angle), 8.8 * cos(angle) * down) for angle in (-0.6, 0.0, 0.6)]
        fingers = Stencil()
        for dx, dy in (*tips, (-7.5 * side, 1.2 * down)):
            tip = (x + easel.size(dx), y + easel.size(dy))
            fingers.polygon(easel.brush([(x, y), tip], lambda _: 3.4)).dot(*tip, easel.size(1.7))
        self.shell(fingers, darken(self.look.shell, 0.08))
        self.shell(Stencil().dot(x, y, easel.size(5)), self.look.shell)

    def skull(self) -> None:
        head = self.head
        neck = self.easel.plate(0, 48, 5, 4, 1.5)
        head.paint(neck, head.across(ramp("6b7490 3b4258 23283a"), -5, 5))
        self.topper()
        for side in (-1, 1):
            self.shell(head.plate(23.5 * side, 68.5, 3.4, 6.5, 3), self.look.accent)
        skull = head.plate(0, 68.5, 23.5, 17.5, 13)
        self.shell(skull, self.look.shell, shade=0.8)
        shine = head.brush(head.curve("-16,83 -6,84.8 5,84.6"), lambda share: 1.4 * sin(pi * share))
        head.paint(Stencil().polygon(shine), WHITE, opacity=0.85, blur=0.3)

    def topper(self) -> None:
        head, accent = self.head, self.look.accent
        rods = "-15,85 -20,97|15,85 20,97" if self.look.topper == "ears" else "0,85 0,96.5"
        for rod in rods.split("|"):
            line = head.points(rod)
            head.paint(Stencil().polygon(head.brush(line, lambda _: 1.5)), rgb("4a5168"))
            bulb = self.look.topper == "bulb"
            if bulb:
                head.canvas.glow(*line[-1], head.size(13), self.look.glow, 0.7)
            ball = Stencil().dot(*line[-1], head.size(3))
            self.shell(ball, self.look.glow if bulb else accent, shade=0.5)
        if self.look.topper != "ears":
            self.shell(head.plate(0, 86.7, 4.5, 1.8, 1.5), accent)

    def face(self) -> None:
        head, glow = self.head, self.look.glow
        visor = head.plate(0, 68.7, 19, 11.3, 9)
        head.paint(visor, GLASS, opacity=0.35, blur=1.2)
        head.paint(visor, head.down(ramp("333b5e 1a1e36 12152a"), 80, 57.5))
        features = Stencil().polygon(head.brush(self.smile(), lambda _: 1.3))
        for side in (-1, 1):
            self.eye(features, side)
        head.paint(features, glow, opacity=0.75, blur=2, clip=visor, blend="screen")
        head.paint(features, head.down((lighten(glow, 0.5), glow), 75, 60))
        blush = head.ovals((-14, 63.5, 2, 1.2), (14, 63.5, 2, 1.2))
        head.paint(blush, rgb("ff8fa3"), opacity=0.5, blur=0.6)
        gloss = Stencil().polygon(head.points("-15,81 0,81 -9,57 -20,57"))
        head.paint(gloss, WHITE, opacity=0.09, clip=visor)

    def smile(self) -> Points:
        angles = (pi * (0.12 + 0.76 * step / 14) for step in range(15))
        return [self.head.at(5.5 * cos(angle), 64.5 - 3 * sin(angle)) for angle in angles]

    def eye(self, features: Stencil, side: int) -> None:
        head, x = self.head, 8.5 * side
        if self.look.eyes == "happy":
            angles = (pi * step / 12 for step in range(13))
            bow = [head.at(x + 4.2 * cos(angle), 68.8 + 4.2 * sin(angle)) for angle in angles]
            features.polygon(head.brush(bow, lambda _: 2))
        else:
            wide, tall = (2.8, 4.6) if self.look.eyes == "tall" else (3.8, 3.8)
            angles = (2 * pi * step / 40 for step in range(40))
            features.polygon([head.at(x + wide * cos(a), 70 + tall * sin(a)) for a in angles])


def _heart() -> Points:
    angles = [2 * pi * step / 40 for step in range(40)]
    return [
        (16 * sin(a) ** 3, 13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a))
        for a in angles
    ]
