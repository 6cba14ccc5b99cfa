"""What a celebration is decorated with: bunting, confetti, balloons and a cake."""

from math import cos, pi, sin

from providers.studio import lettering, paints
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.scenes import Stage
from providers.studio.shapes import Point, Points, ellipse, smooth

Colours = tuple[Colour, ...]

BALLOON = "0,100 26,92 41,66 36,37 17,12 4,3 0,2"
FLAME = "0,100 24,41 15,5 0,0 -15,5 -24,41"
CHINA = rgb("f7f3ee")
CREAM = rgb("fff6ee")


def confetti(canvas: Canvas, colours: Colours) -> None:
    """Over the whole sheet but its middle, where the writing is."""
    dice = canvas.dice("confetti")
    layers = [Stencil() for _ in colours]
    for _ in range(canvas.many(130 * canvas.w * canvas.h / 1e6)):
        x, y = dice.uniform(0, canvas.w), dice.uniform(0, canvas.h)
        size, spin, layer = dice.uniform(4, 8.5), dice.uniform(0, pi), dice.choice(layers)
        kind = dice.choice(("dot", "diamond", "curl"))
        if abs(x / canvas.w - 0.5) < 0.34 and 0.24 < y / canvas.h < 0.66:
            continue
        if kind == "dot":
            layer.dot(x, y, size * 0.6)
        elif kind == "diamond":
            layer.polygon(ellipse(x, y, size, size * 0.34, turn=spin, steps=4))
        else:
            layer.line(_curl(x, y, size, spin), 2.6)
    for colour, layer in zip(colours, layers, strict=True):
        canvas.paint(layer, colour, opacity=0.8)


def _curl(x: float, y: float, size: float, spin: float) -> Points:
    curl: Points = []
    for step in range(-4, 5):
        along, aside = step * 0.32 * size, sin(step * 0.8) * 0.5 * size
        curl.append(
            (x + along * cos(spin) - aside * sin(spin), y + along * sin(spin) + aside * cos(spin))
        )
    return curl


def bunting(canvas: Canvas, colours: Colours, ink: Colour) -> None:
    sag, count = canvas.dice("bunting").uniform(70, 110), max(7, round(canvas.w / 100))
    shares = [step / 60 for step in range(61)]
    cord = [(canvas.w * (s * 1.06 - 0.03), 34 + sag * (1 - (2 * s - 1) ** 2)) for s in shares]
    flags: list[Points] = []
    for index in range(count):
        (x, y), (end_x, end_y) = (cord[round(60 * (index + part) / count)] for part in (0.1, 0.9))
        flags.append([(x, y), (end_x, end_y), ((x + end_x) / 2, max(y, end_y) + 82)])
    shadow = Stencil()
    for flag in flags:
        shadow.polygon([(x + 4, y + 8) for x, y in flag])
    canvas.paint(shadow, rgb("3a2a3a"), opacity=0.18, blur=6)
    for index, flag in enumerate(flags):
        colour = colours[index % len(colours)]
        tones = (lighten(colour, 0.18), colour, darken(colour, 0.14))
        canvas.paint(Stencil().polygon(flag), paints.linear(tones, flag[0], flag[2]))
    canvas.paint(Stencil().line(cord, 3), ink, opacity=0.75)


def balloons(canvas: Canvas, colours: Colours, ink: Colour) -> None:
    """A bunch on either side, tied at the bottom."""
    dice, short = canvas.dice("balloons"), min(canvas.w, canvas.h)
    for side in (-1, 1):
        tie: Point = (canvas.w * (0.5 + side * 0.37), canvas.h * 0.93)
        for index, (aside, height) in enumerate(((56, 0.44), (-16, 0.56), (66, 0.66), (-58, 0.72))):
            x = canvas.w * (0.5 + side * 0.38) + side * aside * dice.uniform(0.85, 1.1)
            y = canvas.h * height + dice.uniform(-26, 26)
            colour = colours[(index + side + 1) % len(colours)]
            _balloon(canvas, Stage(x, y, short * dice.uniform(0.155, 0.195)), tie, colour, ink)


def _balloon(canvas: Canvas, knot: Stage, tie: Point, colour: Colour, ink: Colour) -> None:
    easel = Easel(canvas, knot)
    way: Point = (knot.x + (tie[0] - knot.x) * 0.2 + 14, knot.floor + (tie[1] - knot.floor) * 0.4)
    string = smooth([(knot.x, knot.floor), way, tie], closed=False)
    canvas.paint(Stencil().line(string, 2), ink, opacity=0.45)
    easel.paint(Stencil().polygon(easel.points("0,6 6,-3 -6,-3")), darken(colour, 0.2))
    tones = (lighten(colour, 0.5), lighten(colour, 0.08), colour, darken(colour, 0.26))
    easel.paint(easel.symmetric(BALLOON), easel.radial(tones, -14, 72, 73), opacity=0.96)
    shine = ellipse(*easel.at(-17, 75), easel.size(5.4), easel.size(11), turn=0.5)
    easel.paint(Stencil().polygon(shine), WHITE, opacity=0.7, blur=1.9)


