"""What a prompt says, as an artist would jot it down: words, colours, hour, season, weather.

A vocabulary is a line of words. Each word stands for its inflections too; a star stands for any
beginning or ending, which German compounds need ("berg*" finds "Bergsee").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from providers.studio.colours import Colour, rgb

TIMES = {
    "dawn": "dawn sunrise morning daybreak sonnenaufgang morgen* früh",
    "day": "day daylight noon midday sunny sonnig tag mittag* taghell",
    "sunset": "sunset sundown evening sonnenuntergang abend*",
    "dusk": "dusk twilight dämmer* abenddämmerung zwielicht",
    "night": "night midnight moon moonlit moonlight starry nacht* mitternacht* mond* "
    "stars sternen*",
}
SEASONS = {
    "spring": "spring springtime blossom frühling* frühjahr* kirschblüte",
    "summer": "summer* sommer*",
    "autumn": "autumn* autumnal herbst*",
    "winter": "winter* snow snowy frozen icy schnee* verschneit eisig",
}
WEATHERS = {
    "fog": "fog foggy mist misty haze hazy nebel* neblig dunst*",
    "rain": "rain rainy raining storm stormy regen* regnerisch sturm* stürmisch gewitter*",
    "snow": "snowing snowfall snowstorm blizzard schneit schneefall schneesturm",
    "cloud": "cloudy overcast wolkig bewölkt bedeckt",
    "clear": "clear cloudless klar wolkenlos",
}
COLOURS = {
    "d63c3f": "red crimson scarlet ruby rot",
    "f0862e": "orange orangefarben* ginger",
    "f5c63d": "yellow gelb",
    "4f9d5b": "green emerald grün",
    "3e7bd6": "blue azure blau",
    "28407f": "navy indigo dunkelblau marineblau",
    "7fb7e8": "skyblue hellblau",
    "7e57c2": "purple violet violett lila purpur*",
    "b79ce6": "lavender lilac lavendel* flieder*",
    "f08fb4": "pink rosa magenta",
    "8a5a3c": "brown braun chocolate",
    "2b2b33": "black schwarz",
    "f7f5f0": "white weiß weiss",
    "8d949e": "grey gray grau",
    "e0b04a": "gold golden",
    "c3c9d2": "silver silbern silber",
    "2fa8a0": "turquoise teal türkis petrol cyan",
    "e8d7b9": "beige cream creme cremefarben",
    "ff7f6b": "coral salmon koralle* lachs*",
    "9fdcc0": "mint mintgrün",
}
STYLES = {
    "watercolour": "watercolour watercolor aquarell* wasserfarbe",
    "oil": "oil impressionist impressionistic ölgemälde ölfarbe öl",
    "pencil": "pencil sketch sketched graphite charcoal bleistift* skizze skizzenhaft",
    "line art": "lineart linework outline strichzeichnung linienzeichnung",
    "comic": "comic cartoon manga anime comicstil",
    "pixel": "pixel pixelart pixelkunst",
    "flat": "flat minimalist minimal minimalistic vector minimalistisch vektor* flach",
    "vintage": "vintage sepia retro nostalgic nostalgisch",
    "photo": "photorealistic photorealism realistic photographic fotorealistisch realistisch",
    "monochrome": "monochrome grayscale greyscale noir schwarzweiß",
}
BRIGHTER = "bright light luminous hell strahlend leuchtend"
DARKER = "dark gloomy moody dramatic dunkel dunkl düster dramatisch"
WARMER = "warm warmth cosy cozy golden wärm gemütlich"
COOLER = "cold cool icy kalt kält kühl frostig"
PALER = "pastel soft muted pale serene calm gentle zart sanft ruhig blass pastell*"
RICHER = "vivid vibrant colourful colorful saturated bold lively bunt kräftig farbenfroh"
# Said in two words, meant as one.
PHRASES = {
    "golden hour": "sunset",
    "blue hour": "dusk",
    "black and white": "monochrome",
    "schwarz weiß": "monochrome",
    "sky blue": "skyblue",
    "light blue": "skyblue",
    "dark blue": "navy",
    "line art": "lineart",
    "line drawing": "lineart",
    "pixel art": "pixelart",
    "8 bit": "pixelart",
    "pop art": "comic",
    "free of text": "no text",
    "text free": "no text",
    "textless": "no text",
    "textfrei": "ohne text",
    "menschenleer": "ohne menschen",
    "white space": "whitespace",
    "flow chart": "flowchart",
    "bar chart": "barchart",
    "bar graph": "barchart",
    "column chart": "barchart",
    "pie chart": "piechart",
    "donut chart": "donut",
    "line chart": "linechart",
    "line graph": "linechart",
    "scatter plot": "scatterplot",
    "scatter chart": "scatterplot",
    "landing page": "landingpage",
    "hero image": "heroimage",
    "product card": "productcard",
    "icon set": "iconset",
    "set of icons": "iconset",
    "mind map": "mindmap",
    "floor plan": "floorplan",
    "room layout": "floorplan",
    "room plan": "floorplan",
    "seating plan": "floorplan",
    "book cover": "bookcover",
    "social media post": "socialpost",
    "instagram post": "socialpost",
    "mobile app": "mobileapp",
    "user interface": "ui",
    "open plan": "openplan",
    "sequence diagram": "sequencediagram",
    "org chart": "orgchart",
    "organization chart": "orgchart",
    "organisation chart": "orgchart",
    "greeting card": "greetingcard",
    "christmas card": "christmas greetingcard",
    "thank you card": "thanks greetingcard",
    "business card": "businesscard",
}
NEGATIONS = frozenset(
    "no without not don't avoid exclude excluding omit ohne kein keine keinen keinem keiner "
    "keinerlei nicht vermeide".split()
)
ALTERNATIVES = frozenset("or nor oder noch".split())
INCLUDING = frozenset("add include show draw use put write have zeige zeichne verwende".split())
WRITING = (
    "text word lettering letter writing caption label title typography schrift schriftzug wort "
    "wörter beschriftung buchstaben text*"
)
PEOPLE = (
    "people person human man woman men women anyone anybody leute mensch* person* mann männer frau"
)
GERMAN = (
    "ein eine einen einem einer eines der die das den dem des und mit für von vom über zum zur im "
    "auf ohne bild zeichne zeichnen erstelle erstell mach mache ist als bei unser mein "
    "*diagramm *karte geburtstag* küche büro zeit* grundriss plakat* fluss* netz*"
).split()
ARTICLES = frozenset("a an any the ein eine einen einem einer der die das den dem".split())
FILLERS = (
    "a an the of at in on with and or to for by from over under near into as is it its my make "
    "more much very add image picture photo illustration drawing painting style tone colour color "
    "ein der die das den dem des und oder mit im am auf bei von zu zum zur für als mehr bild foto "
    "illustration zeichnung stil farbe mach sehr"
)
LINKS = ("and", "und", "or", "oder")
# What a colour colours when it colours everything.
AIR = (
    "sky light glow tone hue shade palette colour color sunset sunrise dusk dawn atmosphere mood "
    "background accent himmel licht ton farbe farbton töne stimmung hintergrund akzent "
    "sonnenuntergang"
)
TABLES = (TIMES, SEASONS, WEATHERS, STYLES, COLOURS)
TEMPERS = (BRIGHTER, DARKER, WARMER, COOLER, PALER, RICHER)
MOODS = " ".join([*(names for table in TABLES for names in table.values()), *TEMPERS])


@dataclass(frozen=True)
class Brief:
    words: tuple[str, ...]
    text: str  # as written: names and quotations keep their case
    unwanted: tuple[str, ...] = ()
    time: str = ""
    season: str = ""
    weather: str = ""
    style: str = ""
    colours: tuple[Colour, ...] = ()
    brightness: int = 0
    warmth: int = 0
    vividness: int = 0

    def find(self, vocabulary: str) -> int | None:
        """Where the first word of the vocabulary stands in the prompt."""
        places = (place for place, word in enumerate(self.words) if is_in(word, vocabulary))
        return next(places, None)

    def has(self, vocabulary: str) -> bool:
        return self.find(vocabulary) is not None

    def colour_of(self, vocabulary: str, otherwise: Colour) -> Colour:
        """The colour said just before a thing: orange, for the cat of "an orange cat in a blue
        office"."""
        place = self.find(vocabulary)
        before = self.words[max(0, place - 3) : place] if place else ()
        colours = [colour for word in before if (colour := _colour(word))]
        return colours[-1] if colours else otherwise

    @property
    def mood_colours(self) -> tuple[Colour, ...]:
        """Colours of the whole picture: "in blue", "purple tones", not the blue of a blue door."""
        found: list[Colour] = []
        for place, word in enumerate(self.words):
            colour = _colour(word)
            rest = (w for w in self.words[place + 1 :] if _colour(w) is None and w not in LINKS)
            following = next(rest, "")
            if colour and (not following or is_in(following, AIR) or is_in(following, FILLERS)):
                found.append(colour)
        return tuple(dict.fromkeys(found))

    def refuses(self, vocabulary: str) -> bool:
        return any(is_in(word, vocabulary) for word in self.unwanted)

    @property
    def is_german(self) -> bool:
        """The language of what is written into the picture."""
        return any(is_in(word, " ".join(GERMAN)) for word in self.words)

    @property
    def core(self) -> str:
        """The subject alone: a prompt refined by mood ("…, at night") keeps its composition."""
        return " ".join(w for w in self.words if not is_in(w, MOODS) and not is_in(w, FILLERS))


