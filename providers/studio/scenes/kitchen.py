"""A fitted kitchen: cupboards, stove with hood, sink below the window, fridge, lamps."""

from providers.studio import furniture, paints, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.light import Light, light_of
from providers.studio.scenes import SCENES, Stage
from providers.studio.shapes import box

FRONTS = ramp("f3f1ec 3f5f5a 34465e c9d6cf e9dcc6 7d93a8")
STEEL = ramp("eceff3 bcc3cd 8f97a5")
SHADOW = rgb("2a2430")
WOOD = rgb("b98554")


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("kitchen")
    light = light_of(brief, canvas.dice("light"), usual=("day", "day", "dawn"))
    fronts = brief.colour_of(
        SCENES["kitchen"].words + " cabinet cupboard schrank", dice.choice(FRONTS)
    )
    kitchen = Kitchen(canvas, light, fronts, mirrored=dice.random() < 0.5)
    with canvas.backdrop():
        kitchen.draw()
    canvas.lamp = WHITE
    size = min(canvas.h * 0.46, canvas.w * 0.5)
    return Stage(kitchen.at(0.62), kitchen.counter + 24, size, mix(kitchen.lamp, WHITE, 0.5))


class Kitchen:
    """Laid out from left to right, or mirrored."""

    def __init__(self, canvas: Canvas, light: Light, fronts: Colour, *, mirrored: bool) -> None:
        self.canvas, self.light, self.fronts, self.mirrored = canvas, light, fronts, mirrored
        self.lamp = mix(light.ambient, rgb("fff1dc"), 0.55 if light.is_dark else 0.4)
        self.counter, self.floor = canvas.h * 0.585, canvas.h * 0.9

    def at(self, share: float) -> float:
        return self.canvas.w * (1 - share if self.mirrored else share)

    def span(self, start: float, end: float) -> tuple[float, float]:
        left, right = sorted((self.at(start), self.at(end)))
        return left, right

    def plate(
        self,
        colour: Colour,
        left: float,
        top: float,
        right: float,
        bottom: float,
        *,
        radius: float = 0.0,
        shadow: float = 0.0,
    ) -> Stencil:
        if shadow:
            under = Stencil().polygon(
                box(left + 4, top + 10, right + 8, bottom + 12, radius=radius)
            )
            self.canvas.paint(under, SHADOW, opacity=shadow, blur=9)
        form = Stencil().polygon(box(left, top, right, bottom, radius=radius))
        self.canvas.paint(
            form, paints.down((lighten(colour, 0.1), darken(colour, 0.1)), top, bottom)
        )
        return form

    def draw(self) -> None:
        canvas = self.canvas
        canvas.lamp = self.lamp
        canvas.fill(paints.down((rgb("f3eee6"), rgb("e2dacd")), 0, self.floor))
        self.tiles()
        self.ground()
        self.window()
        self.uppers()
        self.hood()
        self.base()
        self.stove()
        self.sink()
        self.fridge()
        self.things()

    def tiles(self) -> None:
        canvas, top = self.canvas, self.canvas.h * 0.36
        self.plate(rgb("f6f4ef"), 0, top, canvas.w, self.counter)
        joints, high, row = Stencil(), 34.0, 0
        y = top
        while y < self.counter:
            joints.line([(0, y), (canvas.w, y)], 2)
            x = -40.0 if row % 2 else 0.0
            while x < canvas.w:
                joints.line([(x, y), (x, min(self.counter, y + high))], 2)
                x += 80
            y, row = y + high, row + 1
        canvas.paint(joints, rgb("c9c2b6"), opacity=0.8)

    def ground(self) -> None:
        canvas = self.canvas
        floor = self.plate(rgb("c8a27c"), 0, self.floor, canvas.w, canvas.h)
        boards = Stencil()
        for share in (0.3, 0.65):
            y = self.floor + (canvas.h - self.floor) * share
            boards.line([(0, y), (canvas.w, y)], 2.5)
        canvas.paint(boards, darken(WOOD, 0.4), opacity=0.5)
        if canvas.detail.texture:
            noise = canvas.noise("wood", (2.2, 90), canvas.h - self.floor, octaves=2)
            canvas.rub(textures.relief(noise, 0.25), floor, top=self.floor)

    def window(self) -> None:
        canvas, light = self.canvas, self.light
        left, right = self.span(0.235, 0.5)
        top, bottom = canvas.h * 0.1, canvas.h * 0.47
        self.plate(rgb("fdfaf5"), left - 16, top - 16, right + 16, bottom + 16, shadow=0.15)
        pane = Stencil().polygon(box(left, top, right, bottom))
        canvas.lamp = WHITE
        canvas.paint(pane, paints.down(light.sky, top, bottom + 60))
        hill = Stencil()
        for share, size in ((0.2, 0.3), (0.75, 0.36)):
            hill.dot(left + (right - left) * share, bottom + 30, (right - left) * size, 110)
        canvas.paint(hill, light.on(rgb("6f9e4a"), 0.25), clip=pane)
        canvas.glow((left + right) / 2, (top + bottom) / 2, (right - left) * 0.9, light.glow, 0.28)
        canvas.lamp = self.lamp
        bars = Stencil().line([((left + right) / 2, top), ((left + right) / 2, bottom)], 12)
        bars.line([(left, top + (bottom - top) * 0.36), (right, top + (bottom - top) * 0.36)], 8)
        canvas.paint(bars, rgb("fdfaf5"))
        self.plate(rgb("fdfaf5"), left - 30, bottom + 12, right + 30, bottom + 28, radius=4)
        plant = Stage(left + (right - left) * 0.2, bottom + 14, 96)
        furniture.potted_plant(canvas, plant)

    def door(self, left: float, top: float, right: float, bottom: float, *, low: bool) -> None:
        """A cupboard front with its inner panel and its handle."""
        self.plate(self.fronts, left + 3, top + 3, right - 3, bottom - 3, radius=5)
        inner = Stencil().polygon(box(left + 16, top + 16, right - 16, bottom - 16, radius=4))
        self.canvas.paint(inner, darken(self.fronts, 0.12), opacity=0.35)
        middle = (left + right) / 2
        y = top + 26 if low else bottom - 26
        handle = Stencil().polygon(box(middle - 22, y - 4, middle + 22, y + 4, radius=4))
        self.canvas.paint(handle, rgb("c9a24f"))

    def uppers(self) -> None:
        canvas = self.canvas
        top, bottom = canvas.h * 0.08, canvas.h * 0.35
        left, right = self.span(0.81, 0.985)
        self.plate(self.fronts, left, top, right, bottom, shadow=0.25)
        middle = (left + right) / 2
        self.door(left, top, middle, bottom, low=False)
        self.door(middle, top, right, bottom, low=False)

    def hood(self) -> None:
        canvas, (left, right) = self.canvas, self.span(0.545, 0.775)
        middle, top, bottom = (left + right) / 2, canvas.h * 0.24, canvas.h * 0.33
        self.plate(STEEL[1], middle - 46, 0, middle + 46, top)
        shape = Stencil().polygon(
            [(middle - 60, top), (middle + 60, top), (right, bottom), (left, bottom)]
        )
        canvas.paint(shape, paints.across(STEEL, left, right))
        self.plate(STEEL[2], left, bottom, right, bottom + 18, radius=3, shadow=0.2)
        canvas.glow(middle, bottom + 60, 190, rgb("ffe6b0"), 0.35)

    def base(self) -> None:
        canvas, top = self.canvas, self.counter
        left, right = self.span(0.2, 1.01)
        self.plate(self.fronts, left, top + 24, right, self.floor - 22)
        self.plate(rgb("2d2a2e"), left, self.floor - 24, right, self.floor)
        count = max(4, round((right - left) / 190))
        wide = (right - left) / count
        for index in range(count):
            x = left + wide * index
            self.door(x, top + 26, x + wide, self.floor - 24, low=True)
        slab = self.plate(WOOD, left - 10, top, right + 10, top + 28, radius=3, shadow=0.3)
        canvas.paint(slab, lighten(WOOD, 0.35), opacity=0.3)

    def stove(self) -> None:
        canvas, (left, right), top = self.canvas, self.span(0.545, 0.775), self.counter
        middle = (left + right) / 2
        self.plate(STEEL[1], left, top + 2, right, self.floor - 20)
        self.plate(rgb("20232b"), left + 4, top - 6, right - 4, top + 8, radius=3)
        knobs = Stencil()
        for index in range(4):
            knobs.dot(left + (right - left) * (0.2 + 0.2 * index), top + 34, 12)
        canvas.paint(knobs, rgb("30343d"))
        pane = (left + 24, top + 68, right - 24, self.floor - 54)
        self.plate(rgb("1d2027"), *pane, radius=10)
        canvas.glow(middle, (pane[1] + pane[3]) / 2, 120, rgb("ff9d4a"), 0.4)
        self.plate(STEEL[0], left + 24, top + 54, right - 24, top + 62, radius=4)
        self.pot(middle - (right - left) * 0.2, top - 6, (right - left) * 0.2)
        easel = Easel(canvas, Stage(middle + (right - left) * 0.24, top - 6, 60))
        pan = rgb("2b2f38")
        easel.paint(easel.plate(0, 16, 62, 15, 10), easel.down((lighten(pan, 0.25), pan), 30, 0))
        easel.paint(easel.plate(100, 22, 44, 5, 4), rgb("5a3d28"))

    def pot(self, x: float, foot: float, half: float) -> None:
        red, canvas = rgb("c9483c"), self.canvas
        high = half * 1.15
        body = Stencil().polygon(box(x - half, foot - high, x + half, foot, radius=14))
        canvas.paint(
            body, paints.across((lighten(red, 0.25), red, darken(red, 0.3)), x - half, x + half)
        )
        lid = Stencil().polygon(
            box(x - half * 1.06, foot - high - 10, x + half * 1.06, foot - high + 6, radius=7)
        )
        lid.dot(x, foot - high - 18, 11)
        lid.polygon(
            box(x - half * 1.35, foot - high * 0.75, x - half, foot - high * 0.58, radius=5)
        )
        lid.polygon(
            box(x + half, foot - high * 0.75, x + half * 1.35, foot - high * 0.58, radius=5)
        )
        canvas.paint(lid, darken(red, 0.2))
        steam = Stencil()
        for dx in (-18, 14):
            way = [(x + dx + 10 * (-1) ** step, foot - high - 34 - 26 * step) for step in range(5)]
            steam.line(way, 9)
        canvas.paint(steam, WHITE, opacity=0.35, blur=8)

    def sink(self) -> None:
        canvas, top = self.canvas, self.counter
        left, right = self.span(0.29, 0.45)
        middle = (left + right) / 2
        self.plate(STEEL[0], left, top - 4, right, top + 10, radius=5)
        tap = [
            (middle, top - 2),
            (middle, top - 84),
            (middle + 12, top - 108),
            (middle + 40, top - 114),
            (middle + 62, top - 100),
            (middle + 64, top - 76),
        ]
        canvas.paint(Stencil().line(tap, 15), STEEL[2])
        canvas.paint(Stencil().line([(x - 3, y) for x, y in tap], 5), STEEL[0])

    def fridge(self) -> None:
        canvas, (left, right) = self.canvas, self.span(-0.01, 0.195)
        top = canvas.h * 0.13
        self.plate(STEEL[1], left, top, right, self.floor, radius=14, shadow=0.3)
        tone = paints.across(STEEL if not self.mirrored else STEEL[::-1], left, right)
        split = top + (self.floor - top) * 0.36
        for upper, lower in ((top + 4, split - 4), (split + 4, self.floor - 6)):
            canvas.paint(Stencil().polygon(box(left + 4, upper, right - 4, lower, radius=12)), tone)
        x = left + 26 if self.mirrored else right - 26
        for upper, lower in ((split - 120, split - 28), (split + 28, split + 170)):
            self.plate(rgb("6d7482"), x - 7, upper, x + 7, lower, radius=6)

    def things(self) -> None:
        """Lamps, fruit, a cutting board, spice jars."""
        canvas, top = self.canvas, self.counter
        glow = 0.5 if self.light.is_dark else 0.16
        for share in (0.29, 0.52):
            furniture.pendant_lamp(canvas, Stage(self.at(share), canvas.h * 0.13, 44), glow=glow)
        x = self.at(0.87)
        bowl = Stencil().polygon(
            [(x - 74, top - 46), (x + 74, top - 46), (x + 40, top), (x - 40, top)]
        )
        for dx, dy, code in (
            (-38, 58, "e4572e"),
            (0, 66, "f2a33a"),
            (38, 58, "7fb24a"),
            (-18, 84, "f0c93f"),
            (20, 86, "d9453d"),
        ):
            fruit = Stencil().dot(x + dx, top - dy, 27)
            tones = (lighten(rgb(code), 0.4), rgb(code), darken(rgb(code), 0.25))
            canvas.paint(fruit, paints.radial(tones, x + dx - 8, top - dy - 9, 36))
        canvas.paint(bowl, paints.across(ramp("f4efe6 cfc6b8"), x - 74, x + 74))
        x = self.at(0.5)
        self.plate(rgb("a86f42"), x - 26, top - 128, x + 38, top, radius=14)
        for index, code in enumerate(("d9a441", "8f4a2f", "6b7f5e")):
            left = self.at(0.955) - 34 + 34 * index
            self.plate(rgb(code), left, top - 62, left + 26, top, radius=6)
            self.plate(rgb("4a3a30"), left + 2, top - 74, left + 24, top - 60, radius=4)
