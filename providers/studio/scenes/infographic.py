"""A subject told in steps with pictograms: as a circle (life cycles), along a line (timelines), as
branches (mind maps) or in numbered cards."""

from math import cos, pi, sin

from providers.studio import icons, wording
from providers.studio.board import TOP, Board, readable, wedge
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten, mix
from providers.studio.shapes import Point, smooth
from providers.studio.wording import say

CYCLE = "cycle lifecycle loop kreislauf zyklus lebenszyklus circular pdca"
TIMELINE = "timeline roadmap history zeitleiste zeitstrahl geschichte milestone meilenstein*"
MINDMAP = "mindmap brainstorming gedankenkarte"
SOFTWARE = (
    "Planning|Planung;Analysis|Analyse;Design|Entwurf;Development|Entwicklung;Testing|Test;"
    "Deployment|Auslieferung;Maintenance|Wartung"
)
WATER = "Evaporation|Verdunstung;Condensation|Kondensation;Rain|Regen;Collection|Sammlung"
PDCA = "Plan|Planen;Do|Umsetzen;Check|Prüfen;Act|Handeln"
TIMES = (
    "Idea|Idee;Research|Forschung;Prototype|Prototyp;Launch|Start;Growth|Wachstum;Success|Erfolg"
)
THOUGHTS = "Goals|Ziele;Ideas|Ideen;Team|Team;Time|Zeit;Budget|Budget;Risks|Risiken"
FACTS = "Plan|Planen;Design|Gestalten;Build|Bauen;Test|Testen;Launch|Starten;Grow|Wachsen"
ICONS = {
    "Evaporation": "sun",
    "Condensation": "cloud",
    "Rain": "drop",
    "Collection": "wave",
    "Verdunstung": "sun",
    "Kondensation": "cloud",
    "Regen": "drop",
    "Sammlung": "wave",
    "Do": "bolt",
    "Act": "rocket",
    "Umsetzen": "bolt",
    "Handeln": "rocket",
    "Budget": "card",
    "Risks": "bell",
    "Risiken": "bell",
    "Build": "tool",
    "Bauen": "tool",
    "Prototype": "parcel",
    "Prototyp": "parcel",
    "Auslieferung": "rocket",
    "Entwurf": "pencil",
    "Gestalten": "pencil",
    "Testen": "bug",
    "Starten": "rocket",
    "Wachsen": "trend",
    "Grow": "trend",
    "Plan": "calendar",
    "Planen": "calendar",
    "Start": "rocket",
    "Forschung": "search",
}
SPARE = ("bulb", "target", "star", "flag", "heart", "globe", "gear", "trophy")


def draw(canvas: Canvas, brief: Brief) -> None:
    if brief.has(MINDMAP):
        _mind_map(Board(canvas, brief, widest=1.6, tallest=1.3))
    elif brief.has(TIMELINE):
        _timeline(Board(canvas, brief, widest=2.2, tallest=1.8))
    elif brief.has(CYCLE):
        _cycle(Board(canvas, brief, widest=1.3, tallest=1.3))
    else:
        _cards(Board(canvas, brief, widest=1.6, tallest=2.2))


def _steps(board: Board, usual: str) -> list[tuple[str, str]]:
    """The steps with their pictograms."""
    brief = board.brief
    named = wording.items(brief, longest=26) or [say(brief, pair) for pair in usual.split(";")]
    return [
        (name, ICONS.get(name) or icons.meaning(name, SPARE[index % len(SPARE)]))
        for index, name in enumerate(named)
    ]


def _heading(board: Board, usual: str) -> str:
    return wording.topic(board.brief) or say(board.brief, usual)


def _cycle(board: Board) -> None:
    brief = board.brief
    usual = WATER if brief.has("water wasser*") else PDCA if brief.has("pdca") else SOFTWARE
    steps = _steps(board, usual)
    start = board.title(
        _heading(board, "Water cycle|Wasserkreislauf" if usual == WATER else "Life cycle|Kreislauf")
    )
    x, y = (board.left + board.right) / 2, (start + board.bottom) / 2
    radius = min(board.w * 0.43, (board.bottom - start) * 0.47)
    inner, turn = radius * 0.42, 2 * pi / len(steps)
    for index, (name, symbol) in enumerate(steps):
        begin, colour = TOP + turn * (index - 0.5), board.colours.accent(index)
        piece = wedge(x, y, radius, inner, begin + 0.03, begin + turn - 0.03)
        middle = begin + turn - 0.03
        nose = [
            (x + r * cos(middle + a), y + r * sin(middle + a))
            for r, a in ((radius, 0), ((radius + inner) / 2, 0.14), (inner, 0))
        ]
        shadow = Stencil().polygon([(px + 3, py + 9) for px, py in piece])
        board.canvas.paint(shadow, board.colours.ink, opacity=0.16, blur=8)
        board.canvas.paint(Stencil().polygon(piece), colour)
        board.canvas.paint(Stencil().polygon(nose), colour)
        reach, ink, angle = radius * 0.745, readable(colour), begin + turn / 2 + 0.02
        px, py = x + reach * cos(angle), y + reach * sin(angle)
        lift = 0 if board.canvas.silent else radius * 0.07
        board.icon(symbol, px, py - lift, radius * (0.17 if lift else 0.25), ink)
        room = min(radius * 0.5, 2 * reach * sin(turn / 2) * 0.82)
        board.text(
            name, px, py + radius * 0.085, radius * 0.072, colour=ink, room=room, weight=0.03
        )
    board.badge("gear", x, y, inner * 0.62, board.colours.ink)


