"""Who says what to whom, in order: a sequence diagram."""

from providers.studio import icons, wording
from providers.studio.board import Board
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas
from providers.studio.colours import lighten, rgb
from providers.studio.wording import say

# From, to, what is said; an answer goes back in dashes.
MESSAGES = (
    (0, 1, "Open page|Seite öffnen"),
    (1, 2, "Send request|Anfrage senden"),
    (2, 3, "Read data|Daten lesen"),
    (3, 2, "Rows|Zeilen"),
    (2, 1, "Answer|Antwort"),
    (1, 0, "Show page|Seite zeigen"),
)
LOGIN = (
    (0, 1, "Name and password|Name und Passwort"),
    (1, 2, "Log in|Anmelden"),
    (2, 3, "Find account|Konto suchen"),
    (3, 2, "Account|Konto"),
    (2, 1, "Session|Sitzung"),
    (1, 0, "Welcome|Willkommen"),
)
ACTORS = "User|Nutzer;Browser|Browser;Server|Server;Database|Datenbank"


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.5, tallest=1.3)
    start = board.title(wording.topic(brief) or say(brief, "Sequence diagram|Sequenzdiagramm"))
    named = wording.items(brief, most=4, longest=18)
    actors = named if len(named) > 1 else [say(brief, pair) for pair in ACTORS.split(";")]
    pitch = board.w * 0.92 / len(actors)
    xs = [board.left + board.w * 0.04 + pitch * (i + 0.5) for i in range(len(actors))]
    end, high = board.bottom - board.h * 0.04, board.h * 0.11
    for index, (x, name) in enumerate(zip(xs, actors, strict=True)):
        colour = board.colours.accent(index)
        board.dashes((x, start + high), (x, end), board.colours.muted, 3.5)
        frame = (x - pitch * 0.4, start, x + pitch * 0.4, start + high)
        board.card(frame, lighten(colour, 0.82), radius=16, edge=colour)
        symbol = icons.meaning(name, "server")
        if canvas.silent:
            board.icon(symbol, x, start + high / 2, high * 0.62, colour)
            continue
        board.icon(symbol, x, start + high * 0.33, high * 0.4, colour)
        board.block(name, (frame[0] + 6, start + high * 0.56, frame[2] - 6, start + high), 28)
    said = LOGIN if brief.has("login authentication auth anmeldung") else MESSAGES
    messages = [m for m in said if max(m[:2]) < len(actors)]
    step = (end - start - high) / (len(messages) + 0.6)
    for index, (sender, receiver, pair) in enumerate(messages):
        y = start + high + step * (index + 0.8)
        ends = [(xs[sender], y), (xs[receiver], y)]
        back = receiver < sender
        colour = rgb("2f9e6b") if back else board.colours.accent(sender)
        board.arrow(ends, colour, width=4 if back else 5.5)
        middle = (xs[sender] + xs[receiver]) / 2
        board.text(say(brief, pair), middle, y - 24, 26, room=pitch * 0.92)
