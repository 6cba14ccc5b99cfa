"""How to sit at a desk: someone from the side, with what matters marked."""

from providers.studio import paints
from providers.studio.board import Board
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, ramp, rgb
from providers.studio.shapes import Point, Points, box, ribbon, smooth
from providers.studio.wording import say

SKIN, HAIR, TOP, TROUSERS = ramp("e8b48f 4a2e1e 3d8f8a 37475f")
GUIDE = rgb("2f9e6b")
# What it says, where the mark is, where the words stand.
ADVICE = (
    ("Screen at eye level|Bildschirm auf Augenhöhe", (0.66, 0.315), (0.76, 0.165)),
    ("Back straight and supported|Rücken gerade und gestützt", (0.292, 0.5), (0.17, 0.36)),
    ("Elbows at 90 degrees|Ellbogen im rechten Winkel", (0.405, 0.585), (0.57, 0.46)),
    ("Knees at 90 degrees|Knie im rechten Winkel", (0.585, 0.69), (0.735, 0.745)),
    ("Feet flat on the floor|Füße flach am Boden", (0.62, 0.915), (0.83, 0.91)),
)


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.3, tallest=1.2)
    board.title(say(brief, "Good sitting posture|Richtig sitzen"))
    Sitting(board).draw()


class Sitting:
    def __init__(self, board: Board) -> None:
        self.board, self.canvas = board, board.canvas
        self.side = min(board.w, board.h)
        self.x0 = (board.left + board.right - self.side) / 2
        self.y0 = board.bottom - self.side

    def at(self, x: float, y: float) -> Point:
        return self.x0 + self.side * x, self.y0 + self.side * y

    def points(self, *points: Point) -> Points:
        return [self.at(*point) for point in points]

    def limb(self, colour: Colour, width: tuple[float, float], *points: Point) -> None:
        line = smooth(self.points(*points), closed=False, steps=8)
        first, last = (w * self.side for w in width)
        form = Stencil().polygon(ribbon(line, lambda share: first + (last - first) * share))
        form.dot(*line[0], first / 2).dot(*line[-1], last / 2)
        tones = (lighten(colour, 0.15), darken(colour, 0.15))
        self.canvas.paint(form, paints.across(tones, form.left, form.right))

    def plate(
        self, colour: Colour, frame: tuple[float, float, float, float], radius: float
    ) -> None:
        corners = (*self.at(*frame[:2]), *self.at(*frame[2:]))
        self.canvas.paint(Stencil().polygon(box(*corners, radius=radius)), colour)

    def draw(self) -> None:
        floor = self.at(0, 0.95)[1]
        ground = [(self.board.left + 30, floor), (self.board.right - 30, floor)]
        self.board.line(ground, self.board.colours.muted, 6)
        self.desk()
        self.chair()
        self.body()
        if not self.canvas.silent:
            self.advice()
        else:
            for _, mark, _ in ADVICE:
                self.board.badge("check", *self.at(*mark), 20, GUIDE)

    def desk(self) -> None:
        self.plate(rgb("b98554"), (0.55, 0.615, 0.94, 0.642), 6)
        self.plate(rgb("8f6238"), (0.86, 0.64, 0.89, 0.95), 4)
        self.plate(rgb("2a3042"), (0.712, 0.29, 0.738, 0.54), 8)
        self.plate(rgb("7fb0e8"), (0.706, 0.3, 0.714, 0.53), 2)
        self.plate(rgb("565f74"), (0.735, 0.42, 0.755, 0.61), 3)
        self.plate(rgb("565f74"), (0.69, 0.6, 0.8, 0.616), 5)
        self.plate(rgb("565f74"), (0.575, 0.6, 0.67, 0.615), 5)

    def chair(self) -> None:
        seat = rgb("2c3550")
        self.plate(seat, (0.265, 0.742, 0.53, 0.775), 14)
        self.limb(seat, (0.034, 0.04), (0.262, 0.38), (0.252, 0.5), (0.268, 0.62), (0.276, 0.72))
        self.plate(rgb("7b8497"), (0.386, 0.775, 0.408, 0.88), 2)
        self.limb(rgb("3a435a"), (0.02, 0.02), (0.3, 0.9), (0.397, 0.872), (0.495, 0.9))
        wheels = Stencil()
        for x in (0.3, 0.397, 0.495):
            wheels.dot(*self.at(x, 0.926), self.side * 0.021)
        self.canvas.paint(wheels, rgb("1d2233"))
        self.plate(seat, (0.35, 0.628, 0.47, 0.648), 8)

    def body(self) -> None:
        self.limb(rgb("2b2226"), (0.04, 0.03), (0.585, 0.93), (0.665, 0.936))
        self.limb(TROUSERS, (0.096, 0.08), (0.34, 0.7), (0.46, 0.688), (0.575, 0.694))
        self.limb(TROUSERS, (0.08, 0.052), (0.578, 0.7), (0.588, 0.8), (0.59, 0.91))
        self.limb(TOP, (0.1, 0.125), (0.338, 0.42), (0.33, 0.53), (0.34, 0.69))
        self.limb(darken(SKIN, 0.12), (0.05, 0.05), (0.345, 0.385), (0.35, 0.33))
        self.limb(darken(TOP, 0.12), (0.062, 0.056), (0.342, 0.425), (0.362, 0.51), (0.405, 0.586))
        self.limb(SKIN, (0.045, 0.032), (0.42, 0.59), (0.5, 0.594), (0.592, 0.59))
        head = [
            (0.35, 0.215),
            (0.4, 0.228),
            (0.417, 0.268),
            (0.432, 0.3),
            (0.416, 0.308),
            (0.414, 0.344),
            (0.37, 0.366),
            (0.326, 0.34),
            (0.306, 0.29),
            (0.314, 0.24),
        ]
        face = Stencil().polygon(smooth(self.points(*head), steps=8))
        self.canvas.paint(
            face, paints.across((darken(SKIN, 0.1), lighten(SKIN, 0.1)), face.left, face.right)
        )
        hair = [
            (0.3, 0.3),
            (0.296, 0.24),
            (0.33, 0.2),
            (0.385, 0.198),
            (0.415, 0.23),
            (0.376, 0.246),
            (0.35, 0.262),
            (0.346, 0.3),
            (0.33, 0.335),
            (0.31, 0.33),
        ]
        self.canvas.paint(Stencil().polygon(smooth(self.points(*hair), steps=8)), HAIR)
        eye = Stencil().dot(*self.at(0.4, 0.277), self.side * 0.0065, self.side * 0.009)
        self.canvas.paint(eye, rgb("261a1a"))
        mouth = smooth(self.points((0.414, 0.325), (0.404, 0.33), (0.396, 0.327)), closed=False)
        self.canvas.paint(Stencil().line(mouth, 4), rgb("8f3434"))
        self.board.dashes(self.at(0.44, 0.283), self.at(0.7, 0.315), GUIDE, 6)
        self.board.dashes(self.at(0.222, 0.37), self.at(0.236, 0.72), GUIDE, 6)

    def advice(self) -> None:
        board = self.board
        for pair, mark, place in ADVICE:
            spot, (x, y) = self.at(*mark), self.at(*place)
            text, half = say(board.brief, pair), self.side * 0.138
            board.line([spot, (x, y)], GUIDE, 3.5)
            x = max(board.left + half + 8, min(board.right - half - 8, x))
            frame = (x - half, y - 40, x + half, y + 40)
            board.card(frame, WHITE, radius=16, edge=GUIDE)
            inside = (frame[0] + 10, frame[1] + 5, frame[2] - 10, frame[3] - 5)
            board.block(text, inside, 32, colour=rgb("1c4a33"))
            board.badge("check", *spot, 19, GUIDE)
