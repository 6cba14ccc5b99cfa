"""How a plant lives from light: sun, water and carbon dioxide in, sugar and oxygen out."""

from math import cos, pi, sin

from providers.studio import paints
from providers.studio.board import Board
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, ramp, rgb
from providers.studio.shapes import Point, ribbon, smooth
from providers.studio.wording import say

# Sky, soil and leaf.
DAYS = (
    "8fcdf0 cfeafa f2fbf3 / 8a5a36 4f311d / 58a84a",
    "a9d8ea e6f1df fdf3d8 / 7a5c40 463222 / 6aa63c",
    "9cc9f5 d9def8 fbe9ee / 96613a 5a3520 / 3f9d63",
)
SUN, WATER, AIR, OXYGEN, SUGAR = (
    rgb(c) for c in ("f6a81c", "2a7fd4", "66707f", "159a86", "c2497f")
)


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.3, tallest=1.3, plain=True)
    Plant(board).draw()


class Plant:
    def __init__(self, board: Board) -> None:
        self.board, self.canvas = board, board.canvas
        self.ground = board.top + board.h * 0.79
        self.x = (board.left + board.right) / 2
        dice = board.canvas.dice("day")
        self.sky, self.soil, (self.green,) = (ramp(row) for row in dice.choice(DAYS).split("/"))
        self.mirrored = dice.random() < 0.5

    def at(self, x: float, y: float) -> Point:
        return self.board.at(1 - x if self.mirrored else x, y)

    def draw(self) -> None:
        self.world()
        self.roots()
        self.plant()
        self.flows()
        board = self.board
        heading = say(board.brief, "Photosynthesis|Photosynthese")
        board.text(
            heading,
            self.x,
            board.top + board.h * 0.06,
            board.h * 0.06,
            colour=rgb("1d4a2a"),
            weight=0.05,
        )
        formula = say(
            board.brief,
            "6 CO2 + 6 H2O + light = C6H12O6 + 6 O2|6 CO2 + 6 H2O + Licht = C6H12O6 + 6 O2",
        )
        board.text(
            formula,
            self.x,
            board.bottom - board.h * 0.042,
            34,
            colour=rgb("ffeedd"),
            room=board.w * 0.86,
            weight=0.02,
        )

    def world(self) -> None:
        canvas, board, ground = self.canvas, self.board, self.ground
        with canvas.backdrop():
            canvas.fill(paints.down(self.sky, 0, ground))
            soil = Stencil().polygon(
                [(0, ground), (canvas.w, ground), (canvas.w, canvas.h), (0, canvas.h)]
            )
            canvas.paint(soil, paints.down(self.soil, ground, canvas.h))
            stones, dice = Stencil(), canvas.dice("stones")
            for _ in range(canvas.many(40)):
                x, y = dice.uniform(0, canvas.w), dice.uniform(ground + 30, canvas.h)
                stones.dot(x, y, dice.uniform(3, 9), dice.uniform(2, 6))
            canvas.paint(stones, rgb("c49a6c"), opacity=0.35)
            grass = Stencil()
            for index in range(int(canvas.w / 9)):
                x = index * 9.0
                tip = (x + dice.uniform(-8, 8), ground - dice.uniform(10, 30))
                grass.polygon([(x - 4, ground + 4), tip, (x + 5, ground + 4)])
            grass.polygon(
                [(0, ground - 4), (canvas.w, ground - 4), (canvas.w, ground + 12), (0, ground + 12)]
            )
            canvas.paint(grass, rgb("5d9a41"))
        x, y = self.at(0.15, 0.2)
        canvas.glow(x, y, board.h * 0.42, rgb("fff0b8"), 0.8)
        rays = Stencil()
        for index in range(12):
            a = 2 * pi * index / 12
            rays.line([(x + r * cos(a), y + r * sin(a)) for r in (92, 124)], 10)
        canvas.paint(rays, SUN)
        canvas.paint(Stencil().dot(x, y, 76), paints.radial(ramp("fff3b0 ffd54a f8b021"), x, y, 80))

    def roots(self) -> None:
        roots = Stencil()
        for dx, dy in ((-0.2, 0.1), (-0.1, 0.14), (0.0, 0.15), (0.11, 0.13), (0.21, 0.09)):
            end = (self.x + dx * self.board.w, self.ground + dy * self.board.h)
            way = [
                (self.x, self.ground - 8),
                (self.x + dx * self.board.w * 0.35, self.ground + dy * self.board.h * 0.45),
                end,
            ]
            roots.polygon(ribbon(smooth(way, closed=False), lambda share: 15 - 11 * share))
        self.canvas.paint(roots, rgb("e3c59a"))

    def plant(self) -> None:
        board, canvas = self.board, self.canvas
        top = board.top + board.h * 0.33
        way = [(self.x, self.ground + 6), (self.x - 8, (self.ground + top) / 2), (self.x, top)]
        stem = Stencil().polygon(ribbon(smooth(way, closed=False), lambda share: 30 - 16 * share))
        canvas.paint(stem, paints.across(ramp("6fae4c 3f7d36"), self.x - 15, self.x + 15))
        size = board.h * 0.23
        for height, side, angle, scale in (
            (0.68, -1, 0.25, 0.85),
            (0.66, 1, 0.3, 0.9),
            (0.55, -1, 0.55, 1.1),
            (0.53, 1, 0.5, 1.15),
            (0.42, -1, 0.85, 0.85),
            (0.41, 1, 0.85, 0.85),
            (0.35, 1, 1.5, 0.7),
        ):
            self.leaf((self.x, board.top + board.h * height), side, angle, size * scale)

    def leaf(self, foot: Point, side: int, angle: float, size: float) -> None:
        canvas = self.canvas

        def at(along: float, aside: float) -> Point:
            dx = along * cos(angle) - aside * sin(angle)
            dy = -along * sin(angle) - aside * cos(angle)
            return foot[0] + side * dx * size, foot[1] + dy * size

        outline = [
            at(*p)
            for p in ((0, 0), (0.3, 0.2), (0.65, 0.22), (1.05, 0.02), (0.7, -0.17), (0.3, -0.15))
        ]
        blade = Stencil().polygon(smooth(outline, steps=8))
        green = self.green
        tones = (lighten(green, 0.3), green, darken(green, 0.28))
        canvas.paint(blade, paints.linear(tones, at(0.6, 0.25), at(0.5, -0.2)))
        veins = Stencil().line([at(0, 0), at(0.55, 0.03), at(0.98, 0.02)], 5)
        for share in (0.25, 0.45, 0.65):
            veins.line([at(share, 0.02), at(share + 0.14, 0.13)], 3)
            veins.line([at(share, 0.02), at(share + 0.14, -0.1)], 3)
        canvas.paint(veins, lighten(green, 0.55), opacity=0.8, clip=blade)

    def flows(self) -> None:
        """Each thing that flows: an arrow with its name in a label."""
        word = self.board.brief
        for name, colour, ends, label in (
            (say(word, "Sunlight|Sonnenlicht"), SUN, ((0.26, 0.25), (0.385, 0.4)), (0.16, 0.385)),
            (
                say(word, "Carbon dioxide CO2|Kohlendioxid CO2"),
                AIR,
                ((0.11, 0.58), (0.29, 0.56)),
                (0.17, 0.645),
            ),
            (
                say(word, "Oxygen O2|Sauerstoff O2"),
                OXYGEN,
                ((0.7, 0.4), (0.86, 0.29)),
                (0.83, 0.235),
            ),
            (
                say(word, "Sugar (glucose)|Zucker (Glukose)"),
                SUGAR,
                ((0.72, 0.6), (0.86, 0.63)),
                (0.83, 0.7),
            ),
            (say(word, "Water H2O|Wasser H2O"), WATER, ((0.2, 0.9), (0.4, 0.862)), (0.17, 0.836)),
        ):
            board = self.board
            points = [self.at(*end) for end in ends]
            board.arrow(points, colour, width=16)
            self.label(name, *self.at(*label), colour)
        drops = Stencil()
        for share in (0.25, 0.5, 0.75):
            x, y = self.at(0.2 + 0.18 * share, 0.935 - 0.03 * share)
            drops.dot(x, y, 8).polygon([(x - 7, y - 3), (x, y - 19), (x + 7, y - 3)])
        self.canvas.paint(drops, lighten(WATER, 0.35))

    def label(self, name: str, x: float, y: float, colour: Colour) -> None:
        if self.canvas.silent:
            return
        board, wide, high = self.board, self.board.w * 0.145, 27.0
        frame = (x - wide, y - high, x + wide, y + high)
        board.card(frame, WHITE, radius=high, edge=colour)
        board.text(name, x, y, 29, colour=darken(colour, 0.35), room=wide * 1.8, weight=0.03)
