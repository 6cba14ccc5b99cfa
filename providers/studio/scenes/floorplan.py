"""Rooms from above: a flat with its furniture, or a hall with tables for guests."""

from collections.abc import Callable
from math import cos, pi, sin

from providers.studio import wording
from providers.studio.board import Board, Frame
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, darken, lighten, mix, ramp, rgb
from providers.studio.shapes import arc, box
from providers.studio.widgets import inset, part
from providers.studio.wording import say

EVENT = (
    "event wedding banquet conference party seating guests tables hochzeit feier veranstaltung "
    "tagung gäste seminar classroom"
)
WALL = rgb("39414f")
LINEN, CHINA, GREEN = (rgb(code) for code in ("f4efe6", "ffffff", "5e9455"))
ROOMS = ("living", "kitchen", "bedroom", "bath", "office")
# The floors of the rooms in their order; then wood, fabric and rug.
HOMES = (
    "eddcc3 e3e7ea e6dccb d3e6ea e9e0d2 / c89b6a 6d8fb5 d98f6b",
    "d9b98f dfe9e2 cfae86 bcd9d3 e0cda9 / 8a5f3c 5f9c83 e0b75f",
    "e8e4de d5dae2 dcd3cd c8dbe6 d8d4e4 / a9835c c27a6e 8f8bb8",
    "f1e2b8 ecd6c0 f3d9cf cfe6d8 e3e6c4 / b8854a 7f6bb5 6fae9b",
)


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.55, tallest=1.3)
    hall = brief.has(EVENT)
    usual = "Room layout|Raumplan" if hall else "Floor plan|Grundriss"
    start = board.title(wording.quoted(brief) or say(brief, usual))
    edge = board.w * 0.06
    outer = (board.left + edge, start + 6, board.right - edge, board.bottom - board.h * 0.06)
    board.card(outer, rgb("f7f3ec"), radius=4, shadow=0.25)
    if hall:
        Hall(board, outer).draw()
    else:
        Flat(board, outer).draw()


