"""What a picture looks like, in 64 bits: made smaller, saved again or in another format, it differs
by a few of them. Reads what strangers wrote, so it runs in a child.

A perceptual hash: of the lowest frequencies of the grey picture, which are above their median. A
crop, a mirror image or a turned one looks like another.
"""

import math
from functools import cache
from operator import mul

from PIL import Image

from tale.lib import imaging

SIDE, BITS = 32, 64
FLATTEST = 2.0  # a picture of one colour has nothing to be known by: all of them look the same


def read(content: bytes) -> bytes:
    """Eight bytes; none, where there is nothing to be known by."""
    return _bits(imaging.small_grey(content, SIDE))


def examine(content: bytes) -> bytes:
    """As `read`, of a picture whose every pixel is looked at: one broken anywhere is `Unsound`."""
    grey = imaging.examined(content, SIDE)
    return _bits(grey) if grey else b""


def distance(one: int, other: int) -> int:
    """In how many bits they differ: 0 to 64."""
    return (one ^ other).bit_count()


def _bits(grey: Image.Image) -> bytes:
    strengths = _frequencies(grey)
    if math.sqrt(sum(each * each for each in strengths)) / SIDE < FLATTEST:
        return b""
    median = sorted(strengths)[BITS // 2]
    bits = sum(1 << place for place, each in enumerate(strengths) if each > median)
    return bits.to_bytes(BITS // 8)


def _frequencies(grey: Image.Image) -> list[float]:
    """The lowest ones, but for the brightness of the whole."""
    pixels, waves = [*map(float, grey.tobytes())], _waves()
    rows = [pixels[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
    across = [[sum(map(mul, wave, row)) for wave in waves] for row in rows]
    columns = list(zip(*across, strict=True))
    return [sum(map(mul, waves[v], columns[u])) for u, v in _lowest()]


@cache
def _lowest() -> list[tuple[int, int]]:
    by_height = ((u + v, u) for u in range(SIDE) for v in range(SIDE))
    return [(u, total - u) for total, u in sorted(by_height)[1 : BITS + 1]]


@cache
def _waves() -> list[list[float]]:
    """Of the discrete cosine transform, as many as the lowest frequencies need."""
    highest = max(max(pair) for pair in _lowest())
    return [
        [
            math.cos(math.pi * k * (2 * x + 1) / (2 * SIDE))
            * (math.sqrt(1 / SIDE) if k == 0 else math.sqrt(2 / SIDE))
            for x in range(SIDE)
        ]
        for k in range(highest + 1)
    ]
