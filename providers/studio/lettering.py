"""Letters without a font file: Pillow's own face is ASCII, so accents are drawn here."""

import unicodedata
from functools import lru_cache

from PIL import ImageDraw, ImageFont

from providers.studio.canvas import Scale, Stencil
from providers.studio.shapes import Point

LETTERFORMS = {
    "ß": "ss",
    "ẞ": "SS",
    "æ": "ae",
    "Æ": "Ae",
    "œ": "oe",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "’": "'",
    "–": "-",
}
# Strokes (a single point is a dot) in shares of the letter size, from the middle of its top edge.
ACCENTS: dict[str, tuple[tuple[Point, ...], ...]] = {
    "\u0300": (((-0.12, -0.1), (0.04, 0.0)),),
    "\u0301": (((0.12, -0.1), (-0.04, 0.0)),),
    "\u0302": (((-0.12, 0.0), (0.0, -0.1), (0.12, 0.0)),),
    "\u030c": (((-0.12, -0.1), (0.0, 0.0), (0.12, -0.1)),),
    "\u0303": (((-0.13, -0.03), (-0.06, -0.08), (0.05, -0.03), (0.13, -0.08)),),
    "\u0304": (((-0.12, -0.05), (0.12, -0.05)),),
    "\u0306": (((-0.11, -0.09), (-0.05, -0.02), (0.05, -0.02), (0.11, -0.09)),),
    "\u0308": (((-0.1, -0.06),), ((0.1, -0.06),)),
    "\u0307": (((0.0, -0.05),),),
    "\u030a": (((-0.06, -0.05), (0.0, -0.11), (0.06, -0.05), (0.0, 0.01), (-0.06, -0.05)),),
    "\u030b": (((-0.02, -0.1), (-0.09, 0.0)), ((0.12, -0.1), (0.05, 0.0))),
}
BELOW: dict[str, tuple[Point, ...]] = {
    "\u0327": ((0.0, 0.02), (0.05, 0.1), (-0.04, 0.16)),
    "\u0328": ((0.08, 0.0), (0.02, 0.1), (0.1, 0.15)),
}


def can_write(text: str) -> bool:
    return all(
        " " <= letter <= "~" or letter in ACCENTS or letter in BELOW for letter in _plain(text)
    )


def width(text: str, size: float) -> float:
    return float(_font(100).getlength(_bases(text))) * size / 100


def fitting(text: str, room: float, tallest: float) -> float:
    """The largest size at which the text fits."""
    return min(tallest, 0.97 * room / max(0.01, width(text, 1.0)))


def letters(text: str, x: float, baseline: float, size: float, *, weight: float = 0.0) -> Stencil:
    """A line of text around `x`; `weight` thickens the strokes, in shares of the size."""
    stencil = _Lettering()
    line, left = _bases(text), x - width(text, size) / 2
    stencil.text(line, left, baseline, size, weight * size)
    place = 0
    for letter in _plain(text):
        if letter in ACCENTS or letter in BELOW:
            base = line[place - 1]
            start, end = (width(line[:count], size) for count in (place - 1, place))
            for stroke in _accent(letter, base):
                points = [
                    (left + (start + end) / 2 + dx * size, baseline + dy * size)
                    for dx, dy in stroke
                ]
                if len(points) == 1:
                    stencil.dot(*points[0], size * (0.056 + weight / 2))
                else:
                    stencil.line(points, size * (0.075 + weight))
        else:
            place += 1
    return stencil


class _Lettering(Stencil):
    def text(self, line: str, left: float, baseline: float, size: float, stroke: float) -> None:
        # At small sizes the letters stand on whole pixels: a line comes out longer than measured.
        end = left + width(line, size) * 1.06 + size * 0.2
        self._reach([(left, baseline - size), (end, baseline + size * 0.3)], stroke)

        def mark(draw: ImageDraw.ImageDraw, scale: Scale, unit: float) -> None:
            draw.text(
                scale(left, baseline),
                line,
                fill=255,
                font=_font(size * unit),
                anchor="ls",
                stroke_width=stroke * unit / 2,
            )

        self._marks.append(mark)


def _accent(mark: str, base: str) -> list[tuple[Point, ...]]:
    if mark in BELOW:
        return [BELOW[mark]]
    top = -0.8 if base.isupper() else -0.78 if base in "bdfhklit" else -0.62
    return [tuple((dx, dy + top) for dx, dy in stroke) for stroke in ACCENTS[mark]]


def _plain(text: str) -> str:
    replaced = "".join(LETTERFORMS.get(letter, letter) for letter in text)
    return unicodedata.normalize("NFD", replaced)


def _bases(text: str) -> str:
    return "".join(
        letter for letter in _plain(text) if letter not in ACCENTS and letter not in BELOW
    )


@lru_cache(maxsize=32)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(1.0, size))
