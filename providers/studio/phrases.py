"""What Studio says, in English and German, and how it tells the two apart."""

import re
from typing import Literal

Language = Literal["en", "de"]

GERMAN = frozenset(
    "ich du er wir ihr mir mich dir dich uns der die das den dem des ein eine einen einem einer "
    "und oder aber nicht kein keine ist sind war bin bist kann kannst könntest würdest möchte "
    "bitte danke hallo guten tag morgen moin servus tschüss ja nein was wer wie wo warum mit ohne "
    "für auf aus bei von vom zu zum zur im am als noch mehr weniger mach mache zeichne male mal "
    "erstelle erzeuge generiere gestalte entwirf zeig bild bilder foto hilfe heller dunkler bunter "
    "größer kleiner wärmer kälter nochmal anders jetzt nun nachts katze berg meer haus baum wald "
    "stadt blume blumen sonnenuntergang hochformat querformat".split()
)
ENGLISH = frozenset(
    "i you he we they me my your the a an and or but not no is are was am can could would please "
    "thanks thank hello hi hey good morning yes what who how where why with without for on of from "
    "to in at as it this that more less make draw paint create generate design show picture image "
    "photo help brighter darker again now another cat mountain sea house tree city flower".split()
)

PHRASES: dict[str, dict[Language, str]] = {
    "greeting": {
        "en": "Hello! I am Studio, the built-in drawing engine of this workspace. "
        "What shall I draw?",
        "de": "Hallo! Ich bin Studio, die eingebaute Zeichenmaschine dieses Arbeitsbereichs. "
        "Was soll ich zeichnen?",
    },
    "thanks": {"en": "You are welcome.", "de": "Gern geschehen."},
    "bye": {"en": "Goodbye!", "de": "Auf Wiedersehen!"},
    "help": {
        "en": "I am Studio, a built-in drawing engine and no AI. I draw pictures: try “draw a "
        "mountain at sunset”. You can ask for several at once, for a format (square, landscape, "
        "portrait, 16:9), a quality and a style such as watercolour, and change the last picture: "
        "“make it brighter”. For conversation, an admin can connect a real model under Providers.",
        "de": "Ich bin Studio, eine eingebaute Zeichenmaschine und keine KI. Ich zeichne Bilder: "
        "probieren Sie „Zeichne einen Berg bei Sonnenuntergang“. Sie können mehrere auf einmal "
        "bestellen, ein Format (quadratisch, quer, hochkant, 16:9), eine Qualität und einen Stil "
        "wie Aquarell nennen und das letzte Bild ändern: „mach es heller“. Für Gespräche kann ein "
        "Admin unter Anbieter ein echtes Modell verbinden.",
    },
    "honest": {
        "en": "I cannot answer that: I am Studio, a built-in drawing engine and no AI. I can draw "
        "pictures, and an admin can connect a real model under Providers.",
        "de": "Das kann ich nicht beantworten: Ich bin Studio, eine eingebaute Zeichenmaschine und "
        "keine KI. Ich kann Bilder zeichnen, und ein Admin kann unter Anbieter ein echtes Modell "
        "verbinden.",
    },
    "blind": {
        "en": "I cannot look at pictures: I am Studio, a built-in drawing engine and no AI. An "
        "admin can connect a model with vision under Providers.",
        "de": "Ich kann keine Bilder ansehen: Ich bin Studio, eine eingebaute Zeichenmaschine und "
        "keine KI. Ein Admin kann unter Anbieter ein Modell verbinden, das sehen kann.",
    },
    "what": {"en": "What shall I draw?", "de": "Was soll ich zeichnen?"},
    "nothing yet": {
        "en": "There is no picture in this chat yet. What shall I draw?",
        "de": "In diesem Chat gibt es noch kein Bild. Was soll ich zeichnen?",
    },
    "no picture": {"en": "Alright, no picture.", "de": "Gut, kein Bild."},
    "done": {"en": "Here is your picture: {prompt}.", "de": "Hier ist Ihr Bild: {prompt}."},
    "done all": {
        "en": "Here are your {n} pictures: {prompt}.",
        "de": "Hier sind Ihre {n} Bilder: {prompt}.",
    },
    "changed": {
        "en": "Here it is, changed as you asked.",
        "de": "Hier ist es, geändert wie gewünscht.",
    },
    "failed": {
        "en": "I could not make the picture: {reason}",
        "de": "Das Bild ist nicht entstanden: {reason}",
    },
    "yes first": {
        "en": "I have not made it yet, for it needs your yes first. {reason}",
        "de": "Noch ist nichts entstanden, denn dafür brauche ich erst Ihr Ja. {reason}",
    },
    "stopped": {
        "en": "Alright. Shall I draw something else?",
        "de": "Gut. Etwas anderes zeichnen?",
    },
    "no reason": {"en": "something went wrong.", "de": "etwas ist schiefgegangen."},
    "unavailable": {
        "en": "Image generation is unavailable here.",
        "de": "Die Bilderzeugung ist hier nicht verfügbar.",
    },
    "unavailable because": {
        "en": "Image generation is unavailable: {reason}",
        "de": "Die Bilderzeugung ist nicht verfügbar: {reason}",
    },
}


def say(phrase: str, language: Language, **details: object) -> str:
    return PHRASES[phrase][language].format(**details)


def asks_for_a_subject(text: str) -> bool:
    """Whether Studio ended with this question, so that the answer needs no verb."""
    return text.rstrip().endswith(tuple(PHRASES["what"].values()))


def language_of(text: str) -> Language | None:
    """None where the words belong to both or neither: ask an earlier message."""
    words = re.findall(r"\w+", text.lower())
    german = sum(word in GERMAN for word in words) + 2 * bool(re.search("[äöüß]", text.lower()))
    english = sum(word in ENGLISH for word in words)
    if german == english:
        return None
    return "de" if german > english else "en"
