"""Which sizes a model can draw, and which of them is nearest to one that was asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from providers.shapes import Capabilities

WORDS = {"square": "1:1", "landscape": "3:2", "wide": "16:9", "portrait": "2:3", "tall": "9:16"}
NEAT = 16  # sides of whole blocks: what encoders and most models count in
_PIXELS = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})", re.ASCII)
_ASPECT = re.compile(r"([1-9]\d?):([1-9]\d?)", re.ASCII)
_SIDES, _SHAPE = 1.0, 100.0  # how much the shape counts against the area


def pixels(size: str) -> tuple[int, int] | None:
    if found := _PIXELS.fullmatch(size):
        return int(found[1]), int(found[2])
    return None


def shape(size: str) -> float | None:
    """Width to height, of an aspect or of a word."""
    if found := _ASPECT.fullmatch(WORDS.get(size, size)):
        return int(found[1]) / int(found[2])
    return None


def is_valid(width: int, height: int, able: Capabilities) -> bool:
    if able.sizes:
        return f"{width}x{height}" in able.sizes
    long, short, area = max(width, height), min(width, height), width * height
    return (
        max(1, able.shortest_side) <= short
        and long <= able.longest_side
        and not (width % able.side_step or height % able.side_step)
        and able.least_pixels <= area <= (able.most_pixels or area)
        and (not able.widest_ratio or long <= short * able.widest_ratio)
    )


def nearest(width: int, height: int, able: Capabilities) -> tuple[int, int] | None:
    """Nearest to these pixels. None: the model can draw nothing, as it is described."""
    if is_valid(width, height, able):
        return width, height
    wanted, area = width / height, width * height
    if able.sizes:
        return _best(_listed(able), wanted, area, _SHAPE)
    return _best(_free(wanted, able, able.side_step), wanted, area, _SIDES)


def of_shape(wanted: float, able: Capabilities) -> tuple[int, int] | None:
    """As large as what the model draws by default, in that shape."""
    width, height = pixels(able.default_size) or (1024, 1024)
    area = width * height
    if able.sizes:
        return _best(_listed(able), wanted, area, _SHAPE)
    neat = _best(_free(wanted, able, math.lcm(able.side_step, NEAT)), wanted, area, _SHAPE)
    return neat or _best(_free(wanted, able, able.side_step), wanted, area, _SHAPE)


def of_aspect(wanted: float, area: int, able: Capabilities) -> tuple[str, str, tuple[int, int]]:
    """For a model that is told a shape and a resolution: both in its words, and the true size."""
    aspect = min(able.aspects, key=lambda name: abs(math.log((shape(name) or 1) / wanted)))
    of = shape(aspect) or 1
    if not able.resolutions:
        default = pixels(able.default_size) or (1024, 1024)
        return aspect, "", _filled(of, default[0] * default[1])
    near = min(able.resolutions, key=lambda name: abs(math.log(_side(name) ** 2 / area)))
    if len(able.sizes) == len(able.aspects):  # it lists what its shapes measure at 1K
        width, height = pixels(able.sizes[able.aspects.index(aspect)]) or (1024, 1024)
        return aspect, near, (width * _side(near) // 1024, height * _side(near) // 1024)
    return aspect, near, _filled(of, _side(near) ** 2)


def _filled(wanted: float, area: int) -> tuple[int, int]:
    """A shape laid over an area, in whole blocks and never smaller: a price counts on it."""
    width, height = math.sqrt(area * wanted), math.sqrt(area / wanted)
    # Rounded first: a root that should be whole may come out a hair above.
    return math.ceil(round(width / NEAT, 6)) * NEAT, math.ceil(round(height / NEAT, 6)) * NEAT


def _side(resolution: str) -> int:
    return int(resolution[:-1]) * 1024 if resolution.endswith("K") else int(resolution)


def _listed(able: Capabilities) -> Iterator[tuple[int, int]]:
    for size in able.sizes:
        if found := pixels(size):
            yield found


def _free(wanted: float, able: Capabilities, step: int) -> Iterator[tuple[int, int]]:
    """Every width that is allowed, with the heights around that shape, pulled into the rule."""
    first = math.ceil(max(1, able.shortest_side) / step) * step
    for width in range(first, able.longest_side + 1, step):
        rows = width / wanted / step
        for row in {math.floor(rows), math.ceil(rows), *_edges(width, able, step)}:
            if is_valid(width, row * step, able):
                yield width, row * step


def _edges(width: int, able: Capabilities, step: int) -> Iterator[int]:
    """Where the rule itself, not the shape, decides the height."""
    least = max(able.shortest_side, math.ceil(able.least_pixels / width))
    most = min(able.longest_side, able.most_pixels // width or able.longest_side)
    if able.widest_ratio:
        least = max(least, math.ceil(width / able.widest_ratio))
        most = min(most, math.floor(width * able.widest_ratio))
    yield math.ceil(least / step)
    yield most // step


def _best(
    candidates: Iterator[tuple[int, int]], wanted: float, area: int, weight: float
) -> tuple[int, int] | None:
    def distance(size: tuple[int, int]) -> float:
        width, height = size
        off = abs(math.log(width / height / wanted))
        return weight * off + abs(math.log(width * height / area))

    return min(candidates, key=distance, default=None)
