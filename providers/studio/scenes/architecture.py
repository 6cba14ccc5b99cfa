"""A system in rows, from those who use it down to where its data lies."""

from itertools import pairwise

from providers.studio import icons, wording
from providers.studio.board import Board, Frame
from providers.studio.brief import Brief, is_in
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import lighten, mix
from providers.studio.shapes import box
from providers.studio.wording import say

Row = tuple[str, list[str]]  # what the tier is, and its nodes

MICROSERVICES = "microservice microservices mikroservice* mikrodienst*"
SERVICES = "Users|Nutzer;Orders|Bestellungen;Payments|Zahlungen;Catalog|Katalog"
ROLES = {
    "Clients|Clients": "user users browser client mobile customer kunde kunden nutzer",
    "Data|Daten": "database db storage cache data redis postgres* datenbank speicher store bucket",
    "Access|Zugang": "balancer gateway cdn dns firewall proxy lastverteiler waf",
    "Messages|Nachrichten": "queue broker kafka rabbitmq bus event",
    "Services|Dienste": "service services dienst dienste microservice api worker",
    "Application|Anwendung": "web application app server frontend backend logic anwendung",
}
ORGANISATION = "orgchart organigramm organisation*plan hierarchy hierarchie"
DEPARTMENTS = "Sales|Vertrieb;Product|Produkt;Finance|Finanzen;People|Personal"
TEAMS = "Team A|Team A;Team B|Team B;Team C|Team C;Team D|Team D"
ORDER = ("Clients", "Access", "Application", "Services", "Messages", "Data")
TOGETHER = "server servers balancer browser"


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, widest=1.5, tallest=1.25)
    usual = (
        "Microservices|Microservices"
        if brief.has(MICROSERVICES)
        else ("Three-tier architecture|Drei-Schichten-Architektur")
    )
    if brief.has(ORGANISATION):
        usual = "Our organisation|Unsere Organisation"
    start = board.title(_heading(brief) or say(brief, usual))
    rows = _rows(brief)
    step = (board.bottom - board.h * 0.04 - start) / len(rows)
    high = step * 0.72
    placed: list[list[Frame]] = []
    for index, (role, nodes) in enumerate(rows):
        top = start + step * index + (step - high) / 2
        placed.append(_tier(board, index, role, nodes, (top, top + high)))
    for above, below in pairwise(placed):
        _bus(board, above, below)


def _heading(brief: Brief) -> str:
    said = wording.quoted(brief)
    if said or not brief.has("architecture architektur"):
        return said
    words = [w for w in brief.text.replace(",", " ").split() if w]
    for place, word in enumerate(words):
        if word.lower().rstrip(".:").startswith(("architecture", "architektur")):
            first = place
            while first > 0 and words[first - 1].lower() not in _BEFORE and place - first < 4:
                first -= 1
            heading = " ".join(words[first : place + 1]).rstrip(".:")
            return heading[:1].upper() + heading[1:] if first < place else ""
    return ""


_BEFORE = frozenset("a an the of showing our ein eine einer die der das mit zeigt generate".split())


def _rows(brief: Brief) -> list[Row]:
    named = wording.items(brief, most=7, longest=24)
    users = say(brief, "Users|Nutzer")
    if brief.has(ORGANISATION):
        below = named or [say(brief, pair) for pair in DEPARTMENTS.split(";")]
        return [
            ("Board|Leitung", [say(brief, "Managing director|Geschäftsführung")]),
            ("Departments|Bereiche", below),
            ("Teams|Teams", [say(brief, pair) for pair in TEAMS.split(";")][: len(below)]),
        ]
    if brief.has(MICROSERVICES) and len(named) < 2:
        services = [say(brief, pair) for pair in SERVICES.split(";")]
        stores = [f"{name} DB" for name in services]
        queue = say(brief, "Message broker|Nachrichtenbroker")
        return [
            ("Clients", ["Web", "Mobile"]),
            ("Access|Zugang", ["API gateway"]),
            ("Services|Dienste", services),
            ("Messages|Nachrichten", [queue]),
            ("Data|Daten", stores),
        ]
    if not named:
        named = [
            say(brief, pair)
            for pair in "Load balancer|Lastverteiler;Web servers|Webserver;App servers|App-Server;"
            "Database|Datenbank".split(";")
        ]
    rows: dict[str, list[str]] = {"Clients|Clients": [users]}
    for name in named:
        role = next(
            (role for role, words in ROLES.items() if _any(name, words)), "Application|Anwendung"
        )
        place = role if role not in rows or not _several(name) else f"{role} "
        rows.setdefault(place, []).extend(_copies(brief, name))
    if rows["Clients|Clients"] != [users]:
        rows["Clients|Clients"].remove(users)
    return sorted(rows.items(), key=lambda row: ORDER.index(row[0].strip().split("|")[0]))


