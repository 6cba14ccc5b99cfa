"""A figure's own measures: hundredths of its height, upwards and outwards from between its feet.

Outlines are written as text ("0,60 13,58 17.5,46"), so a figure reads like a drawing and not like
a table.
"""

from collections.abc import Callable
from functools import lru_cache

from providers.studio import paints
from providers.studio.canvas import Blend, Canvas, Stencil
from providers.studio.colours import Colour, rgb
from providers.studio.paints import Paint
from providers.studio.scenes import Stage
from providers.studio.shapes import Point, Points, box, ribbon, smooth, turned

Oval = tuple[float, float, float, float]  # centre, then half width and half height


class Easel:
    def __init__(
        self, canvas: Canvas, stage: Stage, *, lean: float = 0.0, pivot: float = 0.0
    ) -> None:
        """`lean` turns everything around a point on the middle line, `pivot` high."""
        self.canvas, self.stage = canvas, stage
        self._lean, self._pivot = lean, pivot

    def leaning(self, lean: float, pivot: float) -> "Easel":
        return Easel(self.canvas, self.stage, lean=lean, pivot=pivot)

    def size(self, hundredths: float) -> float:
        return hundredths * self.stage.height / 100

    def at(self, x: float, y: float) -> Point:
        return self._leant([(self.stage.x + self.size(x), self.stage.floor - self.size(y))])[0]

    def points(self, outline: str, *, x: float = 0.0, y: float = 0.0, flip: int = 1) -> Points:
        return [self.at(x + px * flip, y + py) for px, py in _parsed(outline)]

    def curve(
        self, outline: str, *, x: float = 0.0, y: float = 0.0, flip: int = 1, steps: int = 10
    ) -> Points:
        """An open line through the points."""
        return smooth(self.points(outline, x=x, y=y, flip=flip), closed=False, steps=steps)

    def shape(self, outline: str, *, x: float = 0.0, y: float = 0.0, flip: int = 1) -> Stencil:
        """A round closed form."""
        return Stencil().polygon(smooth(self.points(outline, x=x, y=y, flip=flip), steps=8))

    def symmetric(self, half: str) -> Stencil:
        """A round closed form from its right half, top to bottom."""
        right = _parsed(half)
        left = [(-x, y) for x, y in reversed(right) if x]
        return Stencil().polygon(smooth([self.at(*point) for point in (*right, *left)], steps=8))

    def plate(self, x: float, y: float, wide: float, high: float, radius: float) -> Stencil:
        """A rounded rectangle around a centre, `wide` and `high` to either side."""
        middle_x, middle_y = self.stage.x + self.size(x), self.stage.floor - self.size(y)
        half_w, half_h = self.size(wide), self.size(high)
        edges = (middle_x - half_w, middle_y - half_h, middle_x + half_w, middle_y + half_h)
        return Stencil().polygon(self._leant(box(*edges, radius=self.size(radius))))

    def ovals(self, *ovals: Oval) -> Stencil:
        stencil = Stencil()
        for x, y, rx, ry in ovals:
            stencil.dot(*self.at(x, y), self.size(rx), self.size(ry))
        return stencil

    def brush(self, line: Points, width: Callable[[float], float]) -> Points:
        """A stroke along a line; its width in hundredths follows the share of its length."""
        return ribbon(line, lambda share: self.size(width(share)))

    def paint(
        self,
        stencil: Stencil,
        paint: Colour | Paint,
        *,
        opacity: float = 1.0,
        blur: float = 0.0,
        clip: Stencil | None = None,
        blend: Blend = "normal",
    ) -> None:
        soft = self.size(blur)
        self.canvas.paint(stencil, paint, opacity=opacity, blur=soft, clip=clip, blend=blend)

    def down(self, colours: tuple[Colour, ...], top: float, bottom: float) -> Paint:
        return paints.down(colours, self.at(0, top)[1], self.at(0, bottom)[1])

    def across(self, colours: tuple[Colour, ...], left: float, right: float) -> Paint:
        return paints.across(colours, self.at(left, 0)[0], self.at(right, 0)[0])

    def radial(self, colours: tuple[Colour, ...], x: float, y: float, radius: float) -> Paint:
        return paints.radial(colours, *self.at(x, y), self.size(radius))

    def _leant(self, points: Points) -> Points:
        if not self._lean:
            return points
        pivot = (self.stage.x, self.stage.floor - self.size(self._pivot))
        return turned(points, *pivot, self._lean)

    def ground_shadow(self, half: float) -> None:
        shadow = self.ovals((0, 0, half, half * 0.13))
        self.paint(shadow, rgb("18141f"), opacity=0.45, blur=2.4)


@lru_cache(maxsize=256)
def _parsed(outline: str) -> tuple[Point, ...]:
    pairs = (pair.split(",") for pair in outline.split())
    return tuple((float(x), float(y)) for x, y in pairs)