class Cake:
    """Two tiers on a stand, with candles or, if an age is known, with its number."""

    def __init__(self, canvas: Canvas, stage: Stage, colours: Colours, age: str) -> None:
        self.easel, self.canvas, self.colours, self.age = Easel(canvas, stage), canvas, colours, age

    def draw(self) -> None:
        easel, colours = self.easel, self.colours
        easel.ground_shadow(56)
        foot = Stencil().polygon(easel.points("-7,10 7,10 20,0 -20,0"))
        easel.paint(foot, easel.across((darken(CHINA, 0.2), CHINA, darken(CHINA, 0.3)), -20, 20))
        rim = (darken(CHINA, 0.22), WHITE, darken(CHINA, 0.18))
        easel.paint(easel.ovals((0, 11, 60, 5.5)), easel.across(rim, -60, 60))
        sponge = mix(colours[1], CREAM, 0.55)
        self.tier(12, 46, 30, sponge, mix(colours[0], CREAM, 0.25))
        self.tier(40, 30, 25, lighten(sponge, 0.3), mix(colours[3 % len(colours)], CREAM, 0.3))
        if self.age:
            self.number()
        else:
            self.candles()

    def tier(self, bottom: float, half: float, high: float, sponge: Colour, icing: Colour) -> None:
        easel, bow, top = self.easel, half * 0.13, bottom + high
        body = easel.plate(0, bottom + high / 2, half, high / 2, 0)
        body.dot(*easel.at(0, bottom), easel.size(half), easel.size(bow))
        sides = (darken(sponge, 0.12), lighten(sponge, 0.2), sponge, darken(sponge, 0.26))
        easel.paint(body, easel.across(sides, -half, half))
        pearls = Stencil()
        for share in (step / 5.5 for step in range(-5, 6)):
            y = bottom + high * 0.12 - bow * (1 - share * share) ** 0.5
            pearls.dot(*easel.at(half * share, y), easel.size(half * 0.052))
        easel.paint(pearls, self.colours[2 % len(self.colours)])
        runs = self.icing_runs(top, half, high)
        easel.paint(runs, darken(sponge, 0.5), opacity=0.2, blur=1.4, clip=body)
        sides = (darken(icing, 0.06), lighten(icing, 0.25), icing, darken(icing, 0.22))
        easel.paint(runs, easel.across(sides, -half, half), clip=body)
        lid = (icing, lighten(icing, 0.45), icing)
        easel.paint(easel.ovals((0, top, half, bow)), easel.across(lid, -half, half))

    def icing_runs(self, top: float, half: float, high: float) -> Stencil:
        """Icing that has run down the side of a tier, in drops of different length."""
        dice, drops = self.canvas.dice(f"icing {half}"), 9
        wide = half / drops * 0.62
        outline = [(-half, top), (-half, top - high * 0.2)]
        for index in range(drops):
            share = (index + 0.5) / drops * 2 - 1
            x, y = half * share, top - half * 0.13 * (1 - share * share) ** 0.5
            run = high * dice.uniform(0.24, 0.52)
            outline += [(x - wide, y - run * 0.72), (x, y - run), (x + wide, y - run * 0.72)]
            outline.append((x + wide * 1.6, y - high * 0.14))
        outline += [(half, top - high * 0.2), (half, top)]
        points = [self.easel.at(*point) for point in outline]
        return Stencil().polygon(smooth(points, steps=5))

    def number(self) -> None:
        easel, colour = self.easel, self.colours[0]
        digits = lettering.letters(self.age, *easel.at(0, 63), easel.size(34), weight=0.07)
        easel.paint(digits, darken(colour, 0.4), opacity=0.35, blur=1.4)
        easel.paint(digits, easel.down((lighten(colour, 0.3), colour), 92, 63))
        self.flame(0, 92, 11.5)

    def candles(self) -> None:
        for index, x in enumerate((-20, -10, 0, 10, 20)):
            easel, colour = self.easel, self.colours[index % len(self.colours)]
            foot, tall = 65.5 - 3 * (1 - abs(x) / 20), 20 + 2 * (index % 2)
            stick = easel.plate(x, foot + tall / 2, 1.4, tall / 2, 0.6)
            tones = (lighten(colour, 0.4), colour, darken(colour, 0.2))
            easel.paint(stick, easel.across(tones, x - 1.4, x + 1.4))
            stripes = Stencil()
            for row in range(5):
                y = foot + tall * (row + 0.3) / 5
                stripes.line(easel.points("-2,0 2,1.8", x=x, y=y), easel.size(1.1))
            easel.paint(stripes, WHITE, opacity=0.75, clip=stick)
            self.flame(x, foot + tall, 8.4)

    def flame(self, x: float, foot: float, tall: float) -> None:
        point = self.easel.at(x, foot)
        flame = Easel(self.canvas, Stage(*point, self.easel.size(tall)))
        self.canvas.glow(point[0], point[1] - flame.size(50), flame.size(210), rgb("ffb84d"), 0.55)
        flame.paint(flame.shape(FLAME), flame.down(ramp("ffdf6b ffa63d ff7a2e"), 100, 0))
        flame.paint(flame.ovals((0, 27, 10, 22)), rgb("fff7d6"), opacity=0.9, blur=5)
