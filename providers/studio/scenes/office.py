"""A bright office: a window on the town, shelves, a lamp, plants, and a desk across the front."""

from providers.studio import furniture, paints, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, ramp, rgb
from providers.studio.light import Light, light_of
from providers.studio.scenes import SCENES, Stage
from providers.studio.shapes import box

WALLS = ramp("e9e2d8 d5e0df e6d8cd d9dde8 dfe3d4")
SHADOW = rgb("2a2430")
OPEN = "openplan coworking workspaces großraum* startup"


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("office")
    light = light_of(brief, canvas.dice("light"), usual=("day", "day", "dawn", "sunset"))
    room = Room(canvas, light, mirrored=dice.random() < 0.5)
    wall = brief.colour_of(SCENES["office"].words, dice.choice(WALLS))
    with canvas.backdrop():
        room.walls(mix(wall, rgb("e8e2d8"), 0.25))
        room.window()
        canvas.lamp = room.lamp
        room.shelves()
        if brief.has(OPEN):
            room.islands()
        room.furnish()
        canvas.lamp = WHITE
    lamp = mix(room.lamp, WHITE, 0.5)
    size = min(canvas.h * 0.62, canvas.w * 0.62)
    return Stage(room.at(0.53), room.desk + 95, size, lamp)


class Room:
    """Laid out from left to right, or mirrored."""

    def __init__(self, canvas: Canvas, light: Light, *, mirrored: bool) -> None:
        self.canvas, self.light, self.mirrored = canvas, light, mirrored
        self.desk = canvas.h * 0.76
        self.lamp = mix(light.ambient, rgb("fff1dc"), 0.55 if light.is_dark else 0.45)

    def at(self, share: float) -> float:
        return self.canvas.w * (1 - share if self.mirrored else share)

    def walls(self, colour: Colour) -> None:
        canvas = self.canvas
        canvas.lamp = self.lamp
        ends = (lighten(colour, 0.12), darken(colour, 0.16))
        canvas.fill(paints.across(ends[::-1] if self.mirrored else ends, 0, canvas.w))
        canvas.lamp = WHITE
        skirting = Stencil().polygon(box(0, self.desk - 26, canvas.w, self.desk))
        canvas.paint(skirting, SHADOW, opacity=0.06)

    def window(self) -> None:
        canvas, light = self.canvas, self.light
        left, right = sorted((self.at(0.06), self.at(0.56)))
        top, bottom, middle = canvas.h * 0.1, canvas.h * 0.58, (left + right) / 2
        pane = Stencil().polygon(box(left, top, right, bottom))
        canvas.paint(pane, paints.down(light.sky, top, bottom))
        noise = canvas.noise("clouds", (1.6, 4), bottom, octaves=4)
        canvas.paint_mask(textures.threshold(noise, 0.55, 0.9, 0.7), light.cloud, clip=pane)
        self.town(left, right, bottom, pane)
        shine = paints.linear((WHITE, light.sky[-1]), (left, top), (right, bottom))
        canvas.paint(pane, shine, opacity=0.12)
        frame = Stencil().polygon(box(left - 16, top - 16, right + 16, bottom + 16))
        frame.polygon(box(left, top, right, bottom), hole=True)
        frame.line([(middle, top), (middle, bottom)], 11)
        sill = Stencil().polygon(box(left - 34, bottom + 10, right + 34, bottom + 32, radius=4))
        below = Stencil().polygon(box(left - 28, bottom + 32, right + 28, bottom + 46))
        canvas.lamp, white = self.lamp, rgb("fdfaf5")
        canvas.paint(frame, paints.down((white, darken(white, 0.1)), top, bottom))
        canvas.paint(below, SHADOW, opacity=0.22, blur=7)
        canvas.paint(sill, paints.down((white, darken(white, 0.2)), bottom + 10, bottom + 32))
        canvas.lamp = WHITE

    def town(self, left: float, right: float, bottom: float, pane: Stencil) -> None:
        """What the window looks on: two rows of towers, lit at night."""
        canvas, dice = self.canvas, self.canvas.dice("town")
        for distance, tallest in ((0.75, 190), (0.5, 120)):
            towers, x = Stencil(), left - 10
            while x < right:
                width, tall = dice.uniform(26, 60), dice.uniform(40, tallest)
                towers.polygon(box(x, bottom - tall, x + width, bottom))
                x += width + dice.uniform(-6, 8)
            canvas.paint(towers, self.light.on(rgb("5f6c88"), distance), clip=pane)
        if self.light.is_dark:
            spots = []
            for _ in range(canvas.many(110)):
                x, y = dice.uniform(left, right), bottom - 110 * dice.random() ** 1.5
                spots.append((x, y, x + 4.5, y + 5.5))
            canvas.paint(Stencil().panes(spots), rgb("ffd27f"), opacity=0.85, clip=pane)

    def shelves(self) -> None:
        canvas, (left, right) = self.canvas, sorted((self.at(0.66), self.at(0.95)))
        upper, lower = canvas.h * 0.25, canvas.h * 0.43
        for y, free in ((upper, 84), (lower, 114)):
            furniture.shelf(canvas, left, right, y)
            furniture.books(canvas, f"books {free}", left + 14, right - free, y)
        furniture.globe(canvas, Stage(right - 52, upper, 76))
        furniture.potted_plant(canvas, Stage(right - 58, lower, 100))

    def furnish(self) -> None:
        canvas, dark = self.canvas, self.light.is_dark
        lamp = Stage(self.at(0.62), canvas.h * 0.2 + 6, 58)
        furniture.pendant_lamp(canvas, lamp, glow=0.55 if dark else 0.22)
        furniture.rubber_plant(canvas, Stage(self.at(0.9), self.desk + 20, 280))
        self.sunlight()
        self.desk_top()
        laptop = Stage(self.at(0.19), self.desk + 92, 200)
        furniture.laptop(canvas, laptop, glow=0.4 if dark else 0.12)
        mug = Stage(self.at(0.87), self.desk + 128, 75)
        furniture.mug(canvas, mug, flip=-1 if self.mirrored else 1)
        furniture.papers(canvas, Stage(self.at(0.69), canvas.h - 10, 100))

    def islands(self) -> None:
        """Desks further back, with screens and chairs: an open plan."""
        canvas, screens = self.canvas, ramp("2c3448 5d93c8 a8cfe8")
        for row, (y, scale, count) in enumerate(((0.63, 0.55, 5), (0.715, 0.8, 4))):
            floor, wide = canvas.h * y, canvas.w / count
            band = Stencil().polygon(box(0, floor + 40 * scale, canvas.w, self.desk + 10))
            canvas.paint(band, rgb("b9ab9a"), opacity=0.9)
            for index in range(count):
                x, half = wide * (index + 0.5 + 0.12 * row), 92 * scale
                legs = Stencil().line(
                    [(x - half * 0.8, floor), (x - half * 0.8, floor + 70 * scale)], 6
                )
                legs.line([(x + half * 0.8, floor), (x + half * 0.8, floor + 70 * scale)], 6)
                canvas.paint(legs, rgb("8b93a3"))
                chair = Stencil().polygon(
                    box(
                        x - 30 * scale,
                        floor - 52 * scale,
                        x + 30 * scale,
                        floor + 20 * scale,
                        radius=16 * scale,
                    )
                )
                canvas.paint(chair, rgb("4f7f78") if index % 2 else rgb("c9793f"))
                top = Stencil().polygon(
                    box(x - half, floor - 8, x + half, floor + 8 * scale, radius=3)
                )
                canvas.paint(top, rgb("e0c49c"))
                screen = Stencil().polygon(
                    box(
                        x - 52 * scale,
                        floor - 84 * scale,
                        x + 52 * scale,
                        floor - 20 * scale,
                        radius=6,
                    )
                )
                screen.polygon(box(x - 6, floor - 22 * scale, x + 6, floor - 6))
                canvas.paint(screen, screens[0])
                pane = Stencil().polygon(
                    box(
                        x - 46 * scale,
                        floor - 78 * scale,
                        x + 46 * scale,
                        floor - 27 * scale,
                        radius=3,
                    )
                )
                canvas.paint(pane, paints.down(screens[1:], floor - 80 * scale, floor - 20 * scale))

    def sunlight(self) -> None:
        """Slanted light from the window across the wall."""
        beams, lean = Stencil(), -1 if self.mirrored else 1
        top = self.canvas.h * 0.08
        for x in (self.at(0.16), self.at(0.4)):
            upper, lower = [(x, top), (x + lean * 190, top)], [560, 330]
            beams.polygon([*upper, *((x + lean * shift, self.desk) for shift in lower)])
        strength = 0.05 if self.light.is_dark else 0.2
        self.canvas.paint(beams, self.light.glow, opacity=strength, blur=16, blend="screen")

    def desk_top(self) -> None:
        canvas, y, wood = self.canvas, self.desk, rgb("b98554")
        top = Stencil().polygon(box(-10, y, canvas.w + 10, canvas.h + 10))
        tones = (lighten(wood, 0.22), wood, darken(wood, 0.22))
        canvas.paint(top, paints.down(tones, y, canvas.h))
        if canvas.detail.texture:
            noise = canvas.noise("wood", (2.2, 90), canvas.h - y, octaves=3)
            canvas.rub(textures.relief(noise, 0.3), top, top=y)
        edge = Stencil().line([(0, y + 1), (canvas.w, y + 1)], 4)
        canvas.paint(edge, lighten(wood, 0.5), opacity=0.7)
        wall_shade = Stencil().polygon(box(0, y - 16, canvas.w, y))
        canvas.paint(wall_shade, SHADOW, opacity=0.18, blur=8)
