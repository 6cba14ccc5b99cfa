"""Parts of user interfaces: what mock-ups are put together from."""

from collections.abc import Sequence
from math import pi

from providers.studio.board import TOP, Board, Frame, readable, wedge
from providers.studio.brief import PEOPLE
from providers.studio.canvas import Stencil
from providers.studio.colours import Colour, darken, lighten, mix, rgb
from providers.studio.paints import down
from providers.studio.shapes import Points, box, smooth

GLASS = rgb("11151f")


def inset(frame: Frame, by: float, by_y: float | None = None) -> Frame:
    left, top, right, bottom = frame
    by_y = by if by_y is None else by_y
    return left + by, top + by_y, right - by, bottom - by_y


def part(frame: Frame, left: float, top: float, right: float, bottom: float) -> Frame:
    """A piece of a frame, in shares of its sides."""
    wide, high = frame[2] - frame[0], frame[3] - frame[1]
    return (
        frame[0] + wide * left,
        frame[1] + high * top,
        frame[0] + wide * right,
        frame[1] + high * bottom,
    )


def plate(board: Board, frame: Frame, colour: Colour, radius: float = 0) -> None:
    board.canvas.paint(Stencil().polygon(box(*frame, radius=radius)), colour)


def phone(board: Board, frame: Frame) -> Frame:
    """A phone; gives back its screen below the status bar."""
    left, top, right, bottom = frame
    wide = right - left
    shadow = Stencil().polygon(box(left + 8, top + 26, right + 14, bottom + 26, radius=wide * 0.14))
    board.canvas.paint(shadow, rgb("141a30"), opacity=0.32, blur=22)
    plate(board, frame, GLASS, wide * 0.14)
    rim = Stencil().polygon(box(*inset(frame, wide * 0.012), radius=wide * 0.13))
    board.canvas.paint(rim, down((rgb("4a5164"), rgb("1a1f2b")), top, bottom))
    plate(board, inset(frame, wide * 0.024), GLASS, wide * 0.12)
    screen = inset(frame, wide * 0.042)
    plate(board, screen, board.colours.paper, wide * 0.1)
    notch = (left + wide * 0.36, top + wide * 0.075, right - wide * 0.36, top + wide * 0.13)
    plate(board, notch, GLASS, wide * 0.03)
    board.text("9:41", left + wide * 0.17, top + wide * 0.105, wide * 0.045, weight=0.05)
    battery = (right - wide * 0.21, top + wide * 0.088, right - wide * 0.13, top + wide * 0.122)
    plate(board, battery, board.colours.ink, wide * 0.01)
    return screen[0], top + wide * 0.16, screen[2], screen[3]


def tablet(board: Board, frame: Frame) -> Frame:
    left, top, right, bottom = frame
    shadow = Stencil().polygon(box(left + 8, top + 26, right + 10, bottom + 26, radius=44))
    board.canvas.paint(shadow, rgb("141a30"), opacity=0.3, blur=22)
    plate(board, frame, GLASS, 44)
    screen = inset(frame, 28)
    plate(board, screen, board.colours.paper, 16)
    return screen


def browser(board: Board, frame: Frame, address: str) -> Frame:
    """A window with its bar; gives back the page."""
    left, top, right, bottom = frame
    board.card(frame, board.colours.card, radius=20, shadow=0.28)
    bar = top + 58
    plate(board, (left, top, right, bar), mix(board.colours.card, board.colours.ink, 0.09), 20)
    plate(board, (left, bar - 20, right, bar), mix(board.colours.card, board.colours.ink, 0.09))
    for index, code in enumerate(("f2655c", "f5bd4f", "61c554")):
        board.canvas.paint(Stencil().dot(left + 34 + 32 * index, top + 29, 9), rgb(code))
    field = (left + 150, top + 13, right - 120, bar - 13)
    plate(board, field, board.colours.card, 16)
    board.text(address, field[0] + 24, top + 29, 21, align="left", colour=board.colours.muted)
    return left, bar, right, bottom


def bars(board: Board, frame: Frame, values: Sequence[float], colour: Colour) -> None:
    left, top, right, bottom = frame
    pitch = (right - left) / len(values)
    full, peak = Stencil(), max(range(len(values)), key=values.__getitem__)
    for index, value in enumerate(values):
        x = left + pitch * (index + 0.5)
        bar = box(
            x - pitch * 0.29,
            bottom - (bottom - top) * value,
            x + pitch * 0.29,
            bottom,
            radius=pitch * 0.14,
        )
        if index == peak:
            board.canvas.paint(Stencil().polygon(bar), colour)
        else:
            full.polygon(bar)
    board.canvas.paint(full, mix(colour, board.colours.card, 0.5))


