"""Numbers as bars, lines, slices or dots. Where the prompt gives none they are samples, and the
picture says so."""

from dataclasses import dataclass
from math import ceil, cos, floor, log10, pi, sin

from providers.studio import paints, wording
from providers.studio.board import TOP, Board, Frame, readable, wedge
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten, mix
from providers.studio.shapes import Points, box
from providers.studio.wording import say

PIE = "piechart pie donut doughnut kreisdiagramm tortendiagramm kuchendiagramm ringdiagramm"
LINE = "linechart line trend curve liniendiagramm *kurve verlauf* area"
SCATTER = "scatterplot scatter streudiagramm punktdiagramm"
MONTHS = "Jan Feb Mar|Mär Apr May|Mai Jun Jul Aug Sep Oct|Okt Nov Dec|Dez"
WEEK = "Mon|Mo Tue|Di Wed|Mi Thu|Do Fri|Fr Sat|Sa Sun|So"
SHARES = "Company A|Firma A;Company B|Firma B;Company C|Firma C;Company D|Firma D;Others|Andere"


@dataclass(frozen=True)
class Figures:
    labels: tuple[str, ...]
    values: tuple[float, ...]
    unit: str = ""
    sample: bool = False

    def written(self, value: float) -> str:
        text = f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
        return f"{self.unit}{text}" if self.unit in ("$", "€") else text + self.unit


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.6, tallest=1.3)
    pie = brief.has(PIE)
    figures = _figures(canvas, brief, pie=pie)
    usual = "Market share|Marktanteile" if pie else "Sales|Umsatz"
    heading = wording.topic(brief).split(figures.labels[0])[0].strip(" :,")
    heading = heading.removesuffix(" in").removesuffix(" by") or say(brief, usual)
    note = say(brief, "Sample data|Beispieldaten") if figures.sample else ""
    start = board.title(heading[:1].upper() + heading[1:], note=note)
    edge = board.w * 0.045
    frame = (board.left + edge, start, board.right - edge, board.bottom - board.h * 0.045)
    board.card(frame, radius=26)
    if pie:
        _pie(board, figures, frame, ring=brief.has("donut doughnut ringdiagramm"))
    elif brief.has(SCATTER):
        _scatter(board, _axes(board, figures, frame))
    elif brief.has(LINE) and not brief.has("barchart bar balken*"):
        _line(board, figures, _axes(board, figures, frame), frame)
    else:
        _bars(board, figures, _axes(board, figures, frame), frame)


def _figures(canvas: Canvas, brief: Brief, *, pie: bool) -> Figures:
    given = [entry for entry in wording.figures(brief, most=8 if pie else 12) if entry[1] >= 0]
    if any(value for _, value, _ in given):
        unit = next((unit for _, _, unit in given if unit), "")
        unit = {"percent": "%", "prozent": "%"}.get(unit.lower(), unit)
        return Figures(tuple(g[0] for g in given), tuple(g[1] for g in given), unit)
    labels, dice = _labels(brief, pie=pie), canvas.dice("figures")
    if pie:
        parts = sorted((dice.uniform(0.5, 2.2) for _ in labels), reverse=True)
        shares = [float(round(100 * part / sum(parts))) for part in parts]
        shares[0] += 100 - sum(shares)
        return Figures(labels, tuple(shares), "%", sample=True)
    value, values = dice.uniform(34, 52), []
    for _ in labels:
        values.append(float(round(value)))
        value = max(18.0, min(96.0, value + dice.uniform(-9, 12 + 36 / len(labels))))
    return Figures(labels, tuple(values), sample=True)


def _labels(brief: Brief, *, pie: bool) -> tuple[str, ...]:
    named = wording.items(brief, longest=16)
    if named:
        return tuple(named)
    if pie:
        return tuple(say(brief, pair) for pair in SHARES.split(";"))
    if brief.has("quarter quarterly quartal*"):
        return ("Q1", "Q2", "Q3", "Q4")
    if brief.has("month monthly monat* year yearly jahr*"):
        return tuple(say(brief, pair) for pair in MONTHS.split())
    if brief.has("week weekly day daily woche* täglich*"):
        return tuple(say(brief, pair) for pair in WEEK.split())
    return ("Q1", "Q2", "Q3", "Q4")


