"""A mark and a name. The mark comes from what the company does, the name from the prompt."""

import re
from math import cos, pi, sin

from providers.studio import icons, lettering, paints, wording
from providers.studio.board import Board
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, darken, lighten, lightness, mix, rgb, shift
from providers.studio.shapes import Points, box, ellipse

TRADE = re.compile(
    r"\b(?:for|of|für|von)\s+(?:an?\s+|my\s+|our\s+|the\s+|eine?[nrms]?\s+)?(.+?)"
    r"(?:[.,;]|\s(?:company|startup|brand|business|firm|shop|app|agency|firma|unternehmen|using|"
    r"with|featuring|called|named|in)\b|$)",
    re.IGNORECASE,
)
NAMES = ("Aurora", "Nordlicht", "Kite", "Lumen", "Solis", "Fjord", "Tandem", "Kolibri")
SYMBOLS = ("mountain", "leaf", "bolt", "wave", "layers", "rocket", "monogram", "target")
SHAPES = ("disc", "square", "hexagon", "free")


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=2.6, tallest=1.8, plain=True)
    first, second = _colours(board)
    dark = brief.time == "night" or brief.has("dark dunkel dunkl")
    paper = rgb("121829") if dark else rgb("ffffff")
    ink = rgb("f4f6ff") if dark else mix(first, rgb("161b2c"), 0.72)
    with canvas.backdrop():
        canvas.fill(
            paints.radial(
                (paper, paper, mix(paper, first, 0.08)),
                canvas.w / 2,
                canvas.h / 2,
                max(canvas.w, canvas.h) * 0.7,
            )
        )
    dice = canvas.dice("logo")
    name, symbol = _name(brief, dice.choice(NAMES)), _symbol(brief, dice.choice(SYMBOLS))
    shape = dice.choice(SHAPES) if not brief.has("minimalist minimal simple schlicht") else "free"
    if canvas.silent:
        Mark(board, first, second).draw(
            symbol, shape, *board.at(0.5, 0.5), min(board.w, board.h) * 0.3
        )
    elif board.w > board.h * 1.5:
        _beside(board, (first, second, ink), name, symbol, shape)
    else:
        size = min(board.w, board.h) * 0.23
        Mark(board, first, second).draw(symbol, shape, *board.at(0.5, 0.39), size)
        tall = lettering.fitting(name, board.w * 0.8, board.h * 0.13)
        y = board.top + board.h * 0.39 + size * 1.3 + tall * 0.75
        board.text(name, (board.left + board.right) / 2, y, tall, colour=ink, weight=0.05)
        rule = (board.left + board.right) / 2
        y += tall * 0.85
        board.pill((rule - size * 0.22, y - 4, rule + size * 0.22, y + 4), second)


def _beside(
    board: Board, colours: tuple[Colour, Colour, Colour], name: str, symbol: str, shape: str
) -> None:
    size = board.h * 0.27
    room = board.w * 0.92 - size * 2.5
    tall = lettering.fitting(name, room, board.h * 0.34)
    wide = lettering.width(name, tall)
    left = (board.left + board.right - wide - size * 2.5) / 2
    y = (board.top + board.bottom) / 2
    Mark(board, *colours[:2]).draw(symbol, shape, left + size, y, size)
    board.text(name, left + size * 2.5, y, tall, align="left", colour=colours[2], weight=0.05)


def _colours(board: Board) -> tuple[Colour, Colour]:
    wished = [c for c in board.brief.colours if 0.2 < lightness(c) < 0.93]
    if wished:
        second = wished[1] if len(wished) > 1 else shift(wished[0], light=0.1, hue=28)
        return wished[0], second
    dice = board.canvas.dice("hues")
    first = dice.randrange(4)
    return board.colours.accent(first), board.colours.accent(first + dice.randrange(1, 4))


def _name(brief: Brief, otherwise: str) -> str:
    if said := wording.name_of(brief):
        return said
    found = TRADE.search(brief.text)
    if not found:
        return otherwise
    words = [w for w in found.group(1).split() if w.lower() not in ("modern", "small", "new")]
    name = " ".join(word[:1].upper() + word[1:] for word in words[:2])
    return name if 1 < len(name) < 22 and lettering.can_write(name) else otherwise


def _symbol(brief: Brief, otherwise: str) -> str:
    words = [w for w in brief.words if not w.startswith(("logo", "icon", "emblem", "design"))]
    text = " ".join(w for w in words if w not in ("company", "startup", "modern", "brand", "shop"))
    return icons.meaning(text, otherwise)


class Mark:
    def __init__(self, board: Board, first: Colour, second: Colour) -> None:
        self.board, self.first, self.second = board, first, second

    def draw(self, symbol: str, shape: str, x: float, y: float, size: float) -> None:
        """The symbol in two colours, or cut out of a form."""
        canvas = self.board.canvas
        tones = (self.first, self.second)
        if lightness(self.first) > lightness(self.second):
            tones = (self.second, self.first)
        blend = paints.linear(
            (darken(tones[0], 0.05), tones[0], tones[1]),
            (x - size * 0.8, y + size * 0.8),
            (x + size * 0.8, y - size * 0.8),
        )
        if shape == "free":
            canvas.paint(icons.icon(symbol, x, y, size * 2), blend)
            return
        canvas.paint(Stencil().polygon(self.outline(shape, x, y, size)), blend)
        ring = Stencil().dot(x + size * 0.45, y - size * 0.55, size)
        canvas.paint(
            ring,
            lighten(tones[1], 0.5),
            opacity=0.22,
            clip=Stencil().polygon(self.outline(shape, x, y, size)),
        )
        canvas.paint(icons.icon(symbol, x, y, size * 1.12), rgb("ffffff"))

    def outline(self, shape: str, x: float, y: float, size: float) -> Points:
        if shape == "square":
            return box(
                x - size * 0.92,
                y - size * 0.92,
                x + size * 0.92,
                y + size * 0.92,
                radius=size * 0.42,
            )
        if shape == "hexagon":
            return [
                (
                    x + size * 1.04 * cos(pi / 6 + pi / 3 * k),
                    y + size * 1.04 * sin(pi / 6 + pi / 3 * k),
                )
                for k in range(6)
            ]
        return ellipse(x, y, size, steps=96)
