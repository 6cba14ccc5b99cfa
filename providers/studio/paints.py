"""Paints: what colour each point of the sheet takes. A paint fills a box of pixels."""

from collections.abc import Callable
from functools import lru_cache

from PIL import Image

from providers.studio.colours import Colour, along
from providers.studio.shapes import Point

Box = tuple[int, int, int, int]
Paint = Callable[[Box, float], Image.Image]  # (box in pixels, pixels per unit)

STEPS = 256
TAIL = 24 * STEPS  # the end colours reach this far: a transformation paints black beyond its source


def linear(colours: tuple[Colour, ...], start: Point, end: Point) -> Paint:
    """From one point to another; beyond them the end colours go on."""

    def fill(box: Box, unit: float) -> Image.Image:
        left, top, right, bottom = box
        from_x, from_y = start[0] * unit - left, start[1] * unit - top
        dx, dy = (end[0] - start[0]) * unit, (end[1] - start[1]) * unit
        length = dx * dx + dy * dy or 1.0
        by_x, by_y = STEPS * dx / length, STEPS * dy / length
        offset = TAIL - by_x * from_x - by_y * from_y
        return _column(colours).transform(
            (right - left, bottom - top), Image.Transform.AFFINE, (0, 0, 0.5, by_x, by_y, offset)
        )

    return fill


def down(colours: tuple[Colour, ...], top: float, bottom: float) -> Paint:
    return linear(colours, (0, top), (0, bottom))


def across(colours: tuple[Colour, ...], left: float, right: float) -> Paint:
    return linear(colours, (left, 0), (right, 0))


def radial(colours: tuple[Colour, ...], x: float, y: float, radius: float) -> Paint:
    """From a centre outwards; beyond the radius the last colour goes on."""

    def fill(box: Box, unit: float) -> Image.Image:
        distance = distances(box, unit, x, y, radius)
        table = [along(colours, step / (STEPS - 1)) for step in range(STEPS)]
        bands = ([colour[band] for colour in table] for band in range(3))
        return Image.merge("RGB", [distance.point(band) for band in bands])

    return fill


def distances(box: Box, unit: float, x: float, y: float, radius: float) -> Image.Image:
    """0 at the centre, 255 at the radius and beyond."""
    left, top, right, bottom = box
    # Drawn at a quarter of the size: the disc itself has only 256 pixels a side.
    coarse = 4 if right - left > 256 and bottom - top > 256 else 1
    width, height = -(-(right - left) // coarse), -(-(bottom - top) // coarse)
    reach = 127 / (radius * unit)
    distance = _disc().transform(
        (width, height),
        Image.Transform.AFFINE,
        (
            *(reach * coarse, 0, 128 + (left - x * unit) * reach),
            *(0, reach * coarse, 128 + (top - y * unit) * reach),
        ),
        Image.Resampling.BILINEAR,
        fillcolor=255,
    )
    if coarse == 1:
        return distance
    grown = distance.resize((width * coarse, height * coarse), Image.Resampling.BILINEAR)
    return grown.crop((0, 0, right - left, bottom - top))


@lru_cache(maxsize=1)
def _disc() -> Image.Image:
    # Pillow's own gradient reaches 255 in the corners; here it is 255 at the edges.
    rim = 179
    return Image.radial_gradient("L").point([min(255, v * 255 // rim) for v in range(256)])


@lru_cache(maxsize=64)
def _column(colours: tuple[Colour, ...]) -> Image.Image:
    column = Image.new("RGB", (1, TAIL + STEPS + TAIL), colours[0])
    column.paste(colours[-1], (0, TAIL + STEPS, 1, TAIL + STEPS + TAIL))
    for step in range(STEPS):
        column.putpixel((0, TAIL + step), along(colours, step / (STEPS - 1)))
    return column
