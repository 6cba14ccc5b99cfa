"""Computers that are connected: offices through a tunnel, or one network around its switch."""

import re
from itertools import pairwise
from math import cos, pi, sin

from providers.studio import icons, wording
from providers.studio.board import Board, Frame
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, lighten, mix, rgb
from providers.studio.wording import say

SITES = "vpn office offices site sites branch branches standort* filial* büro* tunnel wan"
BETWEEN = re.compile(r"\b(?:between|zwischen|connecting)\s+(.+?)(?:[.;\n]|\sin\s|$)", re.IGNORECASE)
DEVICES = (
    ("Server|Server", "server"),
    ("Database|Datenbank", "database"),
    ("Laptop|Laptop", "laptop"),
    ("Workstation|Arbeitsplatz", "laptop"),
    ("Phone|Telefon", "phone"),
    ("Wi-Fi|WLAN", "router"),
)


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.6, tallest=1.3)
    sites = brief.has(SITES)
    usual = "VPN between offices|VPN zwischen Büros" if sites else "Network diagram|Netzwerkplan"
    start = board.title(wording.quoted(brief) or say(brief, usual))
    (_sites if sites else _star)(board, start)


def _names(brief: Brief) -> list[str]:
    """Cities and the like between which the tunnel runs."""
    found = BETWEEN.search(brief.text)
    if not found:
        return []
    parts = re.split(r",|\s+and\s+|\s+und\s+|&", found.group(1))
    names = [re.sub(r"^(?:the|our|a|an|die|das|der)\s+", "", part.strip()) for part in parts]
    return [name[:1].upper() + name[1:] for name in names if name and len(name) < 24][:4]


def _sites(board: Board, start: float) -> None:
    names = _names(board.brief)
    if len(names) < 2:
        names = [
            say(board.brief, pair) for pair in ("Head office|Zentrale", "Branch office|Filiale")
        ]
    middle, across = (board.left + board.right) / 2, board.w / board.h > 0.9 or len(names) > 2
    cloud_y = start + (board.bottom - start) * (0.2 if across else 0.5)
    frames = _frames(board, names, start, across=across)
    for index, frame in enumerate(frames):
        _tunnel(board, frame, (middle, cloud_y), board.colours.accent(index))
    _cloud(board, middle, cloud_y, board.w * 0.25)
    for index, (name, frame) in enumerate(zip(names, frames, strict=True)):
        _office(board, name, frame, index)


def _frames(board: Board, names: list[str], start: float, *, across: bool) -> list[Frame]:
    gap, end = board.w * 0.04, board.bottom - board.h * 0.05
    if not across:
        high = (end - start) * 0.32
        return [
            (board.left + gap * 2, start, board.right - gap * 2, start + high),
            (board.left + gap * 2, end - high, board.right - gap * 2, end),
        ]
    wide = (board.w - gap * (len(names) + 1)) / len(names)
    top = start + (end - start) * 0.44
    lefts = (board.left + gap + (wide + gap) * index for index in range(len(names)))
    return [(left, top, left + wide, end) for left in lefts]


def _tunnel(board: Board, frame: Frame, cloud: tuple[float, float], colour: Colour) -> None:
    """A tube from the firewall of an office into the cloud, with a lock on it."""
    left, top, right, bottom = frame
    below = top > cloud[1]
    x, y = (left + right) / 2, top if below else bottom
    straight = abs(x - cloud[0]) < board.w * 0.1
    path = [(x, y), cloud] if straight else [(x, y), (x, cloud[1]), cloud]
    for width, tone in ((30, mix(colour, rgb("101830"), 0.25)), (20, lighten(colour, 0.55))):
        tube = Stencil().line(path, width)
        for point in path[1:-1]:
            tube.dot(*point, width / 2)
        board.canvas.paint(tube, tone)
    for start, end in pairwise(path):
        board.dashes(start, end, colour, 5)
    lock_y = (y + cloud[1]) / 2
    board.badge("lock", x, lock_y, 34, rgb("2f9e6b"))
    if x < cloud[0]:
        board.text("VPN", x - 46, lock_y, 27, align="right", weight=0.05)
    else:
        board.text("VPN", x + 46, lock_y, 27, align="left", weight=0.05)


