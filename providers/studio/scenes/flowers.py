"""A bouquet in a vase, or a single flower; the kind and the colour as asked."""

from dataclasses import dataclass
from math import cos, pi, sin

from providers.studio.blossoms import BLOSSOMS, Spot
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import Stage
from providers.studio.shapes import smooth

MANY = (
    "bouquet bunch bund vase flowers roses tulips daisies poppies sunflowers "
    "blumen rosen tulpen sonnenblumen margeriten *strauß *strauss"
)
KINDS = {
    "rose": "rose rosenstrauß",
    "tulip": "tulip tulpe tulpenstrauß",
    "daisy": "daisy daisies margerite gänseblümchen",
    "sunflower": "sunflower sonnenblume",
    "poppy": "poppy poppies mohn mohnblume klatschmohn",
}
USUAL = {
    "rose": "d94f6b",
    "tulip": "e8653f",
    "daisy": "faf6ee",
    "sunflower": "f2b92e",
    "poppy": "e0452f",
}
HARMONIES = (
    "e8728c f4a9a0 f7d9cf c9415f f2c15a",
    "7a5bc4 b79ae6 f3b7d0 f5efe6 5566c9",
    "f08a3c f6c552 e0503f f7e6cf c93a5a",
    "f2efe6 f7dfe2 e9a6b8 cfe0c3 f4cf8a",
)
VASES = ("e9e4dc", "7fa7a8", "d9a58a", "5b6f9a", "c9b3d6")
NECK = 36.0  # where the vase ends and the flowers begin
STALK = rgb("5c8a4e")


@dataclass(frozen=True)
class Flower:
    kind: str
    colour: Colour
    spot: Spot


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    Arrangement(canvas, brief, stage).draw()