def curve(board: Board, frame: Frame, values: Sequence[float], colour: Colour) -> None:
    left, top, right, bottom = frame
    pitch = (right - left) / (len(values) - 1)
    points: Points = smooth(
        [(left + pitch * i, bottom - (bottom - top) * v) for i, v in enumerate(values)],
        closed=False,
        steps=6,
    )
    under = Stencil().polygon([(left, bottom), *points, (right, bottom)])
    tones = (mix(colour, board.colours.card, 0.55), mix(colour, board.colours.card, 0.97))
    board.canvas.paint(under, down(tones, top, bottom))
    board.line(points, colour, 6)


def ring(board: Board, x: float, y: float, radius: float, share: float, colour: Colour) -> None:
    inner = radius * 0.74
    track = Stencil().polygon(wedge(x, y, radius, inner, 0, 2 * pi))
    board.canvas.paint(track, mix(colour, board.colours.card, 0.8))
    filled = wedge(x, y, radius, inner, TOP, TOP + 2 * pi * share)
    board.canvas.paint(Stencil().polygon(filled), colour)


def donut(board: Board, x: float, y: float, radius: float, shares: Sequence[float]) -> None:
    angle = TOP
    for index, share in enumerate(shares):
        end = angle + 2 * pi * share
        piece = wedge(x, y, radius, radius * 0.58, angle, end - 0.03)
        board.canvas.paint(Stencil().polygon(piece), board.colours.accent(index))
        angle = end


def lines(board: Board, frame: Frame, rows: int, *, opacity: float = 0.18) -> None:
    """Text too small to read."""
    left, top, right, bottom = frame
    pitch, strokes = (bottom - top) / rows, Stencil()
    thick = min(14.0, pitch * 0.42)
    for row in range(rows):
        y, short = top + pitch * (row + 0.5), 0.62 if row == rows - 1 else 1.0 - 0.07 * (row % 2)
        end = left + (right - left) * short
        strokes.polygon(box(left, y - thick / 2, end, y + thick / 2, radius=thick / 2))
    board.canvas.paint(strokes, board.colours.ink, opacity=opacity)


def button(board: Board, frame: Frame, text: str, colour: Colour, *, symbol: str = "") -> None:
    left, top, right, bottom = frame
    high = bottom - top
    board.card(frame, colour, radius=high * 0.32, shadow=0.14)
    ink = readable(colour)
    if symbol:
        board.icon(symbol, left + high * 0.72, (top + bottom) / 2, high * 0.5, ink)
        left += high * 0.75
    if board.canvas.silent:
        return
    board.text(
        text,
        (left + right) / 2,
        (top + bottom) / 2,
        high * 0.42,
        colour=ink,
        room=(right - left) * 0.8,
        weight=0.04,
    )


def stars(board: Board, x: float, y: float, size: float, count: int = 5) -> None:
    for index in range(5):
        tone = rgb("f5b53d") if index < count else board.colours.faint
        board.icon("star", x + size * 1.12 * (index + 0.5), y, size, tone)


def tile(board: Board, frame: Frame, name: str, value: str, symbol: str, colour: Colour) -> None:
    """A key figure."""
    board.card(frame, radius=18, shadow=0.1)
    left, top, right, bottom = frame
    high, wide = bottom - top, right - left
    size = min(high * 0.44, wide * 0.3)
    spot = (left + high * 0.16, top + (high - size) / 2)
    plate(board, (*spot, spot[0] + size, spot[1] + size), lighten(colour, 0.78), size * 0.28)
    board.icon(symbol, spot[0] + size / 2, spot[1] + size / 2, size * 0.62, darken(colour, 0.05))
    x, room = spot[0] + size * 1.25, right - spot[0] - size * 1.25 - 10
    board.text(value, x, top + high * 0.37, high * 0.29, align="left", room=room, weight=0.05)
    board.text(
        name, x, top + high * 0.69, high * 0.19, align="left", room=room, colour=board.colours.muted
    )


def avatar(board: Board, x: float, y: float, radius: float, colour: Colour) -> None:
    """Nobody's face: a pictogram on a disc; only the disc where people are unwanted."""
    board.canvas.paint(Stencil().dot(x, y, radius), lighten(colour, 0.6))
    if not board.brief.refuses(PEOPLE):
        board.icon("user", x, y, radius * 1.3, darken(colour, 0.1))
