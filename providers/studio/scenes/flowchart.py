"""Steps from top to bottom; a question has two ways out, and "no" leads back or aside."""

from dataclasses import dataclass

from providers.studio import icons, wording
from providers.studio.board import Board, Frame, readable
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, rgb
from providers.studio.wording import say

LOGIN = "authentication login auth sign anmeldung authentifizierung einloggen registration"
APPROVAL = "approval approve request leave freigabe genehmigung antrag urlaub*"
ORDER = "order purchase checkout shop bestellung* einkauf* kauf*"
# Steps with a question mark are decisions; what stands after a slash is the way of "no".
LOGIN_STEPS = (
    "Enter user name and password|Name und Passwort eingeben;"
    "Credentials valid?|Daten richtig?/Show error|Fehler zeigen;"
    "Send one-time code|Einmalcode senden;"
    "Code correct?|Code richtig?/Lock after 3 tries|Sperre nach 3 Mal;"
    "Create session|Sitzung anlegen"
)
APPROVAL_STEPS = (
    "Submit request|Antrag stellen;Manager reviews|Leitung prüft;"
    "Approved?|Genehmigt?/Ask for changes|Änderung erbitten;"
    "Record decision|Entscheidung festhalten;Inform employee|Person informieren"
)
ORDER_STEPS = (
    "Receive order|Bestellung erhalten;In stock?|Auf Lager?/Reorder item|Nachbestellen;"
    "Take payment|Zahlung annehmen;Payment cleared?|Bezahlt?/Remind customer|Kunden erinnern;"
    "Ship parcel|Paket versenden"
)
USUAL_STEPS = (
    "Collect information|Informationen sammeln;Complete?|Vollständig?/Ask again|Nachfragen;"
    "Process|Bearbeiten;Check passed?|Prüfung bestanden?/Correct|Korrigieren;Finish|Abschließen"
)
GREEN, RED, AMBER = rgb("2f9e6b"), rgb("dc5b5b"), rgb("f2b33d")


@dataclass(frozen=True)
class Step:
    text: str
    otherwise: str = ""

    @property
    def asks(self) -> bool:
        return self.text.endswith("?")


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.35, tallest=1.5)
    start = board.title(wording.topic(brief) or say(brief, "Process|Ablauf"))
    Flow(board, _steps(brief), start).draw()


def _steps(brief: Brief) -> list[Step]:
    named = wording.items(brief, most=7, longest=34)
    if len(named) > 2:
        return [Step(name, _other(brief, name)) for name in named]
    known = ((LOGIN, LOGIN_STEPS), (APPROVAL, APPROVAL_STEPS), (ORDER, ORDER_STEPS))
    steps = next((steps for words, steps in known if brief.has(words)), USUAL_STEPS)
    pairs = (entry.split("/") for entry in steps.split(";"))
    return [Step(*(say(brief, pair) for pair in entry)) for entry in pairs]


def _other(brief: Brief, name: str) -> str:
    return say(brief, "Try again|Noch einmal") if name.endswith("?") else ""