class Plan:
    def __init__(self, board: Board, outer: Frame) -> None:
        self.board, self.outer, self.canvas = board, outer, board.canvas
        self.wide, self.high = outer[2] - outer[0], outer[3] - outer[1]
        self.unit = min(self.wide, self.high) / 100
        floors, pieces = self.canvas.dice("home").choice(HOMES).split("/")
        self.floors = dict(zip(ROOMS, ramp(floors), strict=True))
        self.oak, self.fabric, self.rug = ramp(pieces)

    def thing(self, frame: Frame, colour: Colour, *, radius: float = 0.8) -> None:
        """A piece of furniture, edged."""
        reach = radius * self.unit
        self.canvas.paint(Stencil().polygon(box(*frame, radius=reach)), darken(colour, 0.35))
        inner = Stencil().polygon(box(*inset(frame, self.unit * 0.3), radius=reach * 0.8))
        self.canvas.paint(inner, colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.canvas.paint(Stencil().dot(x, y, radius), darken(colour, 0.35))
        self.canvas.paint(Stencil().dot(x, y, radius - self.unit * 0.3), colour)

    def walls(self, lines: list[tuple[tuple[float, float], tuple[float, float]]]) -> None:
        """Lines in shares of the plan, and the outer wall."""
        left, top, _, _ = self.outer
        walls, thick = Stencil(), self.unit * 1.7
        for (x1, y1), (x2, y2) in lines:
            start = (left + x1 * self.wide, top + y1 * self.high)
            end = (left + x2 * self.wide, top + y2 * self.high)
            walls.line([start, end], thick)
            for point in (start, end):
                walls.polygon(
                    box(
                        point[0] - thick / 2,
                        point[1] - thick / 2,
                        point[0] + thick / 2,
                        point[1] + thick / 2,
                    )
                )
        rim = inset(self.outer, -thick)
        frame = Stencil().polygon(box(*rim)).polygon(box(*self.outer), hole=True)
        self.canvas.paint(frame, WALL)
        self.canvas.paint(walls, WALL)

    def window(self, x1: float, y1: float, x2: float, y2: float) -> None:
        left, top, _, _ = self.outer
        ends = [(left + x * self.wide, top + y * self.high) for x, y in ((x1, y1), (x2, y2))]
        shift = self.unit * 0.85
        dx, dy = (
            (0, -shift if y1 < 0.5 else shift) if y1 == y2 else (-shift if x1 < 0.5 else shift, 0)
        )
        points = [(x + dx, y + dy) for x, y in ends]
        self.canvas.paint(Stencil().line(points, self.unit * 1.9), rgb("d9ecf7"))
        self.canvas.paint(Stencil().line(points, self.unit * 0.4), rgb("4a86b8"))

    def doorway(self, x: float, y: float, turn: float, *, upright: bool) -> None:
        """An opening of the wall and the quarter circle of the door."""
        px, py = self.outer[0] + x * self.wide, self.outer[1] + y * self.high
        size, half = self.unit * 11, self.unit * 1.1
        gap = (
            (px - half, py, px + half, py + size)
            if upright
            else (px, py - half, px + size, py + half)
        )
        self.canvas.paint(Stencil().polygon(box(*gap)), lighten(self.floors["living"], 0.3))
        swing = arc(px, py, size, turn, turn + pi / 2)
        self.canvas.paint(Stencil().line(swing, self.unit * 0.35), mix(WALL, rgb("ffffff"), 0.35))
        leaf = [(px, py), swing[0] if upright or turn > pi else swing[-1]]
        self.canvas.paint(Stencil().line(leaf, self.unit * 0.7), mix(WALL, rgb("ffffff"), 0.2))

    def label(self, text: str, frame: Frame, area: str = "") -> None:
        x, y = (frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2
        self.board.text(text, x, y, 33, colour=rgb("2b3342"), room=frame[2] - frame[0], weight=0.05)
        if area:
            self.board.text(area, x, y + 31, 24, colour=rgb("5a6474"))


class Flat(Plan):
    def draw(self) -> None:
        rooms = {
            "living": part(self.outer, 0, 0, 0.58, 0.58),
            "kitchen": part(self.outer, 0.58, 0, 1, 0.44),
            "bedroom": part(self.outer, 0, 0.58, 0.46, 1),
            "bath": part(self.outer, 0.46, 0.68, 0.7, 1),
            "office": part(self.outer, 0.7, 0.44, 1, 1),
        }
        for name, frame in rooms.items():
            self.canvas.paint(Stencil().polygon(box(*frame)), self.floors[name])
        hallway = part(self.outer, 0.46, 0.44, 0.7, 0.68)
        self.canvas.paint(Stencil().polygon(box(*hallway)), lighten(self.floors["living"], 0.3))
        self.walls(
            [
                ((0.58, 0), (0.58, 0.44)),
                ((0, 0.58), (0.46, 0.58)),
                ((0.46, 0.58), (0.46, 1)),
                ((0.58, 0.44), (1, 0.44)),
                ((0.7, 0.44), (0.7, 1)),
                ((0.46, 0.68), (0.7, 0.68)),
            ]
        )
        for opening in (
            (0.12, 0, 0.42, 0),
            (0.7, 0, 0.9, 0),
            (0, 0.7, 0, 0.9),
            (1, 0.6, 1, 0.85),
            (0, 0.15, 0, 0.42),
            (0.08, 1, 0.3, 1),
        ):
            self.window(*opening)
        self.doorway(0.28, 0.58, pi / 2 - pi / 2, upright=False)
        self.doorway(0.7, 0.5, 0, upright=True)
        self.doorway(0.53, 0.68, 0, upright=False)
        self.doorway(0.58, 0.24, 0, upright=True)
        pieces: dict[str, Callable[[Frame], None]] = {
            "living": self.living,
            "kitchen": self.kitchen,
            "bedroom": self.bedroom,
            "bath": self.bath,
            "office": self.study,
        }
        for name, furnish in pieces.items():
            furnish(rooms[name])
        self.labels(rooms)

    def labels(self, rooms: dict[str, Frame]) -> None:
        brief = self.board.brief
        for name, pair, area, piece in (
            ("living", "Living room|Wohnzimmer", "24 m²", (0.28, 0.56, 0.98, 0.74)),
            ("kitchen", "Kitchen|Küche", "12 m²", (0.3, 0.76, 0.98, 0.96)),
            ("bedroom", "Bedroom|Schlafzimmer", "14 m²", (0.5, 0.5, 0.98, 0.72)),
            ("bath", "Bath|Bad", "5 m²", (0.3, 0.3, 0.95, 0.5)),
            ("office", "Study|Arbeitszimmer", "10 m²", (0.06, 0.56, 0.94, 0.7)),
        ):
            self.label(say(brief, pair), part(rooms[name], *piece), area.replace("²", "2"))

    def living(self, room: Frame) -> None:
        rug = part(room, 0.3, 0.16, 0.74, 0.5)
        self.thing(rug, self.rug, radius=2)
        self.thing(part(room, 0.32, 0.07, 0.72, 0.21), self.fabric, radius=2)
        for left in (0.34, 0.53):
            self.thing(
                part(room, left, 0.11, left + 0.17, 0.2), lighten(self.fabric, 0.2), radius=1.5
            )
        self.thing(part(room, 0.43, 0.3, 0.61, 0.42), self.oak)
        self.thing(part(room, 0.05, 0.28, 0.18, 0.5), lighten(self.fabric, 0.1), radius=2)
        self.thing(part(room, 0.84, 0.16, 0.9, 0.5), darken(self.oak, 0.2))
        self.thing(part(room, 0.865, 0.2, 0.885, 0.46), rgb("20242e"), radius=0.2)
        self.plant(part(room, 0.05, 0.06, 0.16, 0.18))

    def kitchen(self, room: Frame) -> None:
        self.thing(part(room, 0.03, 0.03, 0.97, 0.2), rgb("f6f4ef"))
        self.thing(part(room, 0.8, 0.2, 0.97, 0.62), rgb("f6f4ef"))
        hob = part(room, 0.12, 0.05, 0.34, 0.18)
        self.thing(hob, rgb("2b2f38"))
        for x, y in ((0.3, 0.3), (0.7, 0.3), (0.3, 0.72), (0.7, 0.72)):
            centre = part(hob, x, y, x, y)
            self.disc(centre[0], centre[1], self.unit * 0.9, rgb("8d949e"))
        self.thing(part(room, 0.45, 0.06, 0.64, 0.17), rgb("c3c9d2"), radius=1)
        table = part(room, 0.24, 0.36, 0.64, 0.7)
        for x, y in ((0.2, -0.16), (0.62, -0.16), (0.2, 0.94), (0.62, 0.94)):
            chair = part(table, x, y, x + 0.2, y + 0.22)
            self.thing(chair, LINEN, radius=1)
        self.thing(table, self.oak, radius=1)

    def bedroom(self, room: Frame) -> None:
        bed = part(room, 0.06, 0.2, 0.46, 0.86)
        self.thing(part(room, 0.03, 0.18, 0.07, 0.88), darken(self.oak, 0.2))
        self.thing(bed, LINEN, radius=1)
        self.thing(part(bed, 0.4, 0.0, 1, 1), lighten(self.fabric, 0.15), radius=1)
        for top in (0.08, 0.54):
            self.thing(part(bed, 0.06, top, 0.32, top + 0.38), CHINA, radius=1)
        self.thing(part(room, 0.62, 0.84, 0.97, 0.97), self.oak)

    def bath(self, room: Frame) -> None:
        tub = part(room, 0.06, 0.58, 0.94, 0.94)
        self.thing(tub, CHINA, radius=2.5)
        self.thing(inset(tub, self.unit * 1.2), rgb("bfe0ec"), radius=2)
        bowl = part(room, 0.8, 0.2, 0.8, 0.2)
        self.disc(bowl[0], bowl[1], self.unit * 2.4, CHINA)
        basin = part(room, 0.06, 0.14, 0.3, 0.36)
        self.thing(basin, CHINA, radius=1.5)
        self.thing(inset(basin, self.unit * 0.9), rgb("bfe0ec"), radius=1.2)

    def study(self, room: Frame) -> None:
        self.thing(part(room, 0.56, 0.12, 0.95, 0.5), self.oak)
        self.thing(part(room, 0.72, 0.2, 0.9, 0.34), rgb("2b2f38"), radius=0.3)
        chair = part(room, 0.44, 0.31, 0.44, 0.31)
        self.disc(chair[0], chair[1], self.unit * 3, rgb("4a5568"))
        self.thing(part(room, 0.06, 0.88, 0.7, 0.97), darken(self.oak, 0.15))
        self.plant(part(room, 0.78, 0.86, 0.94, 0.97))

    def plant(self, frame: Frame) -> None:
        x, y = (frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2
        leaves = Stencil()
        for index in range(7):
            a = 2 * pi * index / 7
            leaves.dot(x + self.unit * 1.5 * cos(a), y + self.unit * 1.5 * sin(a), self.unit * 1.3)
        self.canvas.paint(leaves, GREEN)
        self.canvas.paint(Stencil().dot(x, y, self.unit * 1.1), darken(GREEN, 0.3))


class Hall(Plan):
    def draw(self) -> None:
        brief = self.board.brief
        self.canvas.paint(Stencil().polygon(box(*self.outer)), self.floors["living"])
        self.walls([])
        for start in (0.1, 0.4, 0.7):
            self.window(start, 0, start + 0.2, 0)
        stage = part(self.outer, 0.3, 0.03, 0.7, 0.17)
        self.thing(stage, self.board.colours.accent(0), radius=1)
        self.board.text(
            say(brief, "Stage|Bühne"),
            (stage[0] + stage[2]) / 2,
            (stage[1] + stage[3]) / 2,
            36,
            colour=rgb("ffffff"),
            weight=0.05,
        )
        columns, rows = (4, 3) if self.wide > self.high * 1.2 else (3, 3)
        for index in range(columns * rows):
            x = self.outer[0] + self.wide * (0.06 + 0.88 * (index % columns + 0.5) / columns)
            y = self.outer[1] + self.high * (0.2 + 0.66 * (index // columns + 0.5) / rows)
            self.table(x, y, index + 1)
        buffet = part(self.outer, 0.2, 0.9, 0.62, 0.97)
        self.thing(buffet, lighten(self.oak, 0.4), radius=1)
        self.label(say(brief, "Buffet|Buffet"), buffet)
        self.doorway(0.84, 1.0, 1.5 * pi, upright=False)
        way_in = part(self.outer, 0.64, 0.9, 0.82, 0.97)
        self.label(say(brief, "Entrance|Eingang"), way_in)

    def table(self, x: float, y: float, number: int) -> None:
        radius = self.unit * 5.4
        for index in range(8):
            a = 2 * pi * (index + 0.5) / 8
            chair = (x + radius * 1.45 * cos(a), y + radius * 1.45 * sin(a))
            self.disc(*chair, self.unit * 1.6, self.board.colours.accent(1))
        self.disc(x, y, radius, CHINA)
        self.board.text(str(number), x, y, 40, colour=rgb("39414f"), weight=0.05)
