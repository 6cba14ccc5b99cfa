"""Colours, mixed in OKLab: between two hues it stays clean where plain RGB turns grey."""

from functools import lru_cache
from math import atan2, cos, hypot, radians, sin

Colour = tuple[int, int, int]
Lab = tuple[float, float, float]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def rgb(code: str) -> Colour:
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def ramp(codes: str) -> tuple[Colour, ...]:
    """Colours from a line of hexadecimal codes, so that a palette reads as one row."""
    return tuple(rgb(code) for code in codes.split())


def mix(first: Colour, second: Colour, share: float) -> Colour:
    a, b = _lab(first), _lab(second)
    return _rgb((_lerp(a[0], b[0], share), _lerp(a[1], b[1], share), _lerp(a[2], b[2], share)))


def along(colours: tuple[Colour, ...], share: float) -> Colour:
    """The colour at `share` (0 to 1) of an evenly spaced row of colours."""
    place = max(0.0, min(1.0, share)) * (len(colours) - 1)
    index = min(int(place), len(colours) - 2) if len(colours) > 1 else 0
    following = colours[min(index + 1, len(colours) - 1)]
    return mix(colours[index], following, place - index)


def lighten(colour: Colour, share: float) -> Colour:
    return mix(colour, WHITE, share)


def darken(colour: Colour, share: float) -> Colour:
    return mix(colour, BLACK, share)


def deepen(colour: Colour, share: float) -> Colour:
    """Darker and more colourful: the shade inside a petal is never grey."""
    return shift(mix(colour, BLACK, share), chroma=1 + 1.1 * share)


def shift(colour: Colour, *, light: float = 0.0, chroma: float = 1.0, hue: float = 0.0) -> Colour:
    """Add lightness, multiply colourfulness, turn the hue by degrees."""
    level, a, b = _lab(colour)
    strength, angle = hypot(a, b) * chroma, atan2(b, a) + radians(hue)
    return _rgb((max(0.0, min(1.0, level + light)), strength * cos(angle), strength * sin(angle)))


def under(colour: Colour, lamp: Colour) -> Colour:
    """A surface of one colour in the light of another."""
    red, green, blue = (surface * light // 255 for surface, light in zip(colour, lamp, strict=True))
    return red, green, blue


def lightness(colour: Colour) -> float:
    return _lab(colour)[0]


def _lerp(start: float, end: float, share: float) -> float:
    return start + (end - start) * share


@lru_cache(maxsize=4096)
def _lab(colour: Colour) -> Lab:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _rgb(lab: Lab) -> Colour:
    level, a, b = lab
    long = (level + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (level - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (level - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _channel(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _channel(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _channel(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _channel(linear: float) -> int:
    value = max(0.0, min(1.0, linear))
    curved = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(curved * 255)