class Flow:
    def __init__(self, board: Board, steps: list[Step], start: float) -> None:
        self.board, self.steps = board, steps
        branching = any(step.asks for step in steps)
        self.x = board.left + board.w * (0.39 if branching else 0.5)
        self.side = board.left + board.w * 0.81
        self.pitch = (board.bottom - board.h * 0.03 - start) / (len(steps) + 2)
        self.top = start + self.pitch / 2
        self.high = self.pitch * 0.64
        self.wide = min(board.w * (0.46 if branching else 0.6), self.high * 6.5)
        self.line: Colour = mix(board.colours.ink, board.colours.paper, 0.3)

    def y(self, index: float) -> float:
        return self.top + self.pitch * index

    def draw(self) -> None:
        board, last = self.board, len(self.steps) + 1
        for index in range(last):
            half = self.half(index), self.half(index + 1)
            ends = [(self.x, self.y(index) + half[0]), (self.x, self.y(index + 1) - half[1])]
            board.arrow(ends, self.line, width=4.5)
            asked = 0 < index < last and self.steps[index - 1].asks
            if asked:
                yes, y = say(board.brief, "Yes|Ja"), (ends[0][1] + ends[1][1]) / 2
                board.text(yes, self.x + 14, y, 24, colour=GREEN, align="left", weight=0.05)
        self.end(0, say(board.brief, "Start|Start"), "play", GREEN)
        for index, step in enumerate(self.steps):
            if step.asks:
                self.decision(index + 1, step)
            else:
                self.process(self.x, index + 1, step.text, self.wide, index)
        self.end(last, say(board.brief, "End|Ende"), "check", board.colours.accent(0))

    def half(self, index: int) -> float:
        asks = 0 < index <= len(self.steps) and self.steps[index - 1].asks
        return self.pitch * 0.42 if asks else self.high / 2

    def frame(self, x: float, index: int, wide: float) -> Frame:
        y = self.y(index)
        return x - wide / 2, y - self.high / 2, x + wide / 2, y + self.high / 2

    def end(self, index: int, text: str, symbol: str, colour: Colour) -> None:
        board, frame = self.board, self.frame(self.x, index, self.wide * 0.5)
        board.card(frame, colour, radius=self.high / 2)
        self.label(frame, text, symbol, readable(colour))

    def process(self, x: float, index: int, text: str, wide: float, shade: int) -> None:
        board, frame = self.board, self.frame(x, index, wide)
        colour = board.colours.accent(0)
        board.card(frame, lighten(colour, 0.86), radius=12, edge=colour)
        self.label(frame, text, icons.meaning(text), rgb("1c2333"))

    def decision(self, index: int, step: Step) -> None:
        board, y, half = self.board, self.y(index), self.half(index)
        wide = self.wide * 0.56
        points = [(self.x, y - half), (self.x + wide, y), (self.x, y + half), (self.x - wide, y)]
        shadow = Stencil().polygon([(px, py + 8) for px, py in points])
        board.canvas.paint(shadow, rgb("1a2340"), opacity=0.16, blur=9)
        board.canvas.paint(Stencil().polygon(points), darken(AMBER, 0.08))
        inner = [(self.x + (px - self.x) * 0.955, y + (py - y) * 0.92) for px, py in points]
        board.canvas.paint(Stencil().polygon(inner), mix(AMBER, WHITE, 0.68))
        text = (self.x - wide * 0.62, y - half * 0.5, self.x + wide * 0.62, y + half * 0.5)
        if board.canvas.silent:
            symbol = icons.meaning(step.text, "search")
            board.icon(symbol, self.x, y, half * 0.9, rgb("5a4310"))
        board.block(step.text, text, 29, colour=rgb("43330c"), weight=0.02)
        self.no(index, step, wide)

    def no(self, index: int, step: Step, wide: float) -> None:
        """To the right, then up and back to the step before."""
        board, y = self.board, self.y(index)
        room = board.right - board.w * 0.03 - (self.side - board.w * 0.12)
        frame = self.frame(self.side + board.w * 0.02, index, min(room * 1.05, board.w * 0.27))
        board.arrow([(self.x + wide, y), (frame[0], y)], RED, width=4.5)
        gap = (self.x + wide + frame[0]) / 2
        board.text(say(board.brief, "No|Nein"), gap - 6, y - 22, 24, colour=RED, weight=0.05)
        board.card(frame, lighten(RED, 0.84), radius=12, edge=RED)
        self.label(frame, step.otherwise, icons.meaning(step.otherwise, "bell"), rgb("5b1d1d"))
        back, x = self.y(index - 1), (frame[0] + frame[2]) / 2
        path = [(x, frame[1]), (x, back), (self.x + self.wide / 2, back)]
        board.arrow(path, mix(RED, board.colours.paper, 0.35), width=4)

    def label(self, frame: Frame, text: str, symbol: str, ink: Colour) -> None:
        left, top, right, bottom = frame
        high = bottom - top
        if self.board.canvas.silent:
            self.board.icon(
                symbol or "document", (left + right) / 2, (top + bottom) / 2, high * 0.66, ink
            )
            return
        if symbol and right - left > high * 3.6:
            self.board.icon(symbol, left + high * 0.62, (top + bottom) / 2, high * 0.5, ink)
            left += high * 0.85
        self.board.block(text, (left + 12, top + 4, right - 14, bottom - 4), 29, colour=ink)
