"""What is written into a picture: names, titles, lists and numbers that the prompt gives, and
words of our own in its language."""

import re
from collections.abc import Sequence

from providers.studio import lettering
from providers.studio.brief import MOODS, Brief, is_in

QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{1,60})[\"”“»]")
CALLED = re.compile(
    r"\b(?:named|called|titled|entitled|saying|says|reading|namens|genannt|titel|title|mit dem "
    r"namen|brand|company|firma|startup|marke)\s+(?:is\s+|of\s+|for\s+)?"
    r"([A-ZÄÖÜ][\w&'’-]*(?:\s(?:&\s|and\s|und\s)?[A-ZÄÖÜ][\w&'’-]*){0,3})"
)
FOR_NAME = re.compile(r"\b(?:for|für)\s+([A-ZÄÖÜ][\w&'’-]*(?:\s(?:&\s)?[A-ZÄÖÜ][\w&'’-]*){0,3})")
# What a drawing is, as against what it is of.
MEDIUM = re.compile(
    r"\b(?:\w*diagram\w*|flow\s?charts?|charts?|graphs?|info\w*gra\w+|posters?|banners?|plakat\w*|"
    r"mock-?ups?|pages?|cards?|posts?|covers?|maps?|\w*mind\s?map|timelines?|zeitleiste|"
    r"dashboards?|apps?|website|buch\w*|einladung\w*|flyers?|sets?|logos?|invitations?|layouts?|"
    r"ablaufplan|schaubild|model|pyramide?|stack|layers|cycle|images?|illustrations?|pictures?)\b",
    re.IGNORECASE,
)
TOPIC = re.compile(
    r"\b(?:comparing|showing|about|announcing|explaining|demonstrating|featuring|promoting|titled|"
    r"of|for|on|über|zum|zur|von|für|der|des|advertising|"
    r"with)\s+(?:how\s+)?(?:(?:a|an|the|our|my|your|unser\w*|"
    r"mein\w*|ein\w*|die|der|das|den|dem)\s+)?"
    r"(.+)",
    re.IGNORECASE | re.DOTALL,
)
TOPIC_ENDS = re.compile(
    r"[.,;:!?\n(]|\s(?:with|using|including|without|no|and no|that|which|mit|ohne|from|in an? |in "
    r"the style|from)\b|\s(?:on|am)\s(?=\d|[A-Z][a-z]+\s\d)|\s[-–—]\s|\s(?=\d+[.,]?\d*\s*%)",
    re.IGNORECASE,
)
LISTED = (
    re.compile(
        r"(?::|\b(?:with|including|include|containing|steps|labels|labelled|milestones|sections|"
        r"branches|mit|mit den))\s+",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:showing|featuring|from|zeigt|layers|of|for|items|zwischen)\s+", re.IGNORECASE
    ),
)
SEPARATOR = re.compile(
    r"\s*(?:->|→|=>|;|\n|,(?!\d)|\s&\s|\s+and\s+|\s+und\s+|\s+then\s+|\s+dann\s+|\s+to\s+)\s*", re.I
)
MONTH = (
    "(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    "Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)"
)
DATED = re.compile(
    rf"\b\d{{1,2}}\.?\s{MONTH}(?:\s\d{{4}})?|\b{MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{4}})?|"
    r"\b\d{1,2}\.\d{1,2}\.(?:\d{2,4})?",
    re.IGNORECASE,
)
LISTING = re.compile(r",|;|→|->|=>|\n")
SENTENCE_ENDS = re.compile(r"[.!](?:\s|$)")
ARTICLE = re.compile(
    r"^(?:and|und|a|an|the|our|some|then|also|ein|eine|einen|einem|einer|der|die|das|den|dem)\s+",
    re.IGNORECASE,
)
NUMBER = r"[$€£]?\s?(\d+(?:[.,]\d+)*)\s?(%|percent|prozent|k|m|mio|€|\$|tsd)?"
AFTER = re.compile(rf"^(.*?\S)\s*[:=(]?\s*(?<![\w.]){NUMBER}\)?$", re.IGNORECASE)
BEFORE = re.compile(rf"^{NUMBER}\s+(?:for\s+|of\s+|für\s+)?(.+)$", re.IGNORECASE)
HEAD = re.compile(r"^.*(?:\b(?:of|in|for|with|showing|by|from|mit|von|für|pro|per)\s|:\s*)", re.I)


def say(brief: Brief, pair: str) -> str:
    """One of our own words: "Sales|Umsatz" holds the English and the German."""
    english, _, german = pair.partition("|")
    return german if german and brief.is_german else english


def quoted(brief: Brief) -> str:
    found = QUOTED.search(brief.text)
    return _written(found.group(1)) if found else ""