def _timeline(board: Board) -> None:
    steps = _steps(board, TIMES)
    start = board.title(_heading(board, "Timeline|Zeitleiste"))
    if board.h > board.w * 1.1:
        _upright(board, steps, start)
        return
    y, count = (start + board.bottom) / 2, len(steps)
    pitch = board.w * 0.92 / count
    ends = [(board.left + board.w * 0.02, y), (board.right - board.w * 0.015, y)]
    board.arrow(ends, mix(board.colours.muted, board.colours.paper, 0.35), width=12)
    high = (board.bottom - start) * 0.27
    for index, (name, symbol) in enumerate(steps):
        x, colour = board.left + board.w * 0.04 + pitch * (index + 0.5), board.colours.accent(index)
        up = -1 if index % 2 == 0 else 1
        near = y + up * (board.bottom - start) * 0.14
        top, bottom = sorted((near, near + up * high))
        board.line([(x, y), (x, near)], colour, 5)
        half = pitch * 0.8
        left, right = max(board.left + 12, x - half), min(board.right - 12, x + half)
        board.card((left, top, right, bottom), radius=18, edge=colour)
        lift = 0.5 if board.canvas.silent else 0.36
        middle = (left + right) / 2
        board.icon(symbol, middle, top + high * lift, high * 0.4, colour)
        board.block(name, (left + 12, top + high * 0.6, right - 12, bottom - 8), 30, weight=0.02)
        board.badge("flag", x, y, 30, colour)


def _upright(board: Board, steps: list[tuple[str, str]], start: float) -> None:
    x, pitch = board.left + board.w * 0.16, (board.bottom - start - board.h * 0.03) / len(steps)
    board.line([(x, start), (x, board.bottom - board.h * 0.03)], board.colours.faint, 10)
    for index, (name, symbol) in enumerate(steps):
        y, colour = start + pitch * (index + 0.5), board.colours.accent(index)
        frame = (
            x + board.w * 0.11,
            y - pitch * 0.38,
            board.right - board.w * 0.06,
            y + pitch * 0.38,
        )
        board.line([(x, y), (frame[0], y)], colour, 5)
        board.card(frame, radius=18, edge=colour)
        board.badge(symbol, x, y, min(pitch * 0.3, 56.0), colour)
        board.block(name, (frame[0] + 30, *frame[1:2], frame[2] - 20, frame[3]), 40, align="left")


def _mind_map(board: Board) -> None:
    steps = _steps(board, THOUGHTS)
    x, y = (board.left + board.right) / 2, (board.top + board.bottom) / 2
    wide, high = board.w * 0.12, board.h * 0.062
    for index, (name, symbol) in enumerate(steps):
        right, row = index % 2 == 0, index // 2
        rows = (len(steps) + (1 if right else 0)) // 2
        side, colour = (1 if right else -1), board.colours.accent(index)
        py = board.top + board.h * (row + 0.7) / (rows + 0.4)
        px = x + side * board.w * 0.33
        way: list[Point] = [(x, y), (x + side * board.w * 0.13, (y + py * 2) / 3), (px, py)]
        board.line(smooth(way, closed=False), colour, 9)
        frame = (px - wide, py - high, px + wide, py + high)
        board.card(frame, lighten(colour, 0.82), radius=high, edge=colour)
        if board.canvas.silent:
            board.icon(symbol, px, py, high * 1.3, darken(colour, 0.2))
            continue
        board.icon(symbol, px - wide + high * 1.05, py, high * 0.95, darken(colour, 0.15))
        label = (px - wide + high * 1.8, py - high, px + wide - high * 0.45, py + high)
        board.block(name, label, 34, colour=darken(colour, 0.5), weight=0.02)
    half, tall = board.w * 0.14, board.h * 0.1
    core = board.colours.accent(0)
    board.card((x - half, y - tall, x + half, y + tall), core, radius=tall)
    heading = _heading(board, "Main idea|Grundgedanke")
    if board.canvas.silent:
        board.icon("bulb", x, y, tall * 1.3, readable(core))
    inside = (x - half * 0.82, y - tall * 0.8, x + half * 0.82, y + tall * 0.8)
    board.block(heading, inside, 44, colour=readable(core), weight=0.04)


def _cards(board: Board) -> None:
    steps = _steps(board, FACTS)
    start = board.title(_heading(board, "At a glance|Auf einen Blick"))
    columns = 1 if board.h > board.w * 1.7 else 2 if board.h > board.w * 0.8 else 3
    rows = -(-len(steps) // columns)
    pitch_x = board.w * 0.93 / columns
    pitch_y = (board.bottom - board.h * 0.02 - start) / rows
    for index, (name, symbol) in enumerate(steps):
        column, row = index % columns, index // columns
        left = board.left + board.w * 0.035 + pitch_x * column + 10
        top, colour = start + pitch_y * row + 8, board.colours.accent(index)
        frame = (left, top, left + pitch_x - 20, top + pitch_y - 22)
        board.card(frame, radius=22)
        high, wide = frame[3] - top, frame[2] - left
        size = min(high * 0.3, wide * 0.17)
        y = top + high / 2
        board.badge(symbol, left + size * 1.5, y, size, colour)
        board.text(
            str(index + 1),
            frame[2] - 26,
            top + 34,
            38,
            align="right",
            colour=mix(colour, board.colours.card, 0.35),
            weight=0.06,
        )
        label = (left + size * 2.9, top + 8, frame[2] - 30, frame[3] - 8)
        board.block(name, label, min(40.0, high * 0.26), align="left", weight=0.03)
