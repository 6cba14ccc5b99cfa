"""A sitting cat that looks at you: tabby, plain or tuxedo, awake or asleep."""

from dataclasses import dataclass

from providers.studio import textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, darken, lighten, lightness, mix, ramp, rgb, shift
from providers.studio.easel import Easel
from providers.studio.scenes import SCENES, Stage

COATS = ("e58a3c", "8e8f98", "3a3638", "d9b48a", "b9774a", "efe6da")
EYES = ("8fb84a", "d9a83a", "5fa8a0", "7fb3d6")
ASLEEP = "sleeping asleep sleepy nap schlafend schläft schläfrig"

BODY = "0,60 13,58 17.5,46 23.5,28 28.5,10 24.5,1.5 12,0 0,0"
HEAD = "0,88.4 10,87.2 18.8,80 22.5,69 25,61.5 18.5,55.5 9,51.5 0,50.5"
EAR = "5.5,85 11,92.5 20,99.5 22.6,89 22.2,74"
INNER_EAR = "9.8,85.8 13.8,91 19,95.5 20.6,88 20,79"
TAIL = "20,7 36,3.5 45.5,10 47.5,22 43,33 44.5,40"
LEG = "-5,35 5,35 5,14 6.4,4 4.5,-0.6 -4.5,-0.6 -6.4,4 -5,14"
CHEST = "10,54 12.5,42 8.5,32 0,25 -8.5,32 -12.5,42 -10,54"
FOREHEAD = ("5.5,88 5,82 3.6,76.5", "11.5,87 10,82 8.5,77.5")
CHEEK = ("25,67 19,65.5 14.5,66.5", "25,61.5 19,61 14,62.5")
NOSE = "-2.7,64.2 0,64.8 2.7,64.2 1.2,61.8 0,61 -1.2,61.8"
EYE = "-5,-2 -1.8,3.6 3,4.2 5.6,1.2 3,-3.4 -1.8,-3.8"
DARK = rgb("1a1214")


@dataclass(frozen=True)
class Coat:
    base: Colour
    dark: Colour  # stripes and shade
    pale: Colour
    belly: Colour
    eye: Colour
    striped: bool


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    Cat(canvas, brief, stage).draw()


def coat(canvas: Canvas, brief: Brief) -> Coat:
    dice = canvas.dice("coat")
    base = brief.colour_of(SCENES["cat"].words, rgb(dice.choice(COATS)))
    black, white = lightness(base) < 0.4, lightness(base) > 0.9
    tuxedo = black and dice.random() < 0.7
    pale = mix(base, rgb("fff6e8"), 0.1 if black else 0.55)
    belly = pale if black and not tuxedo else rgb("f6f1ea")
    return Coat(
        base=base,
        dark=rgb("d6cabb") if white else darken(shift(base, hue=-12), 0.3),
        pale=pale,
        belly=mix(belly, base, 0.08),
        eye=rgb(dice.choice(EYES)),
        striped=not black and not white and dice.random() < 0.86,
    )


