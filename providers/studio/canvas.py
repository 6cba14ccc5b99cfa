"""A sheet to draw on, in picture units: the shorter side is 1000, whatever the size in pixels.

Shapes are collected in a Stencil and painted in one go. Only the stencil is supersampled, so
smooth edges cost a byte per sample and colours stay cheap.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, floor, inf
from random import Random
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from providers.studio import textures
from providers.studio.colours import WHITE, Colour, under
from providers.studio.paints import Box, Paint, distances
from providers.studio.shapes import Point

Scale = Callable[[float, float], tuple[float, float]]
Mark = Callable[[ImageDraw.ImageDraw, Scale, float], None]
Blend = Literal["normal", "screen", "multiply", "soft"]

SHORT_SIDE = 1000.0


@dataclass(frozen=True)
class Detail:
    """What a quality means."""

    samples: int  # per pixel side: smooth edges
    amount: float  # how many of the small things
    texture: float  # strength of texture and grain
    depth: float = 0.0  # how much light and shade are worked out at the end


class Stencil:
    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self.left, self.top, self.right, self.bottom = inf, inf, -inf, -inf

    def polygon(self, points: Sequence[Point], *, hole: bool = False) -> "Stencil":
        value = 0 if hole else 255
        self._reach(points, 0)
        self._marks.append(
            lambda draw, scale, _: draw.polygon([scale(x, y) for x, y in points], fill=value)
        )
        return self

    def dot(
        self, x: float, y: float, rx: float, ry: float | None = None, *, hole: bool = False
    ) -> "Stencil":
        ry, value = rx if ry is None else ry, 0 if hole else 255
        corners = ((x - rx, y - ry), (x + rx, y + ry))
        self._reach(corners, 0)
        self._marks.append(
            lambda draw, scale, _: draw.ellipse([scale(*corner) for corner in corners], fill=value)
        )
        return self

    def panes(self, corners: Sequence[tuple[float, float, float, float]]) -> "Stencil":
        """Many upright rectangles (left, top, right, bottom) at once: a town has thousands."""
        if not corners:
            return self
        self._reach([(c[0], c[1]) for c in corners] + [(c[2], c[3]) for c in corners], 0)

        def mark(draw: ImageDraw.ImageDraw, scale: Scale, _: float) -> None:
            for left, top, right, bottom in corners:
                draw.rectangle([scale(left, top), scale(right, bottom)], fill=255)

        self._marks.append(mark)
        return self

    def line(self, points: Sequence[Point], width: float, *, hole: bool = False) -> "Stencil":
        value = 0 if hole else 255
        self._reach(points, width)
        self._marks.append(
            lambda draw, scale, unit: draw.line(
                [scale(x, y) for x, y in points],
                fill=value,
                width=max(1, round(width * unit)),
                joint="curve",
            )
        )
        return self

    def _reach(self, points: Sequence[Point], pad: float) -> None:
        for x, y in points:
            self.left, self.right = min(self.left, x - pad), max(self.right, x + pad)
            self.top, self.bottom = min(self.top, y - pad), max(self.bottom, y + pad)

    def render(self, box: Box, unit: float, samples: int) -> Image.Image:
        """The mask of one part of the sheet (a box in pixels)."""
        left, top, right, bottom = box
        fine = unit * samples

        def scale(x: float, y: float) -> tuple[float, float]:
            return x * fine - left * samples, y * fine - top * samples

        mask = Image.new("L", ((right - left) * samples, (bottom - top) * samples))
        draw = ImageDraw.Draw(mask)
        for mark in self._marks:
            mark(draw, scale, fine)
        return mask.reduce(samples) if samples > 1 else mask


class Canvas:
    def __init__(
        self,
        width: int,
        height: int,
        *,
        detail: Detail,
        seed: str,
        transparent: bool = False,
        silent: bool = False,
    ) -> None:
        self.image = Image.new("RGBA" if transparent else "RGB", (width, height))
        self.unit = min(width, height) / SHORT_SIDE
        self.w, self.h = width / self.unit, height / self.unit
        self.detail = detail
        self.lamp: Colour = WHITE  # the light that falls on what is painted
        self.silent = silent
        self._writing: list[tuple[Stencil, Colour]] = []
        self._seed = seed
        self._transparent = transparent
        self._muted = False

    def dice(self, purpose: str) -> Random:
        """Chance, apart for each purpose: more leaves in high quality move no mountain."""
        return Random(f"{self._seed}/{purpose}")

    def many(self, count: float) -> int:
        return max(1, round(count * self.detail.amount))

    @contextmanager
    def backdrop(self) -> Iterator[None]:
        """What a transparent picture leaves out: sky, walls."""
        self._muted = self._transparent
        yield
        self._muted = False

    @property
    def everything(self) -> Box:
        return 0, 0, self.image.width, self.image.height

    def fill(self, paint: Colour | Paint) -> None:
        self._lay(paint, Image.new("L", self.image.size, 255), self.everything, "normal")

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
        box = self._box(stencil, pad=2.5 * blur)
        if box is None or self._muted:
            return
        mask = stencil.render(box, self.unit, self.detail.samples)
        if blur:
            mask = _softened(mask, blur * self.unit)
        if clip is not None:
            mask = ImageChops.multiply(mask, clip.render(box, self.unit, self.detail.samples))
        if opacity < 1:
            mask = mask.point([round(value * opacity) for value in range(256)])
        self._lay(paint, mask, box, blend)

    def write(self, lettering: Stencil, ink: Colour) -> None:
        """Letters wait until the style is through, or it would smear them. A silent sheet, "no
        text", bears none: whatever can be read comes through here."""
        if not self.silent and not self._muted:
            self._writing.append((lettering, ink))

    def sign(self, image: Image.Image, tint: Callable[[Colour], Colour]) -> Image.Image:
        """The finished picture with its writing, in the inks of its style."""
        self.image, self.lamp = image, WHITE
        for lettering, ink in self._writing:
            self.paint(lettering, tint(ink))
        return self.image

    def paint_mask(
        self,
        mask: Image.Image,
        paint: Colour | Paint,
        *,
        top: float = 0.0,
        clip: Stencil | None = None,
        blend: Blend = "normal",
    ) -> None:
        """Through a ready mask as wide as the sheet: clouds, mist, rock."""
        start = max(0, round(top * self.unit))
        box = (0, start, self.image.width, min(self.image.height, start + mask.height))
        if self._muted or box[3] <= start:
            return
        mask = mask.crop((0, 0, box[2], box[3] - start))
        if clip is not None:
            mask = ImageChops.multiply(mask, clip.render(box, self.unit, self.detail.samples))
        self._lay(paint, mask, box, blend)

    def rub(self, texture: Image.Image, clip: Stencil, *, top: float = 0.0) -> None:
        """A texture around middle grey, rubbed into the paint that is there."""
        strength = self.detail.texture
        soft = texture.point([round(128 + (value - 128) * strength) for value in range(256)])
        whole = Image.new("L", texture.size, 255)
        self.paint_mask(
            whole,
            lambda *_: Image.merge("RGB", (soft, soft, soft)),
            top=top,
            clip=clip,
            blend="soft",
        )

    def glow(
        self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0
    ) -> None:
        """Light in the air: adds, never covers."""
        box = self._clamped(x - radius, y - radius, x + radius, y + radius)
        if box is None or self._muted:
            return
        falloff = [round(255 * strength * (1 - v / 255) ** 2.2) for v in range(256)]
        mask = distances(box, self.unit, x, y, radius).point(falloff)
        self._lay(colour, mask, box, "screen")

    def noise(
        self,
        purpose: str,
        cells: tuple[float, float],
        height: float | None = None,
        octaves: int = 4,
    ) -> Image.Image:
        """Soft noise over the whole width; cells are counted per 1000 units."""
        rows = self.image.height if height is None else max(1, round(height * self.unit))
        wide, high = self.w / SHORT_SIDE, rows / self.unit / SHORT_SIDE
        return textures.clouds(
            self.dice(purpose),
            (self.image.width, rows),
            cells=(cells[0] * wide, cells[1] * high),
            octaves=octaves,
        )

    def _lay(self, paint: Colour | Paint, mask: Image.Image, box: Box, blend: Blend) -> None:
        if self._muted:
            return
        lamp = WHITE if blend == "screen" else self.lamp  # what glows needs no light
        if isinstance(paint, tuple):
            colour = under(paint, lamp)
            if blend == "normal" and not self._transparent:
                self.image.paste(colour, box, mask)
                return
            fill = Image.new("RGB", mask.size, colour)
        else:
            fill = paint(box, self.unit)
            if lamp != WHITE:
                fill = ImageChops.multiply(fill, Image.new("RGB", fill.size, lamp))
        if blend != "normal":
            fill = BLENDS[blend](self.image.crop(box).convert("RGB"), fill)
        if not self._transparent:
            self.image.paste(fill, box, mask)
        elif blend == "normal":
            fill.putalpha(mask)
            self.image.alpha_composite(fill, box[:2])
        else:
            fill.putalpha(self.image.crop(box).getchannel("A"))
            self.image.paste(fill, box, mask)

    def _box(self, stencil: Stencil, pad: float) -> Box | None:
        return self._clamped(
            stencil.left - pad, stencil.top - pad, stencil.right + pad, stencil.bottom + pad
        )

    def _clamped(self, left: float, top: float, right: float, bottom: float) -> Box | None:
        if left > right:
            return None
        width, height = self.image.size
        box = (
            max(0, floor(left * self.unit) - 1),
            max(0, floor(top * self.unit) - 1),
            min(width, ceil(right * self.unit) + 1),
            min(height, ceil(bottom * self.unit) + 1),
        )
        return box if box[0] < box[2] and box[1] < box[3] else None


def _softened(mask: Image.Image, radius: float) -> Image.Image:
    """A wide blur looks the same when made small, and takes a tenth of the time."""
    coarse = int(radius / 4)
    if coarse < 2 or min(mask.size) < 8 * coarse:
        return mask.filter(ImageFilter.GaussianBlur(radius))
    small = mask.reduce(coarse).filter(ImageFilter.GaussianBlur(radius / coarse))
    grown = small.resize((small.width * coarse, small.height * coarse), Image.Resampling.BICUBIC)
    return grown.crop((0, 0, *mask.size))


BLENDS: dict[Blend, Callable[[Image.Image, Image.Image], Image.Image]] = {
    "screen": ImageChops.screen,
    "multiply": ImageChops.multiply,
    "soft": ImageChops.soft_light,
}
