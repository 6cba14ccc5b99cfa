"""A sheet for what explains: cards, arrows, pictograms and labels, in the colours of one palette.

A board keeps to the middle of a very long or very tall sheet; its background goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from typing import Literal

from providers.studio import icons, lettering, paints, wording
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, lightness, mix, ramp, rgb
from providers.studio.shapes import Point, Points, box, turned

Align = Literal["left", "middle", "right"]
Frame = tuple[float, float, float, float]  # left, top, right, bottom

# Paper, card, ink, then the accents.
PALETTES = (
    "f4f6fb ffffff 1f2a44 4f6bed 15b79e f79009 ef476f 8b5cf6 0ea5e9 84b816",
    "fbf6ee ffffff 3b2a2a e4572e 2e86ab f3a712 5f9e6e a23b72 4b6cb7 d1883c",
    "eef5f3 ffffff 17353a 0f9d8a f2765c 3d7dca f4b740 7a6ff0 43aa57 e05d8a",
    "f6f3fb ffffff 2b2250 7a5af8 f670a8 2db7d6 fda65b 36b37e e2563f 5b7cfa",
)
DARK = "141a2e 1f2842 f2f5ff 6d8bff 2dd4bf fbbf24 fb7185 a78bfa 38bdf8 a3e635"


@dataclass(frozen=True)
class Palette:
    paper: Colour
    card: Colour
    ink: Colour
    accents: tuple[Colour, ...]

    @property
    def faint(self) -> Colour:
        return mix(self.paper, self.ink, 0.14)

    @property
    def muted(self) -> Colour:
        return mix(self.paper, self.ink, 0.62)

    def accent(self, index: int) -> Colour:
        return self.accents[index % len(self.accents)]


def palette_of(canvas: Canvas, brief: Brief) -> Palette:
    dark = brief.time == "night" or brief.has("dark dunkel dunkl darkmode")
    paper, card, ink, *accents = ramp(DARK if dark else canvas.dice("palette").choice(PALETTES))
    wished = [c for c in brief.colours if 0.25 < lightness(c) < 0.93]
    if wished:
        turns = [mix(c, other, share) for share, other in _SHADES for c in wished]
        accents = [*wished, *turns][: max(6, len(wished))]
        paper = mix(paper, wished[0], 0.05)
    return Palette(paper, card, ink, tuple(accents))


_SHADES = ((0.35, (20, 24, 48)), (0.4, WHITE), (0.55, (20, 24, 48)), (0.62, WHITE))


def readable(ground: Colour) -> Colour:
    return WHITE if lightness(ground) < 0.72 else rgb("1c2333")


class Board:
    def __init__(
        self,
        canvas: Canvas,
        brief: Brief,
        *,
        widest: float = 1.7,
        tallest: float = 1.55,
        plain: bool = False,
    ) -> None:
        self.canvas, self.brief, self.colours = canvas, brief, palette_of(canvas, brief)
        wide = min(canvas.w, canvas.h * widest)
        high = min(canvas.h, canvas.w * tallest)
        self.left, self.top = (canvas.w - wide) / 2, (canvas.h - high) / 2
        self.right, self.bottom = self.left + wide, self.top + high
        self.w, self.h = wide, high
        if not plain:
            self.background()

    def background(self) -> None:
        canvas, paper = self.canvas, self.colours.paper
        with canvas.backdrop():
            canvas.fill(
                paints.down(
                    (lighten(paper, 0.35), mix(paper, self.colours.accent(0), 0.05)), 0, canvas.h
                )
            )
            dots, step = Stencil(), 44.0
            if canvas.detail.texture and canvas.w * canvas.h < 6e6:
                spots = [
                    (step * (i + 0.5), step * (j + 0.5))
                    for i in range(int(canvas.w / step) + 1)
                    for j in range(int(canvas.h / step) + 1)
                ]
                dots.panes([(x - 1.5, y - 1.5, x + 1.5, y + 1.5) for x, y in spots])
                canvas.paint(dots, self.colours.ink, opacity=0.07)

    def at(self, x: float, y: float) -> Point:
        """A point of the board in shares of its sides."""
        return self.left + self.w * x, self.top + self.h * y

    def frame(self, left: float, top: float, right: float, bottom: float) -> Frame:
        return (*self.at(left, top), *self.at(right, bottom))

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        colour: Colour | None = None,
        room: float = 0.0,
        align: Align = "middle",
        weight: float = 0.0,
    ) -> float:
        """One line with its middle at `y`; gives back its width."""
        if room:
            size = lettering.fitting(text, room, size)
        wide = lettering.width(text, size)
        x += {"left": wide / 2, "middle": 0.0, "right": -wide / 2}[align]
        letters = lettering.letters(text, x, y + size * 0.34, size, weight=weight)
        self.canvas.write(letters, colour or self.colours.ink)
        return wide

    def block(
        self,
        text: str,
        frame: Frame,
        size: float,
        *,
        colour: Colour | None = None,
        align: Align = "middle",
        weight: float = 0.0,
    ) -> None:
        """Lines in the middle of a frame, as large as fits, at most `size`."""
        left, top, right, bottom = frame
        lines, size = wording.fitted(text, right - left, bottom - top, size)
        y = (top + bottom) / 2 - (len(lines) - 1) * size * 0.6
        x = {"left": left, "middle": (left + right) / 2, "right": right}[align]
        for line in lines:
            self.text(line, x, y, size, colour=colour, align=align, weight=weight)
            y += size * 1.2

    def title(self, text: str, *, note: str = "") -> float:
        """The heading; gives back where the rest may begin."""
        if self.canvas.silent or not text:
            return self.top + self.h * 0.05
        size = min(self.h * 0.058, self.w * 0.062)
        y = self.top + self.h * 0.045 + size * 0.5
        x = (self.left + self.right) / 2
        self.text(text, x, y, size, room=self.w * 0.9, weight=0.045)
        if note:
            self.text(note, x, y + size, size * 0.5, room=self.w * 0.8, colour=self.colours.muted)
            return y + size * 1.6
        return y + size * 1.0

    def card(
        self,
        frame: Frame,
        colour: Colour | None = None,
        *,
        radius: float = 18,
        shadow: float = 0.16,
        edge: Colour | None = None,
    ) -> Stencil:
        colour = colour or self.colours.card
        left, top, right, bottom = frame
        plate = Stencil().polygon(box(*frame, radius=radius))
        if shadow:
            under = Stencil().polygon(box(left + 2, top + 8, right - 2, bottom + 8, radius=radius))
            self.canvas.paint(under, rgb("1a2340"), opacity=shadow, blur=9)
        if edge:
            self.canvas.paint(plate, edge)
            plate = Stencil().polygon(
                box(left + 3, top + 3, right - 3, bottom - 3, radius=max(1, radius - 3))
            )
        tones = (lighten(colour, 0.06), darken(colour, 0.05))
        self.canvas.paint(plate, paints.down(tones, top, bottom))
        return plate

    def pill(self, frame: Frame, colour: Colour, *, opacity: float = 1.0) -> None:
        left, top, right, bottom = frame
        round_box = box(left, top, right, bottom, radius=min(bottom - top, right - left) / 2)
        self.canvas.paint(Stencil().polygon(round_box), colour, opacity=opacity)

    def icon(self, name: str, x: float, y: float, size: float, colour: Colour) -> None:
        self.canvas.paint(icons.icon(name, x, y, size), colour)

    def badge(self, name: str, x: float, y: float, radius: float, colour: Colour) -> None:
        """A pictogram on a disc."""
        self.canvas.paint(
            Stencil().dot(x, y + radius * 0.12, radius), rgb("1a2340"), opacity=0.2, blur=radius / 8
        )
        disc = Stencil().dot(x, y, radius)
        tones = (lighten(colour, 0.18), colour)
        self.canvas.paint(disc, paints.down(tones, y - radius, y + radius))
        self.icon(name, x, y, radius * 1.12, readable(colour))

    def line(self, points: Sequence[Point], colour: Colour, width: float = 4) -> None:
        self.canvas.paint(Stencil().line(list(points), width), colour)

    def dashes(self, start: Point, end: Point, colour: Colour, width: float = 4) -> None:
        length = hypot(end[0] - start[0], end[1] - start[1])
        count, strokes = max(1, int(length / (width * 5))), Stencil()
        for step in range(count):
            a, b = (step + 0.15) / count, (step + 0.75) / count
            strokes.line([_between(start, end, a), _between(start, end, b)], width)
        self.canvas.paint(strokes, colour)

    def arrow(
        self, points: Points, colour: Colour, *, width: float = 5, both: bool = False
    ) -> None:
        """A line that ends in a head, with round corners."""
        head = width * 3.4
        stencil = Stencil()
        line = list(points)
        line[-1] = _shortened(points[-2], points[-1], head * 0.8)
        stencil.polygon(_head(points[-2], points[-1], head))
        if both:
            line[0] = _shortened(points[1], points[0], head * 0.8)
            stencil.polygon(_head(points[1], points[0], head))
        stencil.line(line, width)
        self.canvas.paint(stencil, colour)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _shortened(start: Point, end: Point, by: float) -> Point:
    length = hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    return _between(start, end, max(0.0, 1 - by / length))


def _head(start: Point, end: Point, size: float) -> Points:
    angle = atan2(end[1] - start[1], end[0] - start[0])
    tip = [
        (end[0], end[1]),
        (end[0] - size, end[1] - size * 0.52),
        (end[0] - size, end[1] + size * 0.52),
    ]
    return turned(tip, *end, angle)


def wedge(x: float, y: float, outer: float, inner: float, start: float, end: float) -> Points:
    """A piece of a ring, from one angle to another."""
    steps = max(3, round((end - start) * 24))
    angles = [start + (end - start) * step / steps for step in range(steps + 1)]
    rim = [(x + outer * cos(a), y + outer * sin(a)) for a in angles]
    if inner <= 0:
        return [(x, y), *rim]
    return [*rim, *((x + inner * cos(a), y + inner * sin(a)) for a in reversed(angles))]


TOP = -pi / 2
