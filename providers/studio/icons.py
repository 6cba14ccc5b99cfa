"""Pictograms in one colour, on a square of 100 by 100, written as lines of marks.

`C x,y r [ry]` is a disc, `R l,t,r,b radius` a plate, `P` a polygon, `S` a round form through its
points, `L width` a line with round ends. A minus in front cuts the mark out.
"""

from functools import lru_cache

from providers.studio.brief import read
from providers.studio.canvas import Stencil
from providers.studio.shapes import Points, box, ellipse, smooth

ICONS = {
    "user": "C 50,30 19; S 14,90 17,68 50,54 83,68 86,90",
    "users": "C 22,40 12; C 78,40 12; S 2,84 4,66 22,57 40,66 40,84; S 60,84 60,66 78,57 96,66 "
    "98,84; -C 50,30 22; -S 18,94 20,66 50,48 80,66 82,94; C 50,32 17; S 24,90 26,68 50,54 74,68 "
    "76,90",
    "server": "R 16,12,84,44 6; R 16,56,84,88 6; -C 31,28 5; -C 31,72 5; -L 6 50,28 70,28; "
    "-L 6 50,72 70,72",
    "database": "C 50,20 34 13; R 16,20,84,80 0; C 50,80 34 13; -L 5 16,34 28,42 50,46 72,42 "
    "84,34; -L 5 16,58 28,66 50,70 72,66 84,58",
    "cloud": "C 27,60 20; C 52,45 26; C 75,61 19; R 27,52,76,80 0",
    "lock": "R 18,44,82,92 9; L 10 31,46 31,30 38,18 50,13 62,18 69,30 69,46; -C 50,64 7; "
    "-L 7 50,64 50,77",
    "key": "C 30,50 22; -C 30,50 9; L 11 50,50 90,50; L 10 74,50 74,66; L 10 88,50 88,64",
    "gear": "C 50,50 30; L 17 50,13 50,87; L 17 13,50 87,50; L 17 24,24 76,76; L 17 76,24 24,76; "
    "-C 50,50 14",
    "chart": "R 12,56,32,88 3; R 40,34,60,88 3; R 68,12,88,88 3",
    "trend": "L 9 10,76 36,50 54,64 86,24; P 92,12 92,44 62,16",
    "calendar": "R 12,18,88,90 8; -R 20,38,80,82 3; L 9 32,10 32,26; L 9 68,10 68,26; R 28,46,40,57"
    " 2; R 45,46,57,57 2; R 62,46,74,57 2; R 28,64,40,75 2; R 45,64,57,75 2",
    "chat": "R 10,14,90,68 15; P 26,60 26,92 58,62; -C 30,41 6; -C 50,41 6; -C 70,41 6",
    "heart": "C 31,37 21; C 69,37 21; P 13,48 50,90 87,48 69,30 50,38 31,30",
    "star": "P 50,6 62,37 95,39 69,60 78,92 50,74 22,92 31,60 5,39 38,37",
    "cart": "L 8 6,16 20,16 32,66 82,66; P 23,26 92,26 83,56 30,56; C 40,83 9; C 74,83 9",
    "phone": "R 27,6,73,94 9; -R 33,16,67,78 2; -C 50,86 4",
    "laptop": "R 16,16,84,70 6; -R 24,24,76,62 2; P 4,75 96,75 88,86 12,86",
    "globe": "C 50,50 40; -C 50,50 33; C 50,50 21 38; -C 50,50 14 34; L 6 12,50 88,50; "
    "L 6 50,12 50,88",
    "mail": "R 8,20,92,80 8; -L 7 14,30 50,58 86,30",
    "search": "C 42,42 32; -C 42,42 21; L 13 66,66 87,87",
    "home": "P 50,10 96,52 83,52 83,90 17,90 17,52 4,52; -R 41,60,59,90 0",
    "check": "L 14 16,54 40,78 86,24",
    "bell": "S 50,10 68,22 74,54 86,72 50,75 14,72 26,54 32,22; C 50,84 9",
    "folder": "R 8,30,92,84 6; R 8,18,46,50 6",
    "clock": "C 50,50 40; -L 8 50,26 50,52 68,62",
    "camera": "R 6,28,94,84 10; P 32,32 40,14 60,14 68,32; -C 50,56 19; C 50,56 11",
    "leaf": "S 86,12 84,56 58,82 30,78 20,52 42,22; -L 5 72,28 50,54 26,80; L 6 30,74 14,92",
    "sun": "C 50,50 21; L 8 50,6 50,17; L 8 50,83 50,94; L 8 6,50 17,50; L 8 83,50 94,50; "
    "L 8 19,19 27,27; L 8 73,73 81,81; L 8 81,19 73,27; L 8 27,73 19,81",
    "moon": "C 48,52 38; -C 64,40 31",
    "drop": "C 50,62 28; P 25,50 50,6 75,50",
    "play": "C 50,50 42; -P 41,30 41,70 72,50",
    "shield": "S 50,6 66,15 86,20 82,58 50,94 18,58 14,20 34,15; -L 9 33,49 46,62 69,35",
    "router": "R 8,56,92,88 8; -C 26,72 6; -C 45,72 6; L 7 72,58 72,34; L 6 56,30 62,20 72,16 "
    "82,20 "
    "88,30; L 6 50,16 58,6 72,2 86,6 94,16",
    "switch": "R 4,34,96,68 7; -R 14,45,26,57 1; -R 32,45,44,57 1; -R 50,45,62,57 1; -C 76,51 5; "
    "-C 88,51 3",
    "wall": "R 8,16,92,86 4; -L 4 8,39 92,39; -L 4 8,63 92,63; -L 4 36,16 36,39; -L 4 66,16 66,39; "
    "-L 4 22,39 22,63; -L 4 52,39 52,63; -L 4 80,39 80,63; -L 4 36,63 36,86; -L 4 66,63 66,86",
    "code": "L 11 30,28 9,50 30,72; L 11 70,28 91,50 70,72; L 9 59,18 41,82",
    "rocket": "S 50,2 66,24 68,60 50,72 32,60 34,24; P 33,46 12,76 36,70; P 67,46 88,76 64,70; "
    "P 41,77 59,77 50,98; -C 50,34 9",
    "bulb": "C 50,38 29; P 34,56 66,56 61,74 39,74; R 38,77,62,84 3; R 42,87,58,94 3",
    "flag": "L 8 22,10 22,92; P 28,10 88,24 62,36 88,56 28,60",
    "bug": "C 50,58 23 30; C 50,24 14; L 6 8,40 30,50; L 6 92,40 70,50; L 6 6,64 28,64; L 6 94,64 "
    "72,64; L 6 12,90 32,76; L 6 88,90 68,76; -L 4 50,36 50,84",
    "document": "P 20,6 60,6 80,26 80,94 20,94; -L 6 34,44 66,44; -L 6 34,60 66,60; -L 6 34,76 "
    "56,76; -P 58,10 58,28 76,28",
    "pencil": "P 12,88 18,64 64,18 82,36 36,82; P 69,13 77,5 95,23 87,31",
    "dumbbell": "R 6,36,17,64 3; R 18,24,33,76 4; R 67,24,82,76 4; R 83,36,94,64 3; "
    "R 30,44,70,56 0",
    "flame": "S 52,2 60,26 78,48 76,74 50,94 24,74 26,50 40,56 44,28; -S 50,56 62,72 50,86 38,74",
    "parcel": "P 50,6 90,26 90,74 50,94 10,74 10,26; -L 5 10,27 50,47 90,27; -L 5 50,47 50,94",
    "card": "R 6,20,94,80 9; -R 6,34,94,47 0; -L 6 18,64 44,64",
    "bolt": "P 60,4 18,56 46,56 38,96 82,40 54,40",
    "tasks": "R 8,12,30,34 4; R 8,40,30,62 4; R 8,68,30,90 4; L 9 44,23 90,23; L 9 44,51 90,51; "
    "L 9 44,79 90,79; -L 4 13,23 18,28 26,18; -L 4 13,51 18,56 26,46",
    "kanban": "R 8,14,34,88 4; R 38,14,64,62 4; R 68,14,94,76 4; -L 5 15,26 27,26; -L 5 45,26 "
    "57,26; -L 5 75,26 87,26",
    "target": "C 50,50 42; -C 50,50 32; C 50,50 23; -C 50,50 13; C 50,50 6",
    "trophy": "P 26,10 74,10 68,50 56,60 44,60 32,50; L 7 26,18 10,18 14,40 32,46; L 7 74,18 90,18 "
    "86,40 68,46; R 45,56,55,78 0; R 30,78,70,90 3",
    "gift": "R 8,30,92,48 4; R 14,52,86,92 4; -R 44,30,56,92 0; L 7 50,28 30,10 20,20 50,28; "
    "L 7 50,28 70,10 80,20 50,28",
    "coffee": "C 74,54 18; -C 74,54 10; R 14,34,74,88 14; L 6 32,26 36,20 36,15 31,9 31,5; "
    "L 6 54,26 58,20 58,15 53,9 53,5",
    "mountain": "P 4,86 38,20 56,54 66,38 96,86; -L 5 26,44 33,52 40,42 47,51 52,44",
    "wave": "S 4,60 20,38 40,44 60,62 80,56 96,36 96,86 4,86",
    "paw": "S 50,48 70,62 76,80 62,88 50,82 38,88 24,80 30,62; C 22,46 9 12; C 40,24 9 13; "
    "C 60,24 9 13; C 78,46 9 12",
    "plane": "S 92,50 80,44 20,46 6,50 20,54 80,56; P 44,48 24,8 36,8 68,48; P 44,52 24,92 36,92 "
    "68,52; P 12,48 2,30 12,30 24,48",
    "truck": "R 4,26,58,70 4; P 62,38 82,38 96,56 96,70 62,70; C 24,76 11; C 78,76 11; -C 24,76 5; "
    "-C 78,76 5",
    "megaphone": "P 10,40 36,38 84,14 84,86 36,62 10,60; P 22,64 36,64 42,90 28,90; C 88,50 7",
    "headset": "L 9 14,58 16,34 30,16 50,11 70,16 84,34 86,58; R 8,52,28,82 8; R 72,52,92,82 8; "
    "L 6 82,80 74,92 56,92",
    "eye": "S 4,50 28,24 50,18 72,24 96,50 72,76 50,82 28,76; -C 50,50 20; C 50,50 11",
    "image": "R 8,14,92,86 8; -R 16,22,84,78 2; P 18,76 40,42 56,62 66,50 82,76; C 66,36 8",
    "layers": "P 50,8 94,32 50,56 6,32; P 6,46 50,70 94,46 94,54 50,78 6,54; P 6,64 50,88 94,64 "
    "94,72 50,96 6,72",
    "brain": "C 34,34 20; C 64,32 22; C 28,58 20; C 70,60 22; C 48,72 20; C 50,48 20; "
    "-L 5 50,18 50,88; -L 4 30,40 40,48; -L 4 70,40 60,48; -L 4 30,66 40,62; -L 4 70,70 60,62",
    "balance": "L 7 50,12 50,86; L 7 16,26 84,26; R 30,84,70,92 3; P 2,58 16,28 30,58; "
    "P 70,58 84,28 98,58; C 50,14 8",
    "bag": "P 14,32 86,32 92,94 8,94; L 8 32,40 34,18 50,8 66,18 68,40",
    "tree": "C 50,34 28; C 32,46 20; C 68,46 20; R 44,56,56,94 0",
    "cross": "R 38,10,62,90 4; R 10,38,90,62 4",
    "music": "L 9 34,74 34,18 80,10 80,64; C 24,76 14 11; C 70,66 14 11",
    "book": "P 8,20 48,28 48,90 8,82; P 92,20 52,28 52,90 92,82",
    "tool": "L 14 26,80 62,40; C 68,32 22; -P 66,34 80,4 98,20",
    "monogram": "C 50,50 44; -C 50,50 33",
}
# Which pictogram stands for a word. The first that fits counts.
MEANINGS = {
    "balance": "balancer lastverteiler lastverteilung justice law legal waage",
    "wall": "firewall brandmauer",
    "shield": "shield schild security secure protect* insurance vpn sicherheit antivirus",
    "key": "schlüssel password token key passwort schlüssel credential secret",
    "lock": "lock schloss auth authentication login encrypt* session sign anmeldung "
    "presentation darstellung",
    "database": "database db replica replikat sql storage data datenbank daten postgres* mysql "
    "redis "
    "cache",
    "router": "router gateway wifi wlan access",
    "switch": "switch hub link sicherung ethernet physical",
    "server": "server backend host service services dienst api node web",
    "cloud": "cloud wolke internet saas wolke hosting",
    "users": "team users people customer customers kunden community hr staff benutzer client",
    "user": "user person profile account nutzer konto hr",
    "laptop": "browser desktop computer laptop pc workstation frontend application anwendung",
    "phone": "mobile phone app smartphone handy",
    "calendar": "calendar schedule date planning plan kalender planung sprint",
    "chat": "chat message messenger comment communication nachricht queue broker session",
    "mail": "envelope brief mail email newsletter notification post",
    "search": "search analysis find analyse suche requirements requirement research anforderungen",
    "pencil": "design write writing edit draft entwurf blog",
    "code": "code coding development implement* developer programm* entwicklung software build",
    "bug": "test testing bug qa tests tester testen",
    "rocket": "deploy deployment launch startup release rollout space rakete ship",
    "tool": "wrench maintenance repair support tool wartung werkzeug service",
    "gear": "settings process engine automation machine einstellungen prozess logic",
    "trend": "growth trend finance invest* stock analytics wachstum marketing",
    "chart": "chart report reports sales statistics dashboard umsatz bericht tracking",
    "cart": "cart shop shopping store ecommerce order orders bestellung warenkorb catalog",
    "card": "payment pay billing bank card zahlung rechnung checkout",
    "truck": "truck lkw lastwagen delivery shipping logistics transport lieferung versand",
    "parcel": "product package box inventory paket produkt packet",
    "clock": "uhr wecker time clock hours zeit uhr timer",
    "bell": "bell glocke alert alarm reminder notify",
    "document": "document file paper form dokument datei document",
    "folder": "folder archive project ordner projekt",
    "tasks": "task tasks todo checklist aufgabe aufgaben",
    "kanban": "board kanban scrum",
    "target": "goal target objective ziel focus",
    "flag": "milestone flag meilenstein",
    "trophy": "trophy pokal award win success trophy erfolg",
    "check": "approve approved done complete finish success ok freigabe validate valid",
    "brain": "ai brain intelligence learning ml model ki",
    "bulb": "bulb lightbulb glühbirne idea energy light electric idee licht innovation innovative",
    "leaf": "leaf eco green nature organic sustainable natur bio garden garten tea",
    "tree": "tree forest wood baum wald",
    "sun": "sun solar summer sonne",
    "moon": "moon night sleep mond schlaf",
    "drop": "water drop *wasser wasser* dusche* clean",
    "flame": "flame fire calories hot feuer burn kalorien",
    "dumbbell": "dumbbell hantel fitness gym workout sport training",
    "heart": "health heart love care gesundheit herz wellness",
    "cross": "medical hospital pharmacy clinic apotheke arzt doctor",
    "coffee": "coffee cafe café kaffee bakery bäckerei restaurant tea",
    "music": "music song concert band musik konzert",
    "book": "book school education library learning buch schule bildung course",
    "camera": "camera photography photographer photo fotograf*",
    "plane": "plane airplane flugzeug travel flight airline reise flug trip",
    "mountain": "mountain outdoor hiking adventure berg",
    "paw": "paw pfote pet dog cat animal tier hund katze vet",
    "home": "home house estate haus immobilien",
    "globe": "earth erde world global website international web seite network netz*",
    "megaphone": "promo promotion announcement advertising marketing ankündigung",
    "headset": "help support call hotline hilfe",
    "gift": "gift present geschenk bonus",
    "bag": "fashion bag boutique mode tasche",
    "layers": "layer layers stack schicht schichten tier",
    "bolt": "lightning power fast speed energy strom blitz electric",
    "eye": "vision look monitoring observe",
    "image": "image picture media bild medien",
    "play": "video play film stream",
    "star": "star favourite favorite star quality stern",
}