def _any(name: str, words: str) -> bool:
    return any(is_in(word, words) for word in name.lower().replace("-", " ").split())


def _several(name: str) -> bool:
    last = name.lower().split()[-1]
    return last.endswith("servers") or (last.endswith("server") and last != "server")


def _copies(brief: Brief, name: str) -> list[str]:
    """ "Web servers" are three of them; a database has a second one beside it."""
    last = name.split()[-1]
    if last.lower() in ("servers", "instances", "nodes", "workers") or last == "Webserver":
        one = name.removesuffix("s")
        return [f"{one} {number}" for number in (1, 2, 3)]
    if last.lower() in ("database", "datenbank"):
        return [name, say(brief, "Replica|Replikat")]
    return [name]


def _tier(
    board: Board, index: int, role: str, nodes: list[str], span: tuple[float, float]
) -> list[Frame]:
    colour, (top, bottom) = board.colours.accent(index), span
    left, right = board.left + board.w * 0.05, board.right - board.w * 0.05
    band = Stencil().polygon(box(left, top, right, bottom, radius=22))
    board.canvas.paint(band, mix(board.colours.paper, colour, 0.15))
    label = wording.say(board.brief, role.strip())
    room, high = board.w * 0.15, bottom - top
    board.block(
        label,
        (left + 20, top, left + room, bottom),
        30,
        colour=mix(colour, board.colours.ink, 0.4),
        align="left",
        weight=0.04,
    )
    space = (right - left - room - 20) / len(nodes)
    wide = min(space * 0.88, high * 1.75)
    frames = []
    for place, name in enumerate(nodes):
        middle = left + room + space * (place + 0.5)
        frame = (middle - wide / 2, top + high * 0.1, middle + wide / 2, bottom - high * 0.1)
        _node(board, name, frame, index)
        frames.append(frame)
    return frames


def _node(board: Board, name: str, frame: Frame, index: int) -> None:
    left, top, right, bottom = frame
    colour = board.colours.accent(index)
    board.card(frame, radius=14, edge=mix(colour, board.colours.card, 0.35))
    high = bottom - top
    usual = "users" if board.brief.has(ORGANISATION) else "server"
    symbol = "server" if "server" in name.lower() else icons.meaning(name, usual)
    if board.canvas.silent:
        board.icon(symbol, (left + right) / 2, (top + bottom) / 2, high * 0.6, colour)
        return
    board.icon(symbol, (left + right) / 2, top + high * 0.36, high * 0.44, colour)
    label = (left + 8, top + high * 0.6, right - 8, bottom - high * 0.06)
    board.block(name, label, min(27, high * 0.24))


def _bus(board: Board, above: list[Frame], below: list[Frame]) -> None:
    """From every node above into one line, and from it down to every node below."""
    ink = lighten(board.colours.muted, 0.1)
    start, end = above[0][3], below[0][1]
    middle, wide = (start + end) / 2, 4.5
    xs = [(f[0] + f[2]) / 2 for f in above], [(f[0] + f[2]) / 2 for f in below]
    if len(above) == len(below):
        for x, y in zip(*xs, strict=True):
            board.arrow([(x, start), (y, end)], ink, width=wide, both=len(above) > 1)
        return
    stencil = Stencil().line([(min(xs[0] + xs[1]), middle), (max(xs[0] + xs[1]), middle)], wide)
    for x in xs[0]:
        stencil.line([(x, start), (x, middle)], wide)
    board.canvas.paint(stencil, ink)
    for x in xs[1]:
        board.arrow([(x, middle - wide / 2), (x, end)], ink, width=wide)
