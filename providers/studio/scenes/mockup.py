"""A program on its device: a phone, a tablet or a window, with what its subject shows."""

from dataclasses import dataclass

from providers.studio import wording
from providers.studio.board import Board, Frame, readable
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, lighten, mix
from providers.studio.widgets import (
    avatar,
    bars,
    browser,
    curve,
    donut,
    inset,
    lines,
    part,
    phone,
    plate,
    ring,
    tablet,
    tile,
)
from providers.studio.wording import say

PHONE = "mobileapp mobile phone smartphone iphone android handy app"
TABLET = "tablet ipad"
DESKTOP = "desktop web website browser window webapp admin saas"


@dataclass(frozen=True)
class Subject:
    """What a program is about: its name, key figures (name, value, pictogram) and its tabs."""

    words: str
    name: str
    figures: tuple[tuple[str, str, str], ...]
    rows: tuple[tuple[str, str], ...]
    tabs: str = "home chart calendar user"


SUBJECTS = (
    Subject(
        "fitness workout health sport running gesundheit training",
        "Fitness|Fitness",
        (
            ("Steps|Schritte", "8,432", "trend"),
            ("Calories|Kalorien", "512", "flame"),
            ("Heart rate|Puls", "72", "heart"),
            ("Sleep|Schlaf", "7.5 h", "moon"),
        ),
        (("Morning run|Morgenlauf", "trend"), ("Strength|Kraft", "dumbbell"), ("Yoga", "leaf")),
        "home dumbbell heart user",
    ),
    Subject(
        "finance bank banking money budget crypto finanzen geld konto",
        "My money|Mein Geld",
        (
            ("Balance|Kontostand", "$4,280", "card"),
            ("Income|Einnahmen", "$3,100", "trend"),
            ("Spending|Ausgaben", "$1,640", "cart"),
            ("Savings|Erspartes", "$920", "target"),
        ),
        (("Groceries|Lebensmittel", "cart"), ("Coffee|Kaffee", "coffee"), ("Rent|Miete", "home")),
        "home card chart user",
    ),
    Subject(
        "shop store shopping commerce sales order umsatz verkauf",
        "Shop",
        (
            ("Orders|Bestellungen", "284", "cart"),
            ("Revenue|Umsatz", "$12.4k", "trend"),
            ("Customers|Kunden", "1,052", "users"),
            ("Returns|Retouren", "2.1%", "parcel"),
        ),
        (("Headphones|Kopfhörer", "music"), ("Camera|Kamera", "camera"), ("Bag|Tasche", "bag")),
        "home search cart user",
    ),
    Subject(
        "",
        "Dashboard|Übersicht",
        (
            ("Visitors|Besuche", "12,480", "users"),
            ("Revenue|Umsatz", "$48.2k", "trend"),
            ("Orders|Aufträge", "1,204", "cart"),
            ("Rating|Bewertung", "4.8", "star"),
        ),
        (
            ("New report|Neuer Bericht", "document"),
            ("Team meeting|Teamtreffen", "calendar"),
            ("Release|Freigabe", "rocket"),
        ),
    ),
)


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.7, tallest=2.0)
    screen = Screen(board)
    if brief.has(TABLET):
        frame = inset(board.frame(0.05, 0.07, 0.95, 0.93), 0)
        screen.desktop(tablet(board, frame))
    elif brief.has(PHONE) and not brief.has("desktop tablet"):
        screen.phones()
    else:
        window = browser(board, board.frame(0.03, 0.05, 0.97, 0.95), "app.example.com")
        screen.desktop(window)


