"""Textures made of seeded noise. (Pillow's own noise cannot be seeded.)"""

from random import Random

from PIL import Image, ImageChops, ImageOps


def grain(dice: Random, size: tuple[int, int], strength: float) -> Image.Image:
    """Fine film grain around middle grey."""
    tile_side = 512
    tile = Image.frombytes("L", (tile_side, tile_side), dice.randbytes(tile_side * tile_side))
    tile = tile.point([round(128 + (value - 127.5) * strength) for value in range(256)])
    sheet = Image.new("L", size)
    for left in range(0, size[0], tile_side):
        for top in range(0, size[1], tile_side):
            sheet.paste(tile, (left, top))
    return sheet


def clouds(
    dice: Random,
    size: tuple[int, int],
    *,
    cells: tuple[float, float],
    octaves: int = 4,
) -> Image.Image:
    """Soft noise with `cells` bumps across and down, spread over 0 to 255."""
    # Nobody sees the difference of a soft texture drawn small, and it takes a ninth of the time.
    small = (max(8, size[0] // 3), max(8, size[1] // 3))
    sheet: Image.Image | None = None
    for octave in range(octaves):
        columns, rows = (max(2, min(2048, round(c * 2**octave) + 2)) for c in cells)
        layer = Image.frombytes("L", (columns, rows), dice.randbytes(columns * rows))
        layer = layer.resize(small, Image.Resampling.BICUBIC)
        sheet = layer if sheet is None else Image.blend(sheet, layer, 0.5 ** (octave + 0.4))
    assert sheet is not None
    return ImageOps.autocontrast(sheet).resize(size, Image.Resampling.BICUBIC)


def threshold(noise: Image.Image, start: float, end: float, peak: float = 1.0) -> Image.Image:
    """A mask that rises from nothing at `start` to `peak` at `end` (all from 0 to 1)."""

    def rise(value: int) -> int:
        share = max(0.0, min(1.0, (value / 255 - start) / (end - start)))
        return round(255 * peak * share * share * (3 - 2 * share))

    return noise.point([rise(value) for value in range(256)])


def relief(noise: Image.Image, depth: float = 1.0) -> Image.Image:
    """The noise as a surface lit from the upper left, around middle grey."""
    moved = noise.copy()
    moved.paste(noise, (2, 2))
    return ImageChops.subtract(noise, moved, scale=0.35 / depth, offset=128)


def fade(mask: Image.Image) -> Image.Image:
    """The mask with its top and bottom edges let out softly, fullest at two thirds."""
    heights = range(mask.height)
    curve = [
        min(1.0, row / (mask.height * 0.66)) * min(1.0, (mask.height - row) / (mask.height * 0.34))
        for row in heights
    ]
    column = Image.new("L", (1, mask.height))
    column.putdata([round(255 * share * share * (3 - 2 * share)) for share in curve])
    return ImageChops.multiply(mask, column.resize(mask.size))


def sink(noise: Image.Image, weight: float) -> Image.Image:
    """The noise weighed down: fuller at the top, empty at the bottom."""
    slope = Image.linear_gradient("L").point([255 - v for v in range(256)]).resize(noise.size)
    return Image.blend(noise, slope, weight)


def inverted(noise: Image.Image) -> Image.Image:
    return ImageChops.invert(noise)
