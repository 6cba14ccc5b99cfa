"""Layers on top of each other: OSI, TCP/IP, or those the prompt names; a pyramid if it says so."""

from providers.studio import icons, wording
from providers.studio.board import Board, readable
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, along, darken, lighten, mix, ramp
from providers.studio.shapes import box
from providers.studio.wording import say

# Name, what works there, its pictogram: from the top down.
OSI = (
    ("Application|Anwendung", "HTTP, SMTP, DNS", "laptop"),
    ("Presentation|Darstellung", "TLS, JPEG, UTF-8", "lock"),
    ("Session|Sitzung", "RPC, NetBIOS", "chat"),
    ("Transport|Transport", "TCP, UDP", "truck"),
    ("Network|Vermittlung", "IP, ICMP, router", "globe"),
    ("Data link|Sicherung", "Ethernet, switch", "switch"),
    ("Physical|Bitübertragung", "cable, fibre, radio", "bolt"),
)
TCP = (
    ("Application|Anwendung", "HTTP, DNS, SSH", "laptop"),
    ("Transport|Transport", "TCP, UDP", "truck"),
    ("Internet|Internet", "IP, ICMP", "globe"),
    ("Network access|Netzzugang", "Ethernet, Wi-Fi", "switch"),
)
MASLOW = (
    ("Self-actualisation|Selbstverwirklichung", "", "star"),
    ("Esteem|Anerkennung", "", "trophy"),
    ("Belonging|Zugehörigkeit", "", "heart"),
    ("Safety|Sicherheit", "", "shield"),
    ("Basic needs|Grundbedürfnisse", "", "home"),
)
USUAL = (
    ("Interface|Oberfläche", "", "laptop"),
    ("Services|Dienste", "", "gear"),
    ("Data|Daten", "", "database"),
    ("Infrastructure|Infrastruktur", "", "server"),
)
RAINBOWS = (
    "7a5af8 4f6bed 2e90d9 12a594 5fae4b f0a63a e5644e",
    "274c77 3b6ea5 4ba3c3 5ec2a8 a3c95a f2c14e f78154",
    "6a1b5d a4286a d6456b ef6f5a f59e52 f2c14e 9bb856",
    "12355b 1e5f8a 2a8fa8 36b3a0 66c28a a7cf77 e0d56f",
)

Layer = tuple[str, str, str]


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.4, tallest=1.3)
    layers, heading, numbered = _layers(brief)
    colours = _colours(board, len(layers))
    start = board.title(wording.quoted(brief) or heading)
    if brief.has("pyramid pyramide *pyramide"):
        _pyramid(board, layers, colours, start)
    else:
        _stack(board, layers, colours, start, numbered=numbered)


def _layers(brief: Brief) -> tuple[list[Layer], str, bool]:
    if brief.has("osi"):
        return _said(brief, OSI), say(brief, "OSI model|OSI-Modell"), True
    if brief.has("tcp"):
        return _said(brief, TCP), say(brief, "TCP/IP model|TCP/IP-Modell"), True
    named = wording.items(brief)
    heading = wording.topic(brief) or say(brief, "Layers|Schichten")
    if named:
        return [(name, "", icons.meaning(name, "layers")) for name in named], heading, False
    if brief.has("maslow needs bedürfnis*"):
        return _said(brief, MASLOW), "Maslow", False
    return _said(brief, USUAL), heading, False


def _said(brief: Brief, layers: tuple[Layer, ...]) -> list[Layer]:
    return [(say(brief, name), note, symbol) for name, note, symbol in layers]


def _colours(board: Board, count: int) -> list[Colour]:
    row = ramp(board.canvas.dice("rainbow").choice(RAINBOWS))
    if board.brief.colours:
        tone = board.colours.accent(0)
        row = (darken(tone, 0.35), tone, lighten(tone, 0.45))
    return [along(row, index / max(1, count - 1)) for index in range(count)]


def _stack(
    board: Board, layers: list[Layer], colours: list[Colour], start: float, *, numbered: bool
) -> None:
    count, end = len(layers), board.bottom - board.h * 0.05
    pitch = (end - start) / count
    left, right = board.left + board.w * 0.13, board.right - board.w * 0.07
    for index, ((name, note, symbol), colour) in enumerate(zip(layers, colours, strict=True)):
        top = start + pitch * index
        high = pitch * 0.84
        ink, y = readable(colour), top + high / 2
        board.card((left, top, right, top + high), colour, radius=16)
        side = (left, top, left + high * 1.1, top + high)
        board.canvas.paint(
            Stencil().polygon(box(*side, radius=16)), darken(colour, 0.18), opacity=0.9
        )
        board.icon(symbol, left + high * 0.55, y, high * 0.58, readable(darken(colour, 0.18)))
        size = min(40.0, high * 0.42)
        board.text(
            name,
            left + high * 1.4,
            y,
            size,
            align="left",
            colour=ink,
            weight=0.035,
            room=(right - left) * (0.42 if note else 0.75),
        )
        if note:
            board.text(
                note,
                right - 24,
                y,
                size * 0.68,
                align="right",
                colour=mix(ink, colour, 0.12),
                room=(right - left) * 0.32,
            )
        if numbered:
            board.text(
                str(count - index),
                left - board.w * 0.032,
                y,
                size * 1.15,
                colour=colour,
                weight=0.08,
            )
    x = board.left + board.w * 0.045
    tone = mix(board.colours.muted, board.colours.paper, 0.3)
    board.arrow([(x, start + pitch * 0.1), (x, end - pitch * 0.2)], tone, width=6, both=True)


def _pyramid(board: Board, layers: list[Layer], colours: list[Colour], start: float) -> None:
    count, end = len(layers), board.bottom - board.h * 0.06
    x, half = (board.left + board.right) / 2, min(board.w * 0.45, (end - start) * 0.62)
    pitch = (end - start) / (count + 0.35)
    for index, ((name, _, symbol), colour) in enumerate(zip(layers, colours, strict=True)):
        top = start + pitch * index + (pitch * 0.35 if index else 0)
        bottom = start + pitch * (index + 1.35) - 8
        reach = [half * (y - start) / (end - start) for y in (top, bottom)]
        piece = Stencil().polygon(
            [
                (x - reach[0], top),
                (x + reach[0], top),
                (x + reach[1], bottom),
                (x - reach[1], bottom),
            ]
        )
        board.canvas.paint(piece, colour)
        y, ink = (top + bottom) / 2, readable(colour)
        room = (reach[0] + reach[1]) * 0.8
        if index == 0 or board.canvas.silent:
            y += (bottom - top) * (0.2 if index == 0 else 0)
            board.icon(symbol, x, y, pitch * 0.42, ink)
        if index == 0:
            side = x + reach[1] + 20
            board.text(name, side, y, 30, align="left", weight=0.03, room=board.right - side - 16)
        else:
            board.block(
                name, (x - room / 2, top, x + room / 2, bottom), 34, colour=ink, weight=0.03
            )