def name_of(brief: Brief) -> str:
    """A name given to the thing: quoted, "called Aurora", or capitalised after "for"."""
    for pattern in (CALLED, FOR_NAME):
        found = pattern.search(brief.text)
        if found and not quoted(brief):
            return _written(found.group(1).strip())
    return quoted(brief)


def topic(brief: Brief, otherwise: str = "", *, longest: int = 34) -> str:
    """What a chart or a poster is about, as a heading."""
    if said := quoted(brief):
        return said
    text = brief.text
    for medium in MEDIUM.finditer(text):
        found = TOPIC.search(text, medium.end())
        if found and found.start() - medium.end() < 24:
            heading = _heading(found.group(1), longest)
            if heading and not MEDIUM.fullmatch(heading.split()[-1] if " " not in heading else ""):
                return heading
    return otherwise


def _heading(text: str, longest: int) -> str:
    """The start of a phrase, without words of style, cut between two words."""
    ended = TOPIC_ENDS.split(text.strip(), maxsplit=1)[0]
    kept: list[str] = []
    for word in ended.split():
        if len(" ".join([*kept, word])) > longest:
            break
        kept.append(word)
    while kept and (is_in(kept[-1].lower(), MOODS) or kept[-1].lower() in DANGLING):
        kept.pop()
    heading = _written(" ".join(kept))
    return heading[:1].upper() + heading[1:]


DANGLING = frozenset(
    "a an the of for in on and or with by to style our how der die das und für von im mit".split()
)


def items(brief: Brief, *, most: int = 8, longest: int = 30) -> list[str]:
    """What the prompt lists: after "with" or a colon, two entries or more."""
    for pattern in LISTED:
        for start in pattern.finditer(brief.text):
            tail = SENTENCE_ENDS.split(brief.text[start.end() :], maxsplit=1)[0]
            first, *rest = SEPARATOR.split(tail)
            if not rest or not LISTING.search(tail) or LISTED[0].search(first):
                continue
            parts = [part for entry in (first, *rest) if (part := _entry(entry, longest))]
            if len(parts) > 1:
                return parts[:most]
    return []


def figures(brief: Brief, *, most: int = 8) -> list[tuple[str, float, str]]:
    """Labels with numbers: "Q1 10, Q2 20", "Apple: 40%", "40% Apple"."""
    text = SENTENCE_ENDS.split(brief.text)[0]
    found: list[tuple[str, float, str]] = []
    for part in SEPARATOR.split(text):
        if after := AFTER.match(part):
            label, number, unit = after.groups()
        elif before := BEFORE.match(part):
            number, unit, label = before.groups()
        else:
            continue
        label = ARTICLE.sub("", HEAD.sub("", label).strip(" :=(-"))
        if label:
            found.append((_written(label)[:22], _value(number), unit or ""))
    if len(found) < 2:
        return []
    label, value, unit = found[0]
    numbered = [re.fullmatch(r"(?:.*\s)?([A-Za-z]+\d+)", label) for label, _, _ in found]
    if " " in label and numbered[0] and all(numbered):  # "sales Q1 10, Q2 20"
        found[0] = (numbered[0].group(1), value, unit)
    return found[:most]


def _value(number: str) -> float:
    """ "1,200" is a thousand and "1,5" is not."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", number):
        return float(re.sub(r"[.,]", "", number))
    return float(number.replace(",", ".")) if number.count(",") + number.count(".") < 2 else 0.0


def _entry(part: str, longest: int) -> str:
    part = re.split(r"\s(?:in an?|in the|using|with|for|on|im|mit|für)\s|\(", part.strip())[0]
    while (bare := ARTICLE.sub("", part)) != part:
        part = bare
    part = _written(part.strip(" .:\"'“”„"))
    first = part.split(" ")[0].lower() if part else ""
    if len(part) > longest or first in ("no", "without", "ohne", "keine", "style"):
        return ""
    return part[:1].upper() + part[1:]


def _written(text: str) -> str:
    text = " ".join(text.split())
    return text if lettering.can_write(text) else ""


def wrapped(text: str, size: float, room: float, most: int = 3) -> list[str]:
    """Lines no wider than the room; what does not fit in the last line stays there."""
    lines: list[str] = []
    for word in text.split():
        if lines and (lettering.width(f"{lines[-1]} {word}", size) <= room or len(lines) == most):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def fitted(text: str, room: float, height: float, tallest: float) -> tuple[list[str], float]:
    """Lines and the largest size at which the text fits a space."""
    size = tallest
    while size > 4:
        lines = wrapped(text, size, room, most=max(1, int(height / (size * 1.2))))
        if _widest(lines, size) <= room and len(lines) * size * 1.2 <= max(height, size * 1.2):
            return lines, size
        size *= 0.92
    return [text], lettering.fitting(text, room, 4)


def _widest(lines: Sequence[str], size: float) -> float:
    return max((lettering.width(line, size) for line in lines), default=0.0)