def _cloud(board: Board, x: float, y: float, size: float) -> None:
    shape = icons.icon("cloud", x, y, size * 1.5)
    shadow = icons.icon("cloud", x, y + 10, size * 1.5)
    board.canvas.paint(shadow, rgb("1a2340"), opacity=0.2, blur=12)
    board.canvas.paint(shape, rgb("d5e6fb"))
    board.icon("globe", x, y + size * 0.0, size * 0.34, rgb("2b5fae"))
    board.text("Internet", x, y + size * 0.285, size * 0.125, colour=rgb("17305c"), weight=0.03)


def _office(board: Board, name: str, frame: Frame, index: int) -> None:
    left, top, right, bottom = frame
    colour, ink = board.colours.accent(index), board.colours.muted
    wide, high = right - left, bottom - top
    board.card(frame, lighten(colour, 0.88), radius=24, edge=colour)
    band = (left + 16, bottom - high * 0.18, right - 16, bottom - 14)
    board.block(name, band, min(36, wide * 0.085), colour=rgb("1c2333"), weight=0.045)
    wall = ((left + right) / 2, top + high * 0.04)
    hub = ((left + right) / 2, top + high * 0.33)
    board.line([wall, hub], ink, 4)
    shares = (0.16, 0.39, 0.61, 0.84) if wide > 300 else (0.2, 0.5, 0.8)
    row = top + high * 0.6
    bus = hub[1] + high * 0.11
    board.line([hub, (hub[0], bus)], ink, 4)
    board.line([(left + wide * shares[0], bus), (left + wide * shares[-1], bus)], ink, 4)
    size = min(wide * 0.16, high * 0.19)
    for share, symbol in zip(shares, ("server", "laptop", "laptop", "phone"), strict=False):
        x = left + wide * share
        board.line([(x, bus), (x, row)], ink, 4)
        plate = (x - size * 0.66, row - size * 0.66, x + size * 0.66, row + size * 0.66)
        board.card(plate, rgb("ffffff"), radius=12, shadow=0.1)
        board.icon(symbol, x, row, size, mix(colour, rgb("16203c"), 0.35))
    board.badge("wall", *wall, min(40.0, high * 0.1), rgb("dc5b5b"))
    board.badge("switch", *hub, min(38.0, high * 0.1), colour)
    board.text(
        "Firewall",
        wall[0] + high * 0.13,
        wall[1] + high * 0.08,
        23,
        align="left",
        colour=rgb("7a2a2a"),
    )


def _star(board: Board, start: float) -> None:
    """Internet, router and firewall above; the devices around the switch."""
    x, room = (board.left + board.right) / 2, board.bottom - start
    ys = [start + room * share for share in (0.08, 0.27, 0.5)]
    ink, named = board.colours.muted, wording.items(board.brief, most=6, longest=20)
    devices = [(name, icons.meaning(name, "laptop")) for name in named] or [
        (say(board.brief, pair), symbol) for pair, symbol in DEVICES
    ]
    board.line([(x, ys[0]), (x, ys[-1])], ink, 5)
    count = len(devices)
    for index, (name, symbol) in enumerate(devices):
        angle = pi * (1.0 - (index + 0.5) / count)
        px, py = x + cos(angle) * board.w * 0.38, ys[2] + sin(angle) * room * 0.36
        py = min(py, board.bottom - board.h * 0.1)
        board.line([(x, ys[2]), (px, py)], ink, 4)
        _device(board, name, symbol, px, py, board.colours.accent(index))
    for y, name, symbol, tone in (
        (ys[0], "Internet", "globe", 5),
        (ys[1], "Firewall", "wall", 3),
        (ys[2], say(board.brief, "Switch|Switch"), "switch", 0),
    ):
        board.badge(symbol, x, y, board.h * 0.058, board.colours.accent(tone))
        board.text(name, x + board.h * 0.078, y, 29, align="left", weight=0.03)


def _device(board: Board, name: str, symbol: str, x: float, y: float, colour: Colour) -> None:
    half = min(board.w * 0.072, board.h * 0.085)
    frame = (x - half, y - half, x + half, y + half)
    board.card(frame, radius=16, edge=colour)
    if board.canvas.silent:
        board.icon(symbol, x, y, half * 1.2, colour)
        return
    board.icon(symbol, x, y - half * 0.22, half * 0.95, colour)
    board.block(name, (x - half + 8, y + half * 0.4, x + half - 8, y + half - 6), 24)
