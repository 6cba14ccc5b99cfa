"""The first page of a product on the web, or the large picture at its top."""

from providers.studio import paints, wording
from providers.studio.board import Board, Frame
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, mix, rgb
from providers.studio.shapes import blob, box
from providers.studio.widgets import bars, browser, button, curve, lines, part, plate
from providers.studio.wording import say

FEATURES = (
    (
        "write writing writer text schreib*",
        "pencil brain check",
        "Write|Schreiben;Improve|Verbessern;Publish|Veröffentlichen",
    ),
    (
        "productivity produktiv* task project",
        "tasks calendar chart",
        "Tasks|Aufgaben;Calendar|Kalender;Insights|Einblicke",
    ),
    ("shop store commerce", "cart truck heart", "Choose|Wählen;Delivered|Geliefert;Loved|Geliebt"),
    (
        "restaurant food coffee café",
        "coffee clock heart",
        "Fresh|Frisch;Open daily|Täglich offen;With love|Mit Liebe",
    ),
    ("", "bolt shield heart", "Fast|Schnell;Secure|Sicher;Friendly|Freundlich"),
)


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.8, tallest=1.6)
    Landing(board).draw()


class Landing:
    def __init__(self, board: Board) -> None:
        self.board, self.brief = board, board.brief
        self.main = board.colours.accent(0)
        topic = wording.topic(board.brief, longest=44)
        self.name = wording.name_of(board.brief)
        self.headline = topic or self.say("Work better, together|Gemeinsam besser arbeiten")
        self.hero_only = board.brief.has("heroimage")
        kinds = (kind for kind in FEATURES if not kind[0] or board.brief.has(kind[0]))
        _, self.symbols, self.features = next(kinds)
        if self.hero_only and not wording.quoted(board.brief):
            self.headline = self.say("Get more done, every day|Jeden Tag mehr schaffen")

    def say(self, pair: str) -> str:
        return say(self.brief, pair)

    def draw(self) -> None:
        board = self.board
        if self.hero_only:
            with board.canvas.backdrop():
                tones = (lighten(self.main, 0.86), lighten(board.colours.accent(1), 0.82))
                board.canvas.fill(paints.linear(tones, (0, 0), (board.canvas.w, board.canvas.h)))
            self.hero(board.frame(0.06, 0.06, 0.95, 0.94))
            return
        page = browser(board, board.frame(0.03, 0.04, 0.97, 0.96), "https://www.example.com")
        sky = (page[0], page[1], page[2], page[1] + (page[3] - page[1]) * 0.66)
        tones = (lighten(self.main, 0.8), lighten(board.colours.accent(1), 0.88))
        board.canvas.paint(Stencil().polygon(box(*sky)), paints.linear(tones, sky[:2], sky[2:]))
        self.navigation(part(page, 0.04, 0.0, 0.96, 0.1))
        self.hero(part(page, 0.05, 0.11, 0.96, 0.65))
        self.cards(part(page, 0.05, 0.7, 0.95, 0.95))

    def navigation(self, frame: Frame) -> None:
        board, y = self.board, (frame[1] + frame[3]) / 2
        size = min(32.0, (frame[3] - frame[1]) * 0.42)
        board.icon(self.symbols.split()[0], frame[0] + size * 0.6, y, size * 1.25, self.main)
        board.text(
            self.name or self.say("Brand|Marke"),
            frame[0] + size * 1.6,
            y,
            size,
            align="left",
            weight=0.06,
        )
        wide = frame[2] - frame[0]
        for index in range(3):
            x = frame[0] + wide * (0.42 + 0.12 * index)
            lines(board, (x, y - 8, x + wide * 0.075, y + 8), 1, opacity=0.35)
        high = (frame[3] - frame[1]) * 0.64
        button(
            board,
            (frame[2] - wide * 0.17, y - high / 2, frame[2], y + high / 2),
            self.say("Sign in|Anmelden"),
            self.main,
        )

    def hero(self, frame: Frame) -> None:
        board = self.board
        wide, high = frame[2] - frame[0], frame[3] - frame[1]
        upright = high > wide * 1.05
        words = part(frame, 0, 0.0, 1, 0.4) if upright else part(frame, 0, 0.06, 0.46, 0.95)
        art = part(frame, 0.05, 0.44, 0.95, 1) if upright else part(frame, 0.5, 0.02, 1, 0.98)
        room = words[3] - words[1]
        board.block(
            self.headline,
            part(words, 0, 0.04, 1, 0.52),
            min(96.0, room * 0.23),
            align="left",
            weight=0.06,
        )
        lines(board, part(words, 0, 0.56, 0.9, 0.72), 2)
        size = min(room * 0.17, 74.0)
        y = words[1] + room * 0.86
        end = words[0] + min((words[2] - words[0]) * 0.5, size * 4)
        button(
            board,
            (words[0], y - size / 2, end, y + size / 2),
            self.say("Start for free|Kostenlos starten"),
            self.main,
        )
        if not upright:
            plain = (end + 18, y - size / 2, end + size * 2.2, y + size / 2)
            board.card(plain, radius=size * 0.32, shadow=0.1)
            board.icon("play", (plain[0] + plain[2]) / 2, y, size * 0.5, self.main)
        self.art(art)

    def art(self, frame: Frame) -> None:
        """A laptop with the product on it, and cards that float around."""
        board, canvas = self.board, self.board.canvas
        x, y = (frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2
        size = min((frame[2] - frame[0]) * 0.5, (frame[3] - frame[1]) * 0.56)
        spot = Stencil().polygon(blob(canvas.dice("spot"), x, y, size * 0.95, wobble=0.16))
        tones = (mix(self.main, WHITE, 0.3), mix(board.colours.accent(4), WHITE, 0.3))
        canvas.paint(spot, paints.linear(tones, (x - size, y - size), (x + size, y + size)))
        lid = (x - size * 0.86, y - size * 0.55, x + size * 0.86, y + size * 0.5)
        board.card(lid, rgb("232a3d"), radius=22, shadow=0.3)
        screen = (lid[0] + 14, lid[1] + 14, lid[2] - 14, lid[3] - 14)
        plate(board, screen, board.colours.card, 10)
        base = [
            (lid[0] - size * 0.12, lid[3]),
            (lid[2] + size * 0.12, lid[3]),
            (lid[2] + size * 0.04, lid[3] + size * 0.09),
            (lid[0] - size * 0.04, lid[3] + size * 0.09),
        ]
        canvas.paint(
            Stencil().polygon(base),
            paints.down((rgb("e3e7ef"), rgb("a9b1c2")), lid[3], lid[3] + size * 0.09),
        )
        self.product(screen)
        names = self.symbols.split()
        for index, (dx, dy) in enumerate(((-0.98, -0.55), (0.98, -0.3), (-0.9, 0.42))):
            px, py = x + dx * size * 0.93, y + dy * size
            half = size * 0.17
            board.card((px - half, py - half, px + half, py + half), radius=half * 0.4, shadow=0.24)
            board.icon(names[index], px, py, half * 1.15, board.colours.accent(index))

    def product(self, screen: Frame) -> None:
        board, dice = self.board, self.board.canvas.dice("product")
        if self.symbols.startswith("pencil"):
            lines(board, part(screen, 0.08, 0.12, 0.62, 0.24), 1, opacity=0.6)
            lines(board, part(screen, 0.08, 0.3, 0.92, 0.66), 4, opacity=0.2)
            note = part(screen, 0.08, 0.72, 0.92, 0.92)
            plate(board, note, lighten(self.main, 0.82), 12)
            high = note[3] - note[1]
            board.icon("bolt", note[0] + high * 0.6, (note[1] + note[3]) / 2, high * 0.6, self.main)
            lines(board, part(note, 0.16, 0.3, 0.9, 0.7), 1, opacity=0.3)
            return
        plate(board, part(screen, 0.0, 0.0, 0.17, 1), darken(self.main, 0.3), 10)
        values = [dice.uniform(0.3, 0.95) for _ in range(7)]
        curve(board, part(screen, 0.24, 0.12, 0.94, 0.5), values, self.main)
        bars(board, part(screen, 0.24, 0.58, 0.58, 0.9), values, board.colours.accent(1))
        for row in range(3):
            frame = part(screen, 0.64, 0.58 + 0.115 * row, 0.94, 0.655 + 0.115 * row)
            plate(board, frame, lighten(board.colours.accent(row + 2), 0.55), 8)

    def cards(self, frame: Frame) -> None:
        board = self.board
        names = [self.say(pair) for pair in self.features.split(";")]
        for index, (name, symbol) in enumerate(zip(names, self.symbols.split(), strict=True)):
            card = part(frame, 0.345 * index, 0, 0.345 * index + 0.31, 1)
            board.card(card, radius=20, shadow=0.12)
            high, wide = card[3] - card[1], card[2] - card[0]
            board.badge(
                symbol,
                card[0] + high * 0.32,
                card[1] + high * 0.33,
                high * 0.17,
                board.colours.accent(index),
            )
            board.text(
                name,
                card[0] + high * 0.58,
                card[1] + high * 0.33,
                high * 0.15,
                align="left",
                weight=0.04,
                room=wide - high * 0.7,
            )
            lines(board, part(card, 0.09, 0.58, 0.9, 0.9), 2)
