"""Lines of land, what lies under them, and where a figure stands on it."""

from bisect import bisect

from providers.studio import paints
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, mix
from providers.studio.light import Light
from providers.studio.scenes import Stage
from providers.studio.shapes import Points, ridge


def slope(
    canvas: Canvas, name: str, base: float, reach: float, *, roughness: float = 0.4
) -> Points:
    """A wandering line across the sheet, `reach` above and below its base."""
    steps = 60 if roughness < 0.5 else 200
    heights = ridge(canvas.dice(name), 1.0, steps=steps, roughness=roughness)
    last = len(heights) - 1
    return [
        (canvas.w * index / last, base - reach * height) for index, height in enumerate(heights)
    ]


def under(canvas: Canvas, line: Points) -> Stencil:
    """The land below a line, down to the edge of the sheet."""
    floor = canvas.h + 10
    return Stencil().polygon([*line, (line[-1][0], floor), (line[0][0], floor)])


def height_at(line: Points, x: float) -> float:
    index = bisect([point[0] for point in line], x)
    return line[max(0, min(len(line) - 1, index))][1]


def far_range(
    canvas: Canvas, light: Light, line: Points, surface: Colour, distance: float, depth: float
) -> None:
    """Hills or mountains far off, which fade into the haze at their feet."""
    colour, top = light.on(surface, distance), min(y for _, y in line)
    tones = (colour, mix(colour, light.haze, 0.75))
    canvas.paint(under(canvas, line), paints.down(tones, top, top + depth))


def in_front(canvas: Canvas, light: Light, *, x: float = 0.5, size: float = 0.54) -> Stage:
    """Where a figure stands in the foreground of a place."""
    height = min(canvas.h, canvas.w) * size
    return Stage(canvas.w * x, canvas.h * 0.95, height, light.lamp)
