"""Pictograms of one family on tiles."""

from providers.studio import icons, paints, wording
from providers.studio.board import Board, readable
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten
from providers.studio.shapes import box
from providers.studio.wording import say

# The words of a theme, then its pictograms with their names.
THEMES = (
    (
        "project management task team productivity projekt* aufgabe*",
        "tasks Tasks|Aufgaben;kanban Board|Tafel;calendar Calendar|Kalender;clock Time|Zeit;"
        "users Team|Team;chat Chat|Chat;folder Files|Dateien;chart Reports|Berichte;"
        "target Goals|Ziele;bell Alerts|Hinweise;flag Milestones|Etappen;gear Settings|Optionen",
    ),
    (
        "shop commerce ecommerce store shopping",
        "cart Cart|Korb;bag Bag|Tasche;card Pay|Zahlen;truck Delivery|Lieferung;"
        "gift Gifts|Geschenke;star Rating|Bewertung;heart Wishes|Wünsche;search Search|Suche;"
        "parcel Parcel|Paket;"
        "user Account|Konto;chat Help|Hilfe;home Home|Start",
    ),
    (
        "weather nature wetter natur eco garden",
        "sun Sun|Sonne;cloud Cloud|Wolke;drop Rain|Regen;bolt Storm|Sturm;moon Night|Nacht;"
        "wave Sea|Meer;mountain Mountain|Berg;tree Forest|Wald;leaf Leaf|Blatt;flame Fire|Feuer;"
        "globe Earth|Erde;paw Animals|Tiere",
    ),
    (
        "fitness health medical gesundheit sport",
        "dumbbell Strength|Kraft;heart Pulse|Puls;flame Calories|Kalorien;moon Sleep|Schlaf;"
        "drop Water|Wasser;trend Progress|Fortschritt;target Goals|Ziele;trophy Awards|Erfolge;"
        "clock Timer|Zeit;cross Health|Gesundheit;leaf Food|Essen;users Friends|Freunde",
    ),
    (
        "security cloud server software developer it network",
        "cloud Cloud|Cloud;server Server|Server;database Data|Daten;shield Safety|Schutz;"
        "lock Lock|Schloss;key Keys|Schlüssel;wall Firewall|Firewall;router Router|Router;"
        "code Code|Code;bug Bugs|Fehler;rocket Release|Start;gear Settings|Optionen",
    ),
    (
        "",
        "home Home|Start;search Search|Suche;user Profile|Profil;mail Mail|Post;"
        "calendar Calendar|Kalender;camera Camera|Kamera;heart Likes|Favoriten;"
        "bell Alerts|Hinweise;folder Files|Dateien;lock Privacy|Schutz;chat Chat|Chat;gear "
        "Settings|Optionen",
    ),
)


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.9, tallest=1.9)
    if brief.has("icon piktogramm pictogram") and not brief.has("iconset icons piktogramme"):
        _one(board)
        return
    entries = _entries(brief)
    columns = 6 if board.w > board.h * 1.45 else 3 if board.h > board.w * 1.2 else 4
    rows = -(-len(entries) // columns)
    pitch = min(board.w * 0.94 / columns, board.h * 0.94 / rows)
    left = (board.left + board.right - pitch * columns) / 2
    top = (board.top + board.bottom - pitch * rows) / 2
    for index, (symbol, name) in enumerate(entries):
        x, y = left + pitch * (index % columns + 0.5), top + pitch * (index // columns + 0.5)
        silent = canvas.silent
        _tile(
            board,
            symbol,
            x,
            y - (0 if silent else pitch * 0.07),
            pitch * (0.4 if silent else 0.33),
            index,
        )
        board.text(
            name, x, y + pitch * 0.36, pitch * 0.115, room=pitch * 0.9, colour=board.colours.ink
        )


def _entries(brief: Brief) -> list[tuple[str, str]]:
    if named := wording.items(brief, most=12, longest=14):
        spare = list(icons.ICONS)
        return [(icons.meaning(n, spare[7 * i % len(spare)]), n) for i, n in enumerate(named)]
    theme = next(entries for words, entries in THEMES if not words or brief.has(words))
    pairs = (entry.split(" ", 1) for entry in theme.split(";"))
    return [(symbol, say(brief, name)) for symbol, name in pairs]


def _one(board: Board) -> None:
    words = " ".join(word for word in board.brief.words if not word.startswith(("icon", "pikto")))
    symbol = icons.meaning(words, "star")
    x, y = (board.left + board.right) / 2, (board.top + board.bottom) / 2
    _tile(board, symbol, x, y, min(board.w, board.h) * 0.36, 0)


def _tile(board: Board, symbol: str, x: float, y: float, half: float, index: int) -> None:
    colour, canvas = board.colours.accent(index), board.canvas
    frame = (x - half, y - half, x + half, y + half)
    under = Stencil().polygon(
        box(frame[0], frame[1] + half * 0.14, frame[2], frame[3] + half * 0.14, radius=half * 0.5)
    )
    canvas.paint(under, darken(colour, 0.5), opacity=0.25, blur=half * 0.1)
    plate = Stencil().polygon(box(*frame, radius=half * 0.5))
    tones = (lighten(colour, 0.28), darken(colour, 0.06))
    canvas.paint(plate, paints.linear(tones, frame[:2], frame[2:]))
    gloss = Stencil().dot(x - half * 0.3, y - half * 0.9, half * 1.5, half)
    canvas.paint(gloss, lighten(colour, 0.6), opacity=0.2, clip=plate)
    ink = readable(colour)
    canvas.paint(
        icons.icon(symbol, x + half * 0.03, y + half * 0.05, half * 1.12),
        darken(colour, 0.5),
        opacity=0.3,
        blur=half * 0.05,
    )
    canvas.paint(icons.icon(symbol, x, y, half * 1.12), ink)