def meaning(text: str, otherwise: str = "") -> str:
    """The pictogram for what a text is about: that of its first word that has one."""
    brief = read(text)
    if brief.words and brief.words[-1] in ("db", "database", "datenbank"):
        return "database"
    places = {name: at for name, words in MEANINGS.items() if (at := brief.find(words)) is not None}
    return min(places, key=places.__getitem__, default=otherwise)


def icon(name: str, x: float, y: float, size: float) -> Stencil:
    """A pictogram around a centre, `size` from edge to edge."""
    stencil, scale = Stencil(), size / 100

    def place(points: Points) -> Points:
        return [(x + (px - 50) * scale, y + (py - 50) * scale) for px, py in points]

    for hole, width, points in _marks(name):
        if width:
            line = place(points)
            stencil.line(line, width * scale, hole=hole)
            for end in line:
                stencil.dot(*end, width * scale / 2, hole=hole)
        else:
            stencil.polygon(place(points), hole=hole)
    return stencil


@lru_cache(maxsize=128)
def _marks(name: str) -> tuple[tuple[bool, float, Points], ...]:
    return tuple(_mark(entry) for entry in ICONS[name].split(";"))


def _mark(entry: str) -> tuple[bool, float, Points]:
    kind, *parts = entry.split()
    hole, kind = kind.startswith("-"), kind.lstrip("-")
    if kind == "L":
        return hole, float(parts[0]), [_point(part) for part in parts[1:]]
    if kind == "C":
        (x, y), rx, *ry = _point(parts[0]), *(float(part) for part in parts[1:])
        return hole, 0.0, ellipse(x, y, rx, ry[0] if ry else rx)
    if kind == "R":
        left, top, right, bottom = (float(number) for number in parts[0].split(","))
        return hole, 0.0, box(left, top, right, bottom, radius=float(parts[1]))
    points = [_point(part) for part in parts]
    return hole, 0.0, smooth(points, steps=8) if kind == "S" else points


def _point(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)