class Screen:
    def __init__(self, board: Board) -> None:
        self.board, self.brief = board, board.brief
        self.subject = next(s for s in SUBJECTS if not s.words or board.brief.has(s.words))
        self.dice = board.canvas.dice("screen")
        self.main = board.colours.accent(0)
        self.name = wording.name_of(board.brief) or say(board.brief, self.subject.name)

    def say(self, pair: str) -> str:
        return say(self.brief, pair)

    def values(self, count: int) -> list[float]:
        return [self.dice.uniform(0.32, 0.95) for _ in range(count)]

    def phones(self) -> None:
        """One phone, or two side by side where there is room."""
        board = self.board
        high = board.h * 0.9
        wide = min(high * 0.49, board.w * 0.8)
        high, y = wide / 0.49, (board.top + board.bottom) / 2
        count = 2 if board.w > wide * 2.4 else 1
        for index in range(count):
            x = (board.left + board.right) / 2 + (index - (count - 1) / 2) * wide * 1.14
            shift = (index - 0.5) * 36 if count == 2 else 0
            frame = (x - wide / 2, y - high / 2 + shift, x + wide / 2, y + high / 2 + shift)
            frame = (
                frame[0],
                max(frame[1], board.top + 12),
                frame[2],
                min(frame[3], board.bottom - 36),
            )
            screen = phone(board, frame)
            (self.today if index == 0 else self.details)(inset(screen, wide * 0.05, 0))
            self.tabs(screen, index)

    def tabs(self, screen: Frame, chosen: int) -> None:
        board, (left, _, right, bottom) = self.board, screen
        wide = right - left
        names = self.subject.tabs.split()
        for index, name in enumerate(names):
            tone = (
                self.main if index == chosen else mix(board.colours.muted, board.colours.paper, 0.4)
            )
            x = left + wide * (index + 0.5) / len(names)
            board.icon(name, x, bottom - wide * 0.1, wide * 0.075, tone)

    def today(self, screen: Frame) -> None:
        board, main = self.board, self.main
        head = part(screen, 0, 0.0, 1, 0.09)
        size = (head[3] - head[1]) * 0.52
        y = (head[1] + head[3]) / 2
        board.text(
            self.name, head[0], y, size, align="left", weight=0.05, room=(head[2] - head[0]) * 0.75
        )
        avatar(board, head[2] - size * 0.7, y, size * 0.72, main)
        hero = part(screen, 0, 0.1, 1, 0.4)
        board.card(hero, main, radius=26)
        ink, high = readable(main), hero[3] - hero[1]
        radius = high * 0.37
        x, y = hero[0] + radius * 1.35, (hero[1] + hero[3]) / 2
        board.canvas.paint(Stencil().dot(x, y, radius * 1.12), lighten(main, 0.85))
        share = self.dice.uniform(0.62, 0.86)
        ring(board, x, y, radius, share, main)
        board.text(f"{share:.0%}", x, y, radius * 0.44, colour=main, weight=0.06)
        first, value, symbol = self.subject.figures[0]
        left = x + radius * 1.4
        room = hero[2] - left - 14
        board.icon(symbol, left + high * 0.1, hero[1] + high * 0.26, high * 0.18, ink)
        board.text(
            value,
            left,
            hero[1] + high * 0.53,
            high * 0.22,
            align="left",
            colour=ink,
            room=room,
            weight=0.05,
        )
        board.text(
            self.say(first),
            left,
            hero[1] + high * 0.75,
            high * 0.12,
            align="left",
            colour=ink,
            room=room,
        )
        for index, (name, value, symbol) in enumerate(self.subject.figures[1:3]):
            frame = part(screen, 0.52 * index, 0.43, 0.48 + 0.52 * index, 0.56)
            tile(board, frame, self.say(name), value, symbol, board.colours.accent(index + 3))
        self.week(part(screen, 0, 0.59, 1, 0.88))

    def week(self, frame: Frame) -> None:
        board = self.board
        board.card(frame, radius=24, shadow=0.1)
        high = frame[3] - frame[1]
        board.text(
            self.say("This week|Diese Woche"),
            frame[0] + 22,
            frame[1] + high * 0.15,
            high * 0.12,
            align="left",
            weight=0.04,
        )
        bars(board, part(frame, 0.06, 0.3, 0.94, 0.8), self.values(7), self.main)
        for index, day in enumerate(self.say("MTWTFSS|MDMDFSS")):
            x = frame[0] + (frame[2] - frame[0]) * (0.06 + 0.88 * (index + 0.5) / 7)
            board.text(day, x, frame[1] + high * 0.9, high * 0.1, colour=board.colours.muted)

    def details(self, screen: Frame) -> None:
        board = self.board
        high = screen[3] - screen[1]
        board.text(
            self.say("Activity|Verlauf"),
            screen[0],
            screen[1] + high * 0.045,
            high * 0.046,
            align="left",
            weight=0.05,
        )
        frame = part(screen, 0, 0.1, 1, 0.42)
        board.card(frame, radius=24, shadow=0.1)
        curve(board, part(frame, 0.06, 0.18, 0.94, 0.88), self.values(8), board.colours.accent(1))
        for index, (name, symbol) in enumerate(self.subject.rows):
            row = part(screen, 0, 0.455 + 0.145 * index, 1, 0.575 + 0.145 * index)
            self.row(row, self.say(name), symbol, board.colours.accent(index + 2))

    def row(self, frame: Frame, name: str, symbol: str, colour: Colour) -> None:
        board, high, y = self.board, frame[3] - frame[1], (frame[1] + frame[3]) / 2
        board.card(frame, radius=18, shadow=0.08)
        board.badge(symbol, frame[0] + high * 0.52, y, high * 0.3, colour)
        board.text(
            name,
            frame[0] + high,
            y - high * 0.14,
            high * 0.26,
            align="left",
            weight=0.03,
            room=frame[2] - frame[0] - high * 1.2,
        )
        lines(board, (frame[0] + high, y + high * 0.06, frame[2] - high * 0.6, y + high * 0.34), 1)

    def desktop(self, page: Frame) -> None:
        """A side bar, key figures, a curve, shares, and a list."""
        board, main = self.board, self.main
        wide = page[2] - page[0]
        side = (page[0], page[1], page[0] + wide * 0.19, page[3])
        tone = mix(main, board.colours.ink, 0.72) if board.brief.time != "night" else main
        plate(board, page, board.colours.paper, 20)
        plate(board, (*page[:3], page[1] + 40), board.colours.paper)
        plate(board, side, tone, 20)
        plate(board, (side[0], side[1], side[2], side[1] + 30), tone)
        plate(board, (side[2] - 30, side[1], side[2], side[3]), tone)
        self.menu(side, tone)
        rest = (side[2] + wide * 0.025, page[1] + 18, page[2] - wide * 0.025, page[3] - 22)
        high = rest[3] - rest[1]
        board.text(self.name, rest[0], rest[1] + high * 0.05, 38, align="left", weight=0.05)
        avatar(board, rest[2] - 30, rest[1] + high * 0.05, 27, main)
        for index, (name, value, symbol) in enumerate(self.subject.figures):
            column, row = (index % 2, index // 2) if high > wide else (index, 0)
            share, step = (0.51, 0.49) if high > wide else (0.255, 0.235)
            top = 0.12 + 0.15 * row
            frame = part(rest, column * share, top, column * share + step, top + 0.13)
            tile(board, frame, self.say(name), value, symbol, board.colours.accent(index))
        start = 0.43 if high > wide else 0.29
        self.charts(rest, start)

    def menu(self, side: Frame, tone: Colour) -> None:
        board, wide = self.board, side[2] - side[0]
        ink = readable(tone)
        board.icon("bolt", side[0] + wide * 0.2, side[1] + wide * 0.24, wide * 0.17, ink)
        lines_frame = (
            side[0] + wide * 0.34,
            side[1] + wide * 0.19,
            side[2] - wide * 0.2,
            side[1] + wide * 0.3,
        )
        plate(board, lines_frame, mix(ink, tone, 0.2), 8)
        names = ("home", "chart", "users", "calendar", "mail", "gear")
        pitch = min(wide * 0.36, (side[3] - side[1] - wide * 0.5) / len(names))
        for index, name in enumerate(names):
            y = side[1] + wide * 0.62 + pitch * index
            if index == 0:
                plate(
                    board,
                    (
                        side[0] + wide * 0.08,
                        y - pitch * 0.4,
                        side[2] - wide * 0.08,
                        y + pitch * 0.4,
                    ),
                    mix(tone, ink, 0.2),
                    12,
                )
            board.icon(name, side[0] + wide * 0.2, y, min(wide * 0.13, pitch * 0.5), ink)
            plate(
                board,
                (side[0] + wide * 0.34, y - 6, side[0] + wide * (0.66 + 0.07 * (index % 3)), y + 6),
                mix(ink, tone, 0.45),
                6,
            )

    def charts(self, rest: Frame, start: float) -> None:
        board = self.board
        main, middle = part(rest, 0, start, 0.62, 0.66), part(rest, 0.645, start, 1, 0.66)
        for frame, name in (
            (main, "Growth|Wachstum"),
            (middle, "Shares|Anteile"),
        ):
            board.card(frame, radius=18, shadow=0.1)
            board.text(self.say(name), frame[0] + 22, frame[1] + 32, 26, align="left", weight=0.04)
        curve(board, part(main, 0.05, 0.28, 0.95, 0.9), self.values(9), self.main)
        x, y = (middle[0] + middle[2]) / 2, middle[1] + (middle[3] - middle[1]) * 0.58
        radius = min((middle[2] - middle[0]) * 0.36, (middle[3] - middle[1]) * 0.34)
        donut(board, x, y, radius, (0.42, 0.27, 0.19, 0.12))
        left, right = part(rest, 0, 0.69, 0.48, 1), part(rest, 0.505, 0.69, 1, 1)
        board.card(left, radius=18, shadow=0.1)
        bars(board, part(left, 0.06, 0.14, 0.94, 0.9), self.values(9), board.colours.accent(1))
        board.card(right, radius=18, shadow=0.1)
        for index, (name, symbol) in enumerate(self.subject.rows):
            row = part(right, 0.06, 0.06 + 0.3 * index, 0.95, 0.34 + 0.3 * index)
            high, middle_y = row[3] - row[1], (row[1] + row[3]) / 2
            board.badge(
                symbol, row[0] + high * 0.4, middle_y, high * 0.3, board.colours.accent(index + 2)
            )
            board.text(
                self.say(name),
                row[0] + high,
                middle_y,
                min(28.0, high * 0.4),
                align="left",
                room=row[2] - row[0] - high,
            )