def _axes(board: Board, figures: Figures, frame: Frame) -> tuple[Frame, float]:
    """Grid lines with their numbers; gives back the plot and the value at its top."""
    left, top, right, bottom = frame
    steps = 5
    step = _round_step(max(figures.values) / steps)
    steps = max(2, ceil(max(figures.values) * 1.02 / step))
    plot = (
        left + board.w * 0.1,
        top + board.h * 0.075,
        right - board.w * 0.045,
        bottom - board.h * 0.105,
    )
    grid = Stencil()
    for index in range(steps + 1):
        y = plot[3] - (plot[3] - plot[1]) * index / steps
        grid.line([(plot[0], y), (plot[2], y)], 2)
        number = figures.written(round(step * index, 6))
        board.text(
            number,
            plot[0] - 16,
            y,
            25,
            align="right",
            colour=board.colours.muted,
            room=board.w * 0.075,
        )
    board.canvas.paint(grid, board.colours.faint, opacity=0.9)
    board.line([(plot[0], plot[3]), (plot[2], plot[3])], board.colours.muted, 4)
    return plot, step * steps


def _round_step(raw: float) -> float:
    size = 10 ** floor(log10(max(raw, 1e-6)))
    return float(next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= raw))


def _label(board: Board, text: str, x: float, frame: Frame, plot: Frame, room: float) -> None:
    below = (x - room / 2, plot[3] + 8, x + room / 2, frame[3] - 10)
    board.block(text, below, 29, colour=board.colours.ink)


def _bars(board: Board, figures: Figures, axes: tuple[Frame, float], frame: Frame) -> None:
    plot, peak = axes
    pitch, several = (plot[2] - plot[0]) / len(figures.values), len(figures.values) <= 8
    wide = min(pitch * 0.62, board.w * 0.15)
    for index, (label, value) in enumerate(zip(figures.labels, figures.values, strict=True)):
        x, colour = plot[0] + pitch * (index + 0.5), board.colours.accent(index if several else 0)
        y = plot[3] - (plot[3] - plot[1]) * value / peak
        if plot[3] - y > 2:
            shade = box(x - wide / 2 + 7, y + 7, x + wide / 2 + 7, plot[3], radius=10)
            board.canvas.paint(Stencil().polygon(shade), board.colours.ink, opacity=0.12, blur=5)
            bar = Stencil().polygon(box(x - wide / 2, y, x + wide / 2, plot[3], radius=10))
            bar.polygon(box(x - wide / 2, max(y, plot[3] - 12), x + wide / 2, plot[3] - 2))
            tones = (lighten(colour, 0.22), darken(colour, 0.06))
            board.canvas.paint(bar, paints.down(tones, y, plot[3]))
        board.text(figures.written(value), x, y - 24, 30, weight=0.04, room=pitch * 0.92)
        _label(board, label, x, frame, plot, pitch * 0.94)


def _line(board: Board, figures: Figures, axes: tuple[Frame, float], frame: Frame) -> None:
    plot, peak = axes
    pitch, colour = (plot[2] - plot[0]) / len(figures.values), board.colours.accent(0)
    points = [
        (plot[0] + pitch * (i + 0.5), plot[3] - (plot[3] - plot[1]) * value / peak)
        for i, value in enumerate(figures.values)
    ]
    under = Stencil().polygon([(points[0][0], plot[3]), *points, (points[-1][0], plot[3])])
    tones = (mix(colour, board.colours.card, 0.45), mix(colour, board.colours.card, 0.95))
    board.canvas.paint(under, paints.down(tones, plot[1], plot[3]))
    board.line(points, colour, 8)
    rings, cores = Stencil(), Stencil()
    for point in points:
        rings.dot(*point, 14)
        cores.dot(*point, 7.5)
    board.canvas.paint(rings, colour)
    board.canvas.paint(cores, board.colours.card)
    for (x, y), label, value in zip(points, figures.labels, figures.values, strict=True):
        board.text(figures.written(value), x, y - 36, 27, weight=0.04, room=pitch * 0.95)
        _label(board, label, x, frame, plot, pitch * 0.94)


