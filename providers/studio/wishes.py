"""What a sentence wishes for: a picture or not, of what, how many, which format, quality, style.

A small grammar of English and German and no guess: what it does not know, it leaves alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from providers.studio import editing, scenes
from providers.studio.brief import is_in, read


def words(line: str) -> frozenset[str]:
    return frozenset(line.split())


OPENERS = words(
    "hi hello hey hallo moin ok okay so now then and also just please can could would will you i "
    "i'd to let let's us me bitte jetzt nun dann und auch mal doch einfach kannst könntest würdest "
    "magst du sie können könnten ich mir uns gern gerne"
)
WANTING = words(
    "want need like show give send brauche möchte hätte will zeig zeige gib schick wünsche"
)
DRAWING = words(
    "draw sketch paint illustrate doodle zeichne zeichnet zeichnest zeichnen male malst mal malen "
    "skizziere skizzieren illustriere illustrieren"
)
MAKING = words(
    "create generate make design produce render craft erstelle erstell erstellen erzeuge erzeugen "
    "generiere generieren gestalte gestalten entwirf entwerfen mach mache machen rendere rendern"
)
QUESTIONS = words(
    "what why how who whose when where which is are do does did has was wer wie warum wieso wann "
    "wo welche welcher welches ist sind hat gibt"
)
NEVER = words("don't not never stop nicht nie")
NONE = words("no kein keine keinen keines nichts")
PLACING = words("of for with showing depicting in on at from von vom für mit in auf bei")
FIGURATIVE = words(
    "conclusion conclusions attention inspiration lessons comparison parallels up on upon fazit "
    "schlüsse lehren aufmerksamkeit"
)
ARTICLES = words("a an the some this that any ein eine einen einem einer eines das die der den dem")
THINGS = words("it them this that es sie das ihn")
NAMED = words("image picture drawing photo illustration one bild foto zeichnung variante")
CHANGING = words(
    "add remove replace change use put less more try slightly again another redo repeat füge "
    "entferne ersetze ändere ändern nimm setze weniger mehr etwas viel nochmal nochmals noch "
    "wiederhole without with ohne mit but aber bigger smaller larger simpler größer kleiner "
    "einfacher"
)
AGAIN = words(
    "again another once more same redo repeat further different new noch eins einmal nochmal "
    "nochmals wiederhole gleiche weitere weiteres andere"
)
INSTEAD = words("instead stattdessen")
POLITE = words("please thanks bitte danke")
DEFINITE = words("the this that das die der dieses diese den")
NOMINATIVE = {"einen": "ein", "einem": "ein", "einer": "eine", "eines": "ein"}

# Vocabularies in the manner of brief.py: a word stands for its inflections too.
JUST_A_PICTURE = (
    "image picture pic photo photograph drawing illustration graphic rendering variation version "
    "variant option alternative bild foto zeichnung grafik variante entwurf entwürfe"
)
KIND_OF_PICTURE = (
    "sketch painting logo icon poster banner wallpaper avatar artwork portrait card postcard "
    "mockup design diagram flowchart chart infographic thumbnail cover sticker badge emblem "
    "cartoon comic flyer scene skizze gemälde plakat *karte diagramm infografik porträt aquarell "
    "motiv *bild"
)
PICTURE = f"{JUST_A_PICTURE} {KIND_OF_PICTURE}"
TEXT = (
    "code script function query queries sql table list poem story stories essay email mail letter "
    "text summary report plan password name joke recipe sentence article tweet translation account "
    "user file document outline appointment reminder sure gedicht geschichte liste tabelle bericht "
    "zusammenfassung passwort witz rezept satz artikel konto datei termin"
)

ORDINALS = {
    1: "first erste",
    2: "second zweite",
    3: "third dritte",
    4: "fourth vierte",
    5: "fifth fünfte",
    6: "sixth sechste",
    7: "seventh siebte",
    8: "eighth achte",
    9: "ninth neunte",
    10: "tenth zehnte",
    -1: "last letzte",
}
COUNTING = (
    "one two three four five six seven eight nine ten eleven twelve",
    "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
)
NUMBERS = {word: n for line in COUNTING for n, word in enumerate(line.split(), 1)} | {
    "couple": 2, "few": 3, "several": 3, "dozen": 12, "twenty": 20, "hundred": 100,
    "paar": 3, "mehrere": 3, "dutzend": 12, "zwanzig": 20, "hundert": 100,
}  # fmt: skip
FORMAT = r"(?:\s+(?:format|orientation|mode|layout|aspect(?: ratio)?|version))"
ENDING = r"(?=\s*(?:[.,!?]|$|please|bitte))"
NOUN = r"(?=\s+(?:image|picture|photo|illustration|drawing|logo|icon|poster|banner|bild|foto))"
SIZES = {
    "square": rf"square(?:{FORMAT}|{NOUN}|{ENDING})|quadratisch\w*{FORMAT}?",
    "landscape": rf"landscape{FORMAT}|horizontal\w*{FORMAT}?|(?:im )?querformat|quer{ENDING}",
    "portrait": rf"portrait{FORMAT}|vertical\w*{FORMAT}?|(?:im )?hochformat|hochkant",
    "wide": rf"wide(?:{FORMAT}|{NOUN}|{ENDING})|widescreen|panorama|panoramic|breitbild",
}
QUALITIES = {
    "high": r"(?:high|best|top|hd)[- ](?:quality|res(?:olution)?)|hd|"
    r"hoher? qualität|hochwertig\w*|hochauflösend\w*|bester? qualität",
    "medium": r"(?:medium|standard|normal)[- ]quality|(?:mittlerer?|normaler?) qualität",
    "low": r"low[- ](?:quality|res(?:olution)?)|(?:quick|rough)(?= (?:draft|sketch|drawing|image|"
    r"picture|doodle))|(?:as a )?draft|niedriger? qualität|schnelle[rns]?(?= \w*(?:skizze|bild))",
}
PIXELS = re.compile(r"\b(\d{2,5})\s?[x×]\s?(\d{2,5})(?:\s?(?:px|pixels?))?\b", re.IGNORECASE)
RATIO = re.compile(rf"\b(\d{{1,2}})\s?:\s?(\d{{1,2}})\b{FORMAT}?", re.IGNORECASE)
LEADING_IN = r"(?:,?\s*\b(?:in|as|at|im|als|mit)(?: an?| the| der| einem)?\s+)?"
STYLE = re.compile(r"\b(?:in an?|in the|in|im) ([\w -]{3,40}?)[- ]?(?:style|stil)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Wish:
    prompt: str
    n: int | None = None
    size: str = ""
    quality: str = ""
    style: str = ""

    def arguments(self) -> dict[str, Any]:
        said = {"n": self.n, "size": self.size, "quality": self.quality, "style": self.style}
        return {"prompt": self.prompt, **{name: value for name, value in said.items() if value}}


@dataclass(frozen=True)
class Token:
    word: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    found = re.finditer(r"[^\W_]+(?:['’-][^\W_]+)*", text)
    return [Token(m[0].lower().replace("’", "'"), m.start(), m.end()) for m in found]


def understand(text: str) -> Wish | None:
    """The picture a sentence asks for; its prompt is empty if the sentence does not say of what."""
    said = tokens(text)
    if not said or refuses(text) or (said[0].word in QUESTIONS and not _suggests(said)):
        return None
    wanting = False
    while said and said[0].word in OPENERS | WANTING | QUESTIONS | {"about", "wäre", "es"}:
        wanting |= said.pop(0).word in WANTING
    verb, said = _verb(said)
    if not _is_picture(verb, wanting, said):
        return None
    return wish_for(text[said[0].start : said[-1].end] if said else "", context=text)


def wish_for(subject: str, *, context: str = "") -> Wish:
    """The wish for a subject without a verb: "three logos for a bakery, square"."""
    context = context or subject
    size, subject = _size(subject)
    quality, subject = _named(subject, QUALITIES)
    style = STYLE.search(context)
    n, subject = _count(subject)
    return Wish(
        prompt=_bare_subject(subject),
        n=n,
        size=size,
        quality=quality,
        style=read(context).style or (style.group(1).lower() if style else ""),
    )


def refine(text: str, last: Wish) -> Wish | None:
    """The last picture, changed as the sentence says: "make it brighter", "noch zwei"."""
    said = tokens(text)
    if not said or said[0].word in QUESTIONS or refuses(text):
        return None
    while said and said[0].word in OPENERS | {"no", "nein"}:
        said.pop(0)
    if not said:
        return None
    referring = _referring(said)
    details = wish_for(_change(text))
    if _is_again(said):
        number = next((n for token in said if (n := _number(token.word))), None)
        details = Wish("", n=number)
    elif said[-1].word in INSTEAD:
        last = replace(last, prompt="")
    elif not (referring or said[0].word in CHANGING or _is_manner(details)):
        return None
    return Wish(
        prompt=", ".join(filter(None, (last.prompt, details.prompt))),
        n=details.n,
        size=details.size or last.size,
        quality=details.quality or last.quality,
        style=details.style or last.style,
    )


def retouches(text: str) -> bool:
    """Whether a change leaves what is drawn where it is: "brighter", "at night", "add a cat"."""
    brief = read(text)
    if editing.is_said(brief, f"{editing.ADDING} {editing.REMOVING} {editing.BACKDROP}"):
        return True
    details = wish_for(_change(text))
    if details.size or details.n or _is_again(tokens(text)):
        return False
    return not scenes.names_one(read(details.prompt)) and (
        _is_manner(details) or editing.changes_something(read(details.prompt))
    )


def picked(text: str) -> int | None:
    """Which of several is meant: "the second one" is 2, "the last" is -1."""
    for token in tokens(text):
        for number, vocabulary in ORDINALS.items():
            if is_in(token.word, vocabulary):
                return number
    return None


def refuses(text: str) -> bool:
    """ "Please don't draw anything", "kein Bild"."""
    said = [token.word for token in tokens(text)]
    for place, word in enumerate(said[:4]):
        following = said[place + 1 : place + 4]
        if word in NEVER and any(_is_asking(w) for w in (*following, *said[:place])):
            return True
        if word in NONE and any(is_in(w, PICTURE) for w in following[:2]):
            return True
        if word in DRAWING | MAKING and following and following[0] in NEVER | {"nichts", "nothing"}:
            return True
    return False


def _is_asking(word: str) -> bool:
    return word in DRAWING | MAKING or is_in(word, PICTURE)


def _suggests(said: list[Token]) -> bool:
    """ "How about a picture of …?" is no question."""
    return [token.word for token in said[:3]] == ["wie", "wäre", "es"] or (
        [token.word for token in said[:2]] in (["how", "about"], ["what", "about"])
    )


def _verb(said: list[Token]) -> tuple[str, list[Token]]:
    """The verb, which German may put last, and what it is about."""
    if said and said[0].word in DRAWING | MAKING:
        verb, *rest = said
    elif said and said[-1].word in DRAWING | MAKING:
        *rest, verb = said
    else:
        return "", said
    while rest and rest[0].word in OPENERS:
        rest = rest[1:]
    return verb.word, rest


def _is_picture(verb: str, wanting: bool, said: list[Token]) -> bool:
    subject = [token.word for token in said if token.word not in ARTICLES]
    if verb in DRAWING:
        return not (subject and subject[0] in FIGURATIVE)
    picture, text = _first(subject, PICTURE), _first(subject, TEXT)
    if verb or wanting:
        named = verb and text is None and scenes.names_one(read(" ".join(subject)))
        return bool(named) or (picture is not None and (text is None or picture < text))
    return picture is not None and picture < 4 and (subject[picture + 1 :] or [""])[0] in PLACING


def _first(subject: Iterable[str], vocabulary: str) -> int | None:
    return next((place for place, word in enumerate(subject) if is_in(word, vocabulary)), None)


def _change(text: str) -> str:
    """What is to be other: "make it brighter, please" is "brighter"."""
    said = tokens(text)
    while said and said[0].word in OPENERS | {"no", "nein"}:
        said.pop(0)
    referring = _referring(said) if said else 0
    return text[said[referring].start : said[-1].end] if said[referring:] else ""


def _referring(said: list[Token]) -> int:
    """How many words say that it is the last picture: "make it", "the second one"."""
    start = 1 if said[0].word in DRAWING | MAKING | {"turn"} else 0
    following = [token.word for token in said[start : start + 3]]
    if following and following[0] in DEFINITE:
        pointing = (place for place, w in enumerate(following) if w in NAMED or picked(w))
        named = max(pointing, default=0)
        if named:
            return start + named + 1
    if start and following and following[0] in THINGS:
        return start + 1 + (following[1:2] == ["into"])
    return 0


def _is_again(said: list[Token]) -> bool:
    """ "Two more", "noch ein Bild": the same, and nothing else."""
    return any(token.word in AGAIN for token in said) and all(
        token.word in AGAIN | ARTICLES | THINGS | OPENERS | DRAWING | MAKING | WANTING
        or _number(token.word)
        or is_in(token.word, JUST_A_PICTURE)
        for token in said
    )


def _is_manner(details: Wish) -> bool:
    """ "At night", "im Hochformat", "as a watercolour": how, and not what."""
    brief = read(details.prompt)
    moods = (brief.time, brief.season, brief.weather, brief.style, brief.colours)
    tempers = (brief.brightness, brief.warmth, brief.vividness)
    if details.prompt:
        return not brief.core and any((*moods, *tempers))
    return bool(details.size or details.quality)


def _size(text: str) -> tuple[str, str]:
    for pattern, joint in ((PIXELS, "x"), (RATIO, ":")):
        found = pattern.search(text)
        if found:
            return joint.join(found.groups()), _without(text, found.start(), found.end())
    return _named(text, SIZES)


def _named(text: str, table: dict[str, str]) -> tuple[str, str]:
    """What is named of a table, and the text without it."""
    for name, pattern in table.items():
        found = re.search(rf"{LEADING_IN}\b(?:{pattern})(?!\w)", text, re.IGNORECASE)
        if found:
            return name, _without(text, found.start(), found.end())
    return "", text


def _without(text: str, start: int, end: int) -> str:
    before = re.sub(r"\b(?:in|at|as|with|im|als|mit)(?: size)?\s*$", "", text[:start])
    return re.sub(r"\s+", " ", f"{before} {text[end:]}").strip(" ,;.!?")


def _count(text: str) -> tuple[int | None, str]:
    """A number that counts pictures. Three cats are one picture; three pictures are three."""
    said = tokens(text)
    for place, token in enumerate(said):
        number = _number(token.word)
        if number is None:
            continue
        for counted in said[place + 1 : place + 5]:
            if is_in(counted.word, PICTURE):
                rest = _without(text, _with_article(said, place), token.end)
                return number, rest.removeprefix("of ")
            if counted.word in PLACING - {"of"}:
                break
    return None, text


def _with_article(said: list[Token], place: int) -> int:
    """Where "a couple", "ein paar" or "noch zwei" begins."""
    leading = place and said[place - 1].word in ARTICLES | {"noch", "another"}
    return said[place - 1 if leading else place].start


def _number(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 5 else NUMBERS.get(word)


def _bare_subject(text: str) -> str:
    """The thing itself, without "an image of" in front and "please" behind."""
    said = tokens(text)
    while said and said[-1].word in POLITE | INSTEAD:
        said.pop()
    for place, token in enumerate(said[:4]):
        if token.word in PLACING:
            break
        if is_in(token.word, JUST_A_PICTURE):
            following = said[place + 1].word if said[place + 1 :] else ""
            if following in PLACING - {"in", "on", "at", "im", "auf", "bei"}:
                said = said[place + 2 :]
            elif following in ("einer", "eines"):
                said = said[place + 1 :]
            elif all(word.word in ARTICLES for word in said[:place]) and not following:
                said = []
            break
    if not said:
        return ""
    first = NOMINATIVE.get(said[0].word, text[said[0].start : said[0].end])
    return f"{first}{text[said[0].end : said[-1].end]}"
