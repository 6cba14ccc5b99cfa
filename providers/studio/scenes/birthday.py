"""A birthday card: bunting, balloons, a cake, and the name in the middle."""

import re

from providers.studio import festive, lettering, paints
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas
from providers.studio.colours import Colour, darken, lighten, mix, ramp, rgb
from providers.studio.scenes import Stage

# The paper, the ink, then what is festive.
THEMES = (
    "fff3e4 7a3b57 f26d7d f9b65c 6cc0b6 8f79d6 f7d65f",
    "eaf4fb 2f4a78 ff8a73 ffc95e 5fb3e4 8fd1a8 f49ac1",
    "fdeef2 6b2f5c ec6a9c f9a8b8 b58be0 ffcf70 7fc8c4",
    "eef6ea 2f5a4c f2845c f7cb5a 6bb58a 5c9bd1 ee9bb0",
    "2b2550 fdf0d5 ff7a8a ffc861 69d2c6 a68bf0 f7e27a",
)
NIGHT = THEMES[-1]
GERMAN = "geburtstag*"
QUOTED = re.compile(r"[\"“„«](.{1,40}?)[\"”“»]")
NAME = re.compile(
    r"\b(?:for|für|an|named|called|to)\s+(\w[\w'’-]*(?:\s+(?:(?:&|and|und)\s+)?\w[\w'’-]*)?)"
)
AGE = re.compile(r"\b(\d{1,3})(?:st|nd|rd|th|\.|\s+(?:years|jahre))", re.IGNORECASE)


def draw(canvas: Canvas, brief: Brief) -> None:
    theme = NIGHT if brief.time == "night" else canvas.dice("card").choice(THEMES)
    paper, ink, *rest = ramp(theme)
    colours = _wished(brief) or tuple(rest)
    with canvas.backdrop():
        tones = (lighten(paper, 0.5), paper, mix(paper, colours[0], 0.16))
        reach = max(canvas.w, canvas.h) * 0.72
        canvas.fill(paints.radial(tones, canvas.w * 0.5, canvas.h * 0.42, reach))
    festive.confetti(canvas, colours)
    festive.bunting(canvas, colours, ink)
    festive.balloons(canvas, colours, ink)
    silent = canvas.silent
    size = min(canvas.h * 0.36, canvas.w * 0.42) * (1.35 if silent else 1.0)
    age = AGE.search(brief.text)
    stage = Stage(canvas.w / 2, canvas.h * 0.955, size)
    festive.Cake(canvas, stage, colours, age.group(1) if age and not silent else "").draw()
    if not silent:
        _greeting(canvas, brief, ink, colours[0])


def _wished(brief: Brief) -> tuple[Colour, ...]:
    pale = rgb("fff2e6")
    return tuple(mix(colour, pale, share) for colour in brief.colours for share in (0.0, 0.3))


def _greeting(canvas: Canvas, brief: Brief, ink: Colour, accent: Colour) -> None:
    lines = ["Alles Gute", "zum Geburtstag"] if brief.has(GERMAN) else ["Happy", "Birthday"]
    wide, name = canvas.w > canvas.h * 1.2, name_in(brief)
    if wide:
        lines = [" ".join(lines)]
    room, tallest = canvas.w * 0.58, canvas.h * (0.16 if wide else 0.11)
    size = min(lettering.fitting(line, room, tallest) for line in lines)
    x, y = canvas.w / 2, canvas.h * (0.3 if name else 0.34) + (size * 0.3 if wide else 0)
    for line in lines:
        canvas.write(lettering.letters(line, x, y, size, weight=0.035), ink)
        y += size * 1.08
    if name:
        size = lettering.fitting(name, room * 0.85, canvas.h * 0.125)
        y += size * 0.2
        canvas.write(lettering.letters(name, x, y, size, weight=0.055), darken(accent, 0.08))


def name_in(brief: Brief) -> str:
    """Whom the card is for: what is quoted, else what is capitalised after "for"."""
    quoted = QUOTED.search(brief.text)
    if quoted:
        name = quoted.group(1)
    else:
        called = (found.group(1).split() for found in NAME.finditer(brief.text))
        words = next((words for words in called if words[0][0].isupper()), [])
        name = " ".join(words if words and words[-1][0].isupper() else words[:1])
    return name if lettering.can_write(name) else ""