def _scatter(board: Board, axes: tuple[Frame, float]) -> None:
    plot, _ = axes
    dice, groups = board.canvas.dice("dots"), 2
    for group in range(groups):
        dots, colour = Stencil(), board.colours.accent(group * 3)
        for _ in range(34):
            share = dice.random()
            height = 0.14 + 0.6 * share + 0.12 * group + dice.gauss(0, 0.07)
            x = plot[0] + (plot[2] - plot[0]) * (0.03 + 0.94 * share)
            dots.dot(x, plot[3] - (plot[3] - plot[1]) * min(0.96, max(0.04, height)), 11)
        board.canvas.paint(dots, colour, opacity=0.75)
    low = plot[3] - (plot[3] - plot[1]) * 0.2
    board.dashes((plot[0], low), (plot[2], plot[1] + 60), board.colours.muted, 5)


def _pie(board: Board, figures: Figures, frame: Frame, *, ring: bool) -> None:
    left, top, right, bottom = frame
    wide = (right - left) > (bottom - top) * 0.95
    x = left + (right - left) * (0.36 if wide else 0.5)
    y = top + (bottom - top) * (0.5 if wide else 0.4)
    radius = min(
        (right - left) * (0.31 if wide else 0.4), (bottom - top) * (0.42 if wide else 0.34)
    )
    inner, total, angle = radius * 0.56 if ring else 0.0, sum(figures.values), TOP
    board.canvas.paint(
        Stencil().dot(x + 4, y + 16, radius * 1.02), board.colours.ink, opacity=0.2, blur=14
    )
    for index, value in enumerate(figures.values):
        end, colour = angle + 2 * pi * value / total, board.colours.accent(index)
        middle, away = (angle + end) / 2, radius * (0.05 if index == 0 else 0.012)
        cx, cy = x + away * cos(middle), y + away * sin(middle)
        piece = Stencil().polygon(wedge(cx, cy, radius, inner, angle, end))
        tones = (lighten(colour, 0.14), darken(colour, 0.05))
        board.canvas.paint(piece, paints.down(tones, y - radius, y + radius))
        share = 100 * value / total
        if share >= 4.5:
            reach = radius * (0.78 if ring else 0.66)
            board.text(
                f"{share:.0f}%",
                cx + reach * cos(middle),
                cy + reach * sin(middle),
                radius * 0.125,
                colour=readable(colour),
                weight=0.05,
            )
        angle = end
    _edges(board, figures, (x, y), radius, inner)
    if ring:
        board.canvas.paint(Stencil().dot(x, y, inner), board.colours.card)
    if wide:
        _legend(board, figures, (left + (right - left) * 0.71, y, right - 24), bottom - top)
    else:
        below = y + radius + (bottom - y - radius) / 2 + 6
        _legend(
            board,
            figures,
            (left + (right - left) * 0.24, below, right - 24),
            (bottom - y - radius) * 1.05,
        )


def _edges(
    board: Board, figures: Figures, centre: tuple[float, float], radius: float, inner: float
) -> None:
    """White lines between the slices."""
    angle, total, cuts = TOP, sum(figures.values), Stencil()
    for value in figures.values:
        ends: Points = [
            (centre[0] + r * cos(angle), centre[1] + r * sin(angle)) for r in (inner, radius * 1.06)
        ]
        cuts.line(ends, 5)
        angle += 2 * pi * value / total
    board.canvas.paint(cuts, board.colours.card)


def _legend(board: Board, figures: Figures, span: tuple[float, float, float], high: float) -> None:
    left, middle, right = span
    pitch = min(82.0, high * 0.86 / len(figures.labels))
    size = min(32.0, pitch * 0.5)
    y = middle - pitch * (len(figures.labels) - 1) / 2
    for index, label in enumerate(figures.labels):
        spot = Stencil().polygon(
            box(left, y - size * 0.45, left + size * 0.9, y + size * 0.45, radius=6)
        )
        board.canvas.paint(spot, board.colours.accent(index))
        board.text(label, left + size * 1.35, y, size, align="left", room=right - left - size * 1.4)
        y += pitch