class Arrangement:
    def __init__(self, canvas: Canvas, brief: Brief, stage: Stage) -> None:
        self.easel, self.canvas, self.brief = Easel(canvas, stage), canvas, brief
        self.dice = canvas.dice("flowers")
        self.single = not brief.has(MANY)

    def draw(self) -> None:
        self.easel.ground_shadow(16 if self.single else 22)
        flowers = self.pick()
        if self.single:
            self.stalks(flowers)
            self.stalk_leaves()
        else:
            self.fan(86, darken(rgb("4f7f52"), 0.25), 26)
            self.stalks(flowers)
            self.fan(70, rgb("6f9f62"), 18)
            self.sprigs()
        self.vase(0.58 if self.single else 1.0)
        for flower in flowers:
            spot = flower.spot
            shadow = Stencil().dot(spot.x, spot.y + spot.radius * 0.2, spot.radius * 0.95)
            self.canvas.paint(shadow, rgb("22301f"), opacity=0.3, blur=spot.radius * 0.16)
            BLOSSOMS[flower.kind](self.canvas, self.dice, spot, flower.colour)

    def pick(self) -> list[Flower]:
        asked = [kind for kind, words in KINDS.items() if self.brief.has(words)]
        kinds = asked or self.dice.sample(list(KINDS), 3)
        tones = ramp(self.dice.choice(HARMONIES))
        if self.brief.colours:
            pale = [mix(colour, rgb("fff4ec"), 0.22) for colour in self.brief.colours]
            tones = (*self.brief.colours, *pale)
        elif asked:
            tones = tuple(rgb(USUAL[kind]) for kind in asked)
        flowers = []
        for spot in self.single_spot() if self.single else self.dome():
            kind, colour = self.dice.choice(kinds), self.dice.choice(tones)
            if kind == "sunflower" and not self.brief.colours:
                colour = rgb(USUAL[kind])
            flowers.append(Flower(kind, colour, spot))
        return flowers

    def single_spot(self) -> list[Spot]:
        return [self.spot(self.dice.uniform(-3, 3), 76, 20, 0.94)]

    def dome(self) -> list[Spot]:
        """The outer blossoms first and turned away, the front ones last and large."""
        spots = []
        for count, reach, radius, lower in ((7, 29, 7.8, 0), (6, 19, 9, 3), (4, 10, 10, 6)):
            turn = self.dice.uniform(-0.08, 0.08)
            for index in range(count):
                angle = pi * (0.02 + 0.96 * (index + 0.5) / count) + turn
                x = cos(angle) * reach * 1.12 + self.dice.uniform(-1.6, 1.6)
                y = 60 + sin(angle) * reach - lower + self.dice.uniform(-1.6, 1.6)
                size = radius * self.dice.uniform(0.86, 1.2)
                spots.append(self.spot(x, y, size, self.dice.uniform(0.78, 0.98)))
        return [*spots, self.spot(1, 53, 11.2, 0.95)]

    def spot(self, x: float, y: float, radius: float, openness: float) -> Spot:
        spin = self.dice.uniform(0, 2 * pi)
        return Spot(*self.easel.at(x, y), self.easel.size(radius), openness, spin)

    def stalks(self, flowers: list[Flower]) -> None:
        stalks = Stencil()
        for flower in flowers:
            start, end = self.easel.at(self.dice.uniform(-3, 3), NECK - 5), flower.spot
            middle = ((start[0] + end.x) / 2 - (end.x - start[0]) * 0.16, (start[1] + end.y) / 2)
            curve = smooth([start, middle, (end.x, end.y)], closed=False)
            stalks.polygon(self.easel.brush(curve, lambda _: 1.4))
        tones = (lighten(STALK, 0.15), darken(STALK, 0.35))
        self.easel.paint(stalks, self.easel.down(tones, 80, NECK))

    def fan(self, reach: float, colour: Colour, count: int) -> None:
        """Leaves spread out from the neck of the vase."""
        outlines = []
        for index in range(count):
            angle = pi * (0.06 + 0.88 * (index + self.dice.uniform(0.2, 0.8)) / count)
            out = reach * self.dice.uniform(0.42, 0.62) + self.dice.uniform(6, 9)
            root = (cos(angle) * 5, NECK + 12.0)
            outlines.append((root, (cos(angle) * out * 0.86, NECK + sin(angle) * out)))
        self.leaves(outlines, colour)

    def stalk_leaves(self) -> None:
        outlines = [((0.0, NECK + 12 * i), (17.0 * (-1) ** i, NECK + 14 + 10 * i)) for i in (0, 1)]
        self.leaves(outlines, rgb("6f9f62"))

    def leaves(
        self, outlines: list[tuple[tuple[float, float], tuple[float, float]]], colour: Colour
    ) -> None:
        leaves, veins = Stencil(), Stencil()
        for (x, y), (tip_x, tip_y) in outlines:
            middle = f"{(x + tip_x) * 0.54},{(y + tip_y) / 2 + 2}"
            curve = self.easel.curve(f"{x},{y} {middle} {tip_x},{tip_y}")
            leaves.polygon(self.easel.brush(curve, _leaf))
            veins.line(curve, 1.5)
        tones = (lighten(colour, 0.2), colour, darken(colour, 0.3))
        self.easel.paint(leaves, self.easel.down(tones, 75, NECK))
        self.easel.paint(veins, lighten(colour, 0.4), opacity=0.45)

    def sprigs(self) -> None:
        """Small white buds that stand out of the bouquet."""
        easel, twigs, buds = self.easel, Stencil(), Stencil()
        for _ in range(9):
            angle = pi * self.dice.uniform(0.08, 0.92)
            tip = easel.at(cos(angle) * 36, 58 + sin(angle) * 34)
            twigs.line([easel.at(0, NECK), tip], 2.2)
            for _ in range(self.canvas.many(12)):
                x, y = (middle + self.dice.gauss(0, easel.size(2.6)) for middle in tip)
                buds.dot(x, y, easel.size(self.dice.uniform(0.4, 0.9)))
        easel.paint(twigs, rgb("6f8a58"))
        easel.paint(buds, rgb("fbf6ee"))

    def vase(self, slim: float) -> None:
        easel, tone = self.easel, rgb(self.dice.choice(VASES))
        profile = ((8.5, NECK), (6.8, 31), (10, 22), (13.5, 12), (12, 3), (8, 0))
        half = " ".join(f"{x * slim},{y}" for x, y in profile)
        outline = easel.curve(half) + easel.curve(half, flip=-1)[::-1]
        edges = (darken(tone, 0.12), lighten(tone, 0.35), tone, darken(tone, 0.4))
        easel.paint(Stencil().polygon(outline), easel.across(edges, -14 * slim, 14 * slim))
        easel.paint(easel.ovals((0, NECK, 8.5 * slim, 1.8)), darken(tone, 0.45))
        shine = easel.shape(f"{-7.5 * slim},20 {-6.2 * slim},20 {-8.5 * slim},11 {-10.2 * slim},11")
        easel.paint(shine, WHITE, opacity=0.5, blur=0.35)


def _leaf(share: float) -> float:
    return 6.2 * sin(pi * min(1.0, share**1.5 * 0.98 + 0.01))