class Cat:
    def __init__(self, canvas: Canvas, brief: Brief, stage: Stage) -> None:
        self.easel, self.canvas = Easel(canvas, stage), canvas
        self.coat, self.dice = coat(canvas, brief), canvas.dice("cat")
        self.side = self.dice.choice((-1, 1))  # where the tail lies, away from the light
        self.face = self.easel.leaning(self.dice.uniform(-0.05, 0.05), 58)
        self.asleep = brief.has(ASLEEP)

    def draw(self) -> None:
        self.easel.ground_shadow(40)
        self.tail()
        self.body()
        self.legs()
        self.chest()
        self.ears()
        self.head()
        for side in (-1, 1):
            self.closed_eye(side) if self.asleep else self.eye(side)
        self.nose_and_mouth()
        self.whiskers()

    def fur(self, purpose: str, where: Stencil) -> None:
        if self.canvas.detail.texture:
            noise = self.canvas.noise(purpose, (120, 60), where.bottom - where.top, octaves=3)
            self.canvas.rub(textures.relief(noise, 0.3), where, top=where.top)

    def tail(self) -> None:
        easel, coat = self.easel, self.coat
        line = easel.curve(TAIL, flip=self.side)
        tail = Stencil().polygon(easel.brush(line, lambda share: 10 - 3 * share))
        tail.dot(*line[-1], easel.size(3.5))
        easel.paint(tail, easel.down((coat.base, darken(coat.base, 0.22)), 42, 0))
        if coat.striped:
            rings = Stencil()
            for (x, y), (nx, ny) in zip(line[14:-2:6], line[15:-1:6], strict=True):
                across = [
                    (x - (ny - y) * 9, y + (nx - x) * 9),
                    (x + (ny - y) * 9, y - (nx - x) * 9),
                ]
                rings.line(across, easel.size(2.2))
            easel.paint(rings, coat.dark, opacity=0.75, clip=tail, blur=0.2)
        tip = easel.ovals((45 * self.side, 44, 7, 7))
        easel.paint(
            tip, coat.dark if coat.striped else coat.belly, opacity=0.8, clip=tail, blur=0.5
        )
        self.fur("tail fur", tail)

    def body(self) -> None:
        easel, coat = self.easel, self.coat
        body = easel.symmetric(BODY)
        tones = (lighten(coat.base, 0.06), coat.base, darken(coat.base, 0.2))
        easel.paint(body, easel.down(tones, 60, 0))
        haunches = easel.ovals((-19.5, 13, 11.5, 15), (19.5, 13, 11.5, 15))
        easel.paint(haunches, lighten(coat.base, 0.1), opacity=0.55, blur=1.8, clip=body)
        if coat.striped:
            easel.paint(self.side_stripes(), coat.dark, opacity=0.72, clip=body, blur=0.25)
        under_chin = easel.ovals((0, 53, 17, 5.5))
        easel.paint(under_chin, darken(coat.dark, 0.35), opacity=0.4, blur=2, clip=body)
        away = easel.ovals((27 * self.side, 28, 10, 36))
        easel.paint(away, darken(coat.dark, 0.45), opacity=0.3, blur=3.5, clip=body)
        self.fur("body fur", body)

    def side_stripes(self) -> Stencil:
        stripes = Stencil()
        for side in (-1, 1):
            for row in range(5):
                reach, y = 10 + 1.8 * row, 47 - 8.5 * row
                outline = f"34,{y + 2} {34 - reach},{y - 1.2} {30 - reach * 1.15},{y - 4.5}"
                line = self.easel.curve(outline, flip=side)
                stripes.polygon(self.easel.brush(line, lambda share: 3.6 * (1.05 - share)))
        return stripes

    def legs(self) -> None:
        easel, coat = self.easel, self.coat
        hind = easel.ovals((-21.5, 2.8, 8.5, 3.6), (21.5, 2.8, 8.5, 3.6))
        easel.paint(hind, easel.down((lighten(coat.base, 0.12), darken(coat.base, 0.12)), 6.5, 0))
        edges = (darken(coat.base, 0.22), lighten(coat.base, 0.06), darken(coat.base, 0.12))
        for x in (-7, 7):
            leg = easel.shape(LEG, x=x)
            easel.paint(leg, easel.across(edges, x - 6, x + 6), opacity=0.96)
            if coat.striped:
                bands = Stencil()
                for y in (27, 21, 15):
                    bands.line(easel.points("-6,0.6 0,-0.8 6,0.6", x=x, y=y), easel.size(1.4))
                easel.paint(bands, coat.dark, opacity=0.55, clip=leg, blur=0.15)
            easel.paint(easel.ovals((x, 1, 7, 5.5)), coat.belly, blur=0.8, clip=leg)
            toes = Stencil()
            for toe in (-2, 2):
                toes.line(easel.points("0,2.8 0,-0.2", x=x + toe), easel.size(0.5))
            easel.paint(toes, darken(coat.belly, 0.45), opacity=0.55)

    def chest(self) -> None:
        easel, body = self.easel, self.easel.symmetric(BODY)
        easel.paint(easel.shape(CHEST), self.coat.belly, opacity=0.95, blur=1.2, clip=body)
        if lightness(self.coat.belly) < 0.6:
            return
        tufts = Stencil()
        for row in range(4):
            for column in range(-2, 3):
                x, y = 3.6 * column + self.dice.uniform(-0.8, 0.8), 46 - 5 * row
                tufts.polygon(easel.points("-1.4,0 1.4,0 0,-5", x=x, y=y))
        easel.paint(tufts, lighten(self.coat.belly, 0.4), opacity=0.6, clip=body, blur=0.1)

    def ears(self) -> None:
        face, coat = self.face, self.coat
        pink = mix(rgb("e9a39a"), coat.base, 0.25)
        for side in (-1, 1):
            tones = (darken(coat.base, 0.12), coat.base)
            face.paint(face.shape(EAR, flip=side), face.down(tones, 100, 75))
            inner = face.shape(INNER_EAR, flip=side)
            face.paint(inner, face.down((pink, darken(pink, 0.2)), 97, 78), blur=0.2)

    def head(self) -> None:
        face, coat = self.face, self.coat
        head = face.symmetric(HEAD)
        tones = (lighten(coat.base, 0.14), coat.base, darken(coat.base, 0.16))
        face.paint(head, face.radial(tones, -6 * self.side, 76, 34))
        cheeks = face.ovals((-15, 57.5, 9, 6), (15, 57.5, 9, 6))
        face.paint(cheeks, coat.pale, opacity=0.75, blur=2, clip=head)
        if coat.striped:
            face.paint(self.face_stripes(), coat.dark, opacity=0.78, clip=head, blur=0.2)
        away = face.ovals((25 * self.side, 66, 9, 20))
        face.paint(away, darken(coat.dark, 0.4), opacity=0.26, blur=3, clip=head)
        muzzle = face.ovals(
            (-4.2, 59.2, 6.2, 5), (4.2, 59.2, 6.2, 5), (0, 55, 5, 4), (0, 66, 2.6, 8)
        )
        face.paint(muzzle, coat.belly, blur=0.9, clip=head)
        self.fur("face fur", head)

    def face_stripes(self) -> Stencil:
        lines = [self.face.curve("0,88 0,78")]
        for side in (-1, 1):
            lines += [self.face.curve(outline, flip=side) for outline in (*FOREHEAD, *CHEEK)]
        stripes = Stencil()
        for line in lines:
            stripes.polygon(self.face.brush(line, lambda share: 2.6 * (1.05 - 0.8 * share)))
        return stripes

    def eye(self, side: int) -> None:
        face, iris, x, y = self.face, self.coat.eye, 9.8 * side, 69.5
        eye = face.shape(EYE, x=x, y=y, flip=side)
        face.paint(eye, DARK, blur=0.6)
        tones = (lighten(iris, 0.45), iris, darken(iris, 0.45))
        face.paint(eye, face.radial(tones, x, y - 1.2, 6.2))
        face.paint(face.ovals((x, y, 1.8, 3.8)), DARK, clip=eye)
        face.paint(face.ovals((x, y + 4.5, 6, 2)), DARK, opacity=0.5, blur=0.7, clip=eye)
        shine = face.ovals((x - 1.6, y + 1.7, 1.1, 1.2), (x + 1.8, y - 1.8, 0.5, 0.5))
        face.paint(shine, rgb("ffffff"), opacity=0.95)

    def closed_eye(self, side: int) -> None:
        lid = self.face.curve("-4.5,0.4 0,-2 4.5,0.4", x=10 * side, y=69)
        self.face.paint(Stencil().line(lid, self.face.size(0.9)), DARK, opacity=0.85)

    def nose_and_mouth(self) -> None:
        face = self.face
        face.paint(face.shape(NOSE), face.down(ramp("eda79c c9766e"), 65, 61))
        mouth = Stencil().line(face.points("0,61 0,59"), face.size(0.5))
        for side in (-1, 1):
            mouth.line(face.curve("0,59 2.2,57.2 5,57.8", flip=side), face.size(0.5))
        face.paint(mouth, rgb("5b3a34"), opacity=0.8)

    def whiskers(self) -> None:
        face, hairs, roots = self.face, Stencil(), Stencil()
        for side in (-1, 1):
            for row in range(3):
                outline = f"6.2,{60.3 - 1.6 * row} 20,{62.2 - 3.4 * row} 32,{60 - 6 * row}"
                hair = face.curve(outline, flip=side)
                hairs.polygon(face.brush(hair, lambda share: 0.6 * (1.05 - share)))
                roots.dot(*hair[0], face.size(0.4))
        face.paint(roots, darken(self.coat.dark, 0.4), opacity=0.6)
        face.paint(hairs, rgb("fffaf2"), opacity=0.85)
