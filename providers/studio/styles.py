"""Styles: what a finished drawing is passed through. A new style is a function, an entry here and
a line of words in brief.py."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi
from random import Random

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from providers.studio import textures
from providers.studio.colours import Colour, mix, rgb

Tint = Callable[[Colour], Colour]
Filter = Callable[[Image.Image, Random], Image.Image]


def as_it_is(ink: Colour) -> Colour:
    return ink


def graphite(ink: Colour) -> Colour:
    """Where fills turn pale, light letters must turn dark."""
    return rgb("2b2a33")


def grey(ink: Colour) -> Colour:
    red, green, blue = ink
    level = (299 * red + 587 * green + 114 * blue) // 1000
    return level, level, level


def faded(ink: Colour) -> Colour:
    return mix(grey(ink), rgb("a87c56"), 0.28)


@dataclass(frozen=True)
class Style:
    apply: Filter
    texture: float = 1.0  # how much of the drawing's own texture the style keeps
    ink: Tint = as_it_is  # what becomes of the colour of letters, which no filter touches


def watercolour(image: Image.Image, dice: Random) -> Image.Image:
    """Washes with darker edges on rough paper, let out towards the border."""
    painted = Image.blend(_patches(image, 4, 3), image, 0.34)
    painted = painted.filter(ImageFilter.UnsharpMask(_radius(image, 12), 80, 2))
    pools = textures.clouds(dice, image.size, cells=(6, 6), octaves=4)
    painted = ImageChops.screen(painted, _grey(pools.point([round(v * 0.24) for v in range(256)])))
    paper = textures.relief(textures.clouds(dice, image.size, cells=(110, 110), octaves=1), 0.1)
    painted = ImageChops.soft_light(painted, _grey(paper))
    width, height = image.size
    frame, margin = (
        Image.new("L", (max(8, width // 4), max(8, height // 4))),
        _radius(image, 58) // 4,
    )
    frame.paste(255, (margin, margin, frame.width - margin, frame.height - margin))
    frame = frame.filter(ImageFilter.GaussianBlur(margin * 0.7)).resize(image.size)
    edge = textures.clouds(dice, image.size, cells=(7, 7), octaves=5)
    mask = textures.threshold(Image.blend(frame, edge, 0.36), 0.38, 0.5)
    return Image.composite(painted, Image.new("RGB", image.size, (251, 248, 241)), mask)


def oil(image: Image.Image, dice: Random) -> Image.Image:
    """Short thick strokes: flattened patches under a relief of brush marks."""
    strokes = textures.clouds(dice, image.size, cells=(70, 130), octaves=2)
    relief = textures.relief(strokes, 0.3)
    painted = ImageChops.soft_light(_patches(image, 3, 5), _grey(relief))
    return ImageEnhance.Color(painted).enhance(1.22)


def pencil(image: Image.Image, dice: Random) -> Image.Image:
    """Outlines and hatching in graphite on warm paper."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    lines = _outlines(grey, _radius(image, 3), 5.0)
    hatching = textures.clouds(dice, image.size, cells=(26, 190), octaves=2)
    shade = ImageChops.lighter(hatching, grey.point([min(255, 70 + v) for v in range(256)]))
    drawn = ImageChops.multiply(
        lines, shade.point([min(255, 60 + round(v * 0.8)) for v in range(256)])
    )
    return ImageOps.colorize(drawn, (52, 50, 58), (252, 249, 242))


def line_art(image: Image.Image, dice: Random) -> Image.Image:
    lines = _outlines(image.convert("L"), _radius(image, 3), 9.0)
    return ImageOps.colorize(lines, (24, 28, 44), (255, 255, 255))


def flat(image: Image.Image, dice: Random) -> Image.Image:
    return image.quantize(26, dither=Image.Dither.NONE).convert("RGB")