def read(prompt: str) -> Brief:
    plain = prompt.lower().replace("-", " ").replace("’", "'")
    for phrase, word in PHRASES.items():
        plain = plain.replace(phrase, word)
    words, unwanted = _sorted(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+", plain))
    colours = dict.fromkeys(colour for word in words if (colour := _colour(word)))
    return Brief(
        words=words,
        text=prompt,
        unwanted=unwanted,
        time=_last(words, TIMES),
        season=_last(words, SEASONS),
        weather=_last(words, WEATHERS),
        style=_last(words, STYLES),
        colours=tuple(colours),
        brightness=_tally(words, BRIGHTER) - _tally(words, DARKER),
        warmth=_tally(words, WARMER) - _tally(words, COOLER),
        vividness=_tally(words, RICHER) - _tally(words, PALER),
    )


def is_in(word: str, vocabulary: str) -> bool:
    return _pattern(vocabulary).fullmatch(word) is not None


@lru_cache(maxsize=256)
def _pattern(vocabulary: str) -> re.Pattern[str]:
    entries = (re.escape(entry).replace(r"\*", r"\w*") for entry in vocabulary.split())
    return re.compile("|".join(f"{entry}(?:s|es|e|er|en|em|ere|eres|n)?" for entry in entries))


def _sorted(words: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the prompt wants, and what it refuses: "no people", "ohne einen Text oder Logos"."""
    wanted: list[str] = []
    unwanted: list[str] = []
    refusing = listing = False
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if word in NEGATIONS or (listing and _goes_on(word, following)):
            refusing, listing = True, False
        elif not refusing:
            wanted.append(word)
            listing = False
        elif word not in ARTICLES and word not in INCLUDING:
            unwanted.append(word)
            refusing, listing = False, True
    return tuple(wanted), tuple(unwanted)


def _goes_on(word: str, following: str) -> bool:
    """Whether a list of what is refused has another entry: "no text or logos"."""
    both = word in LINKS and (is_in(following, WRITING) or is_in(following, PEOPLE))
    return word in ALTERNATIVES or both


def _last(words: tuple[str, ...], table: Mapping[str, str]) -> str:
    """The last one said counts: "a sunset, but at night" is a night."""
    hits = [kind for word in words for kind, names in table.items() if is_in(word, names)]
    return hits[-1] if hits else ""


def _tally(words: tuple[str, ...], vocabulary: str) -> int:
    return sum(is_in(word, vocabulary) for word in words)


def _colour(word: str) -> Colour | None:
    codes = (code for code, names in COLOURS.items() if is_in(word, names))
    return next((rgb(code) for code in codes), None)