def comic(image: Image.Image, dice: Random) -> Image.Image:
    inked = _outlines(image.convert("L"), _radius(image, 4), 7.0)
    inked = inked.point([0 if v < 110 else min(255, (v - 110) * 4) for v in range(256)])
    bold = ImageEnhance.Color(ImageOps.posterize(image, 4)).enhance(1.35)
    return ImageChops.multiply(bold, _grey(inked))


def pixel(image: Image.Image, dice: Random) -> Image.Image:
    cell = max(1, min(image.size) // 112)
    small = image.resize((-(-image.width // cell), -(-image.height // cell)), Image.Resampling.BOX)
    few = ImageEnhance.Contrast(small).enhance(1.1).quantize(40, dither=Image.Dither.NONE)
    large = few.convert("RGB").resize(
        (few.width * cell, few.height * cell), Image.Resampling.NEAREST
    )
    return large.crop((0, 0, *image.size))


def vintage(image: Image.Image, dice: Random) -> Image.Image:
    sepia = ImageOps.colorize(image.convert("L"), (44, 26, 18), (250, 236, 206), (168, 124, 86))
    aged = Image.blend(sepia, image, 0.22)
    corners = Image.radial_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
    falloff = corners.point([255 - round(0.5 * max(0, v - 110)) for v in range(256)])
    return ImageChops.multiply(aged, _grey(falloff))


def photo(image: Image.Image, dice: Random) -> Image.Image:
    """What a lens does: bloom, deeper contrast, soft edges of the frame, darker corners."""
    curve = [round(255 * (0.5 - 0.5 * cos(pi * (v / 255) ** 0.96))) for v in range(256)]
    deep = Image.blend(image, image.point(curve * 3), 0.45)
    small = image.reduce(4) if min(image.size) >= 32 else image
    soft = small.filter(ImageFilter.GaussianBlur(_radius(small, 9))).resize(image.size)
    bright = soft.point([max(0, v - 150) * 2 for v in range(256)] * 3)
    bloomed = ImageChops.screen(deep, bright.point([round(v * 0.3) for v in range(256)] * 3))
    corners = Image.radial_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
    blurred = corners.point([min(255, max(0, v - 120) * 2) for v in range(256)])
    lens = Image.composite(soft, bloomed, blurred)
    falloff = corners.point([255 - round(0.55 * max(0, v - 90)) for v in range(256)])
    return ImageEnhance.Color(ImageChops.multiply(lens, _grey(falloff))).enhance(1.12)


def monochrome(image: Image.Image, dice: Random) -> Image.Image:
    return _grey(ImageOps.autocontrast(image.convert("L"), cutoff=0.5))


STYLES = {
    "watercolour": Style(watercolour, texture=0.4),
    "oil": Style(oil, texture=0.4),
    "pencil": Style(pencil, ink=graphite),
    "line art": Style(line_art, texture=0, ink=graphite),
    "comic": Style(comic, texture=0.3),
    "pixel": Style(pixel, texture=0),
    "flat": Style(flat, texture=0),
    "vintage": Style(vintage, ink=faded),
    "photo": Style(photo, texture=1.6),
    "monochrome": Style(monochrome, ink=grey),
}


def _patches(image: Image.Image, shrink: int, reach: int) -> Image.Image:
    """The picture in patches of one colour. At full size the median would take a second."""
    size = (max(8, image.width // shrink), max(8, image.height // shrink))
    small = image.resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(reach))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def _grey(channel: Image.Image) -> Image.Image:
    return Image.merge("RGB", (channel, channel, channel))


def _radius(image: Image.Image, units: float) -> int:
    return max(1, round(min(image.size) * units / 1000))


def _outlines(grey: Image.Image, radius: int, strength: float) -> Image.Image:
    """Dark lines on white where the brightness changes."""
    wide = grey.filter(ImageFilter.GaussianBlur(radius))
    edges = ImageChops.difference(grey, wide)
    return edges.point([max(0, 255 - round(v * strength)) for v in range(256)])
