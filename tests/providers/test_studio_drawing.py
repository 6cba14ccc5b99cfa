"""Studio's pictures, through the one function the child calls. Beauty is for eyes; this is the
rest: exact, the same for the same wish, another for another."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from providers.studio import lettering, scenes, styles, wording
from providers.studio.board import PALETTES
from providers.studio.brief import STYLES, WRITING, read
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import BLACK, WHITE, rgb
from providers.studio.drawing import DETAILS, draw
from tests import contact_sheet

PROMPTS = contact_sheet.PROMPTS

ROOT = Path(__file__).resolve().parents[2]
SCENE_PROMPTS = {
    "birthday": "a birthday card for Zoë",
    "architecture": "a three-tier architecture",
    "flowchart": "a flowchart of a login",
    "layers": "the layers of the OSI model",
    "chart": "a bar chart of sales",
    "infographic": "an infographic of a lifecycle",
    "photosynthesis": "how photosynthesis works",
    "landing": "a landing page",
    "product": "a product card",
    "iconset": "an icon set",
    "logo": "a logo",
    "poster": "an event poster",
    "mockup": "a mockup of a mobile app",
    "network": "a network diagram",
    "sequence": "a sequence diagram",
    "symbol": "a clock",
    "dog": "a dog",
    "floorplan": "a floor plan",
    "team": "a team at work",
    "posture": "ergonomic sitting posture",
    "person": "a portrait of a woman",
    "rocket": "a rocket",
    "car": "a car",
    "food": "a pizza",
    "space": "a planet in space",
    "kitchen": "a modern kitchen",
    "cat": "an orange cat",
    "robot": "a friendly robot",
    "flowers": "a bouquet of roses",
    "city": "a city at night",
    "sea": "a tropical beach",
    "mountain": "a mountain at sunset",
    "forest": "a tree in autumn",
    "landscape": "a house in the country",
    "office": "a modern office",
    "plain": "a cat",
    "abstract": "justice",
}


def picture(prompt: str, width: int = 128, height: int = 128, **options: object) -> Image.Image:
    png = draw(prompt, width, height, **{"seed": 1, **options})  # type: ignore[arg-type]
    return Image.open(io.BytesIO(png), formats=["PNG"])


def difference(first: Image.Image, second: Image.Image) -> float:
    """How far apart two pictures are on average, from 0 to 255."""
    apart = ImageChops.difference(first.convert("RGB"), second.convert("RGB"))
    return sum(ImageStat.Stat(apart).mean) / 3


def brightness(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).mean[0]


def test_every_scene_is_drawn_and_has_a_prompt_here() -> None:
    assert set(SCENE_PROMPTS) == set(scenes.SCENES)


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
def test_a_scene_fills_its_sheet(scene: str) -> None:
    prompt = SCENE_PROMPTS[scene]
    assert scene in scenes.plan(read(prompt))
    image = picture(prompt)
    assert image.size == (128, 128)
    assert image.mode == "RGB"
    fewest = 100 if scene == "logo" else 500  # a mark is not a painting
    assert len(image.getcolors(128 * 128) or ()) > fewest


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
def test_the_same_wish_gives_the_same_bytes(scene: str) -> None:
    prompt = SCENE_PROMPTS[scene]
    first = draw(prompt, 96, 96, seed=7)
    assert draw(prompt, 96, 96, seed=7) == first


def test_another_process_gives_the_same_bytes_too() -> None:
    script = (
        "import sys; from providers.studio.drawing import draw; "
        "sys.stdout.buffer.write(draw('a robot in a forest', 96, 96, seed=7))"
    )
    command = [sys.executable, "-c", script]
    elsewhere = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert elsewhere == draw("a robot in a forest", 96, 96, seed=7)


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
def test_another_seed_is_another_composition(scene: str) -> None:
    first, second = (picture(SCENE_PROMPTS[scene], seed=seed) for seed in (1, 2))
    assert difference(first, second) > 4


def test_other_words_are_another_picture() -> None:
    seen = [picture(prompt) for prompt in ("a cat", "a city", "justice", "mercy")]
    pairs = [(a, b) for place, a in enumerate(seen) for b in seen[place + 1 :]]
    assert all(difference(a, b) > 8 for a, b in pairs)


@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (64, 640), (640, 64), (97, 131), (1536, 1024), (2048, 64)]
)
def test_the_size_is_exact(width: int, height: int) -> None:
    assert picture("a mountain at sunset", width, height).size == (width, height)


@pytest.mark.parametrize(("width", "height"), [(63, 64), (64, 4097), (0, 64), (-64, 64)])
def test_a_size_out_of_range_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError):
        draw("a cat", width, height, seed=1)


@pytest.mark.parametrize("option", [{"quality": "ultra"}, {"background": "plaid"}])
def test_an_unknown_option_is_refused(option: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        picture("a cat", **option)


def test_each_quality_shows() -> None:
    low, medium, high = (
        picture("a city at night", 256, 256, quality=quality)
        for quality in ("low", "medium", "high")
    )
    assert difference(low, medium) > 2
    assert difference(medium, high) > 2
    assert difference(medium, picture("a city at night", 256, 256, quality="auto")) == 0


def test_hours_change_the_light_and_not_the_composition() -> None:
    day, night = picture("a house by day"), picture("a house at night")
    assert brightness(day) > brightness(night) + 40
    assert read("a house by day").core == read("a house by day, at night").core


@pytest.mark.parametrize(
    ("change", "brighter"), [("brighter", True), ("heller", True), ("darker", False)]
)
def test_a_refined_prompt_keeps_its_picture(change: str, brighter: bool) -> None:
    before, after = picture("a mountain at noon"), picture(f"a mountain at noon, {change}")
    assert (brightness(after) > brightness(before)) == brighter
    assert difference(before, after) < 60


@pytest.mark.parametrize("word", ["red", "blue", "green", "black"])
def test_a_colour_belongs_to_what_it_stands_before(word: str) -> None:
    def middle(prompt: str) -> Image.Image:
        return picture(prompt, 128, 128, background="transparent").crop((50, 70, 78, 100))

    assert difference(middle(f"a {word} robot"), middle("a white robot")) > 15


def test_a_transparent_picture_has_no_backdrop() -> None:
    image = picture("a robot", background="transparent")
    assert image.mode == "RGBA"
    alpha = image.getchannel("A")
    assert alpha.getpixel((2, 2)) == 0
    assert alpha.getpixel((64, 90)) == 255


@pytest.mark.parametrize("style", styles.STYLES)
def test_each_style_shows_whether_named_apart_or_in_the_prompt(style: str) -> None:
    plain = picture("a cat in an office")
    word = STYLES[style].split()[0]
    assert difference(plain, picture("a cat in an office", style=word)) > 2
    assert difference(plain, picture(f"a cat in an office, {word}")) > 2


def test_every_style_has_words() -> None:
    assert set(styles.STYLES) == set(STYLES)


@pytest.mark.parametrize(
    ("prompt", "plan"),
    [
        ("a sunset over mountains", ("mountain",)),
        ("ein Sonnenuntergang am Meer", ("sea",)),
        ("a sunset", ("sea",)),
        ("an orange cat in an office", ("office", "cat")),
        ("eine Katze am Strand", ("sea", "cat")),
        ("a robot", ("plain", "robot")),
        ("Roboter im Wald", ("forest", "robot")),
        ("a birthday card with a cat", ("birthday",)),
        ("Geburtstagskarte für Anna", ("birthday",)),
        ("Blumenstrauß", ("plain", "flowers")),
        ("eine Großstadt bei Nacht", ("city",)),
        ("a beach without a cat", ("sea",)),
        ("a diagram of our network", ("network",)),
        ("a birthday card for a robot", ("birthday",)),
        ("", ("abstract",)),
    ],
)
def test_the_words_choose_the_scenes(prompt: str, plan: tuple[str, ...]) -> None:
    assert scenes.plan(read(prompt)) == plan


WORDY = ("chart", "flowchart", "architecture", "network", "layers", "infographic", "poster", "logo")


@pytest.mark.parametrize("scene", [*WORDY, "birthday", "mockup", "landing", "floorplan", "posture"])
def test_no_text_is_obeyed(scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = SCENE_PROMPTS[scene]
    spoken = picture(prompt, 256, 256)
    monkeypatch.setattr(Canvas, "paint", _refusing_letters(Canvas.paint))
    assert difference(picture(f"{prompt}, no text", 256, 256), spoken) > 0.3
    canvas = Canvas(64, 64, detail=DETAILS["low"], seed="1", silent=True)
    canvas.fill(WHITE)
    canvas.write(lettering.letters("Wort", 500, 500, 300), BLACK)
    assert canvas.sign(canvas.image, styles.as_it_is).getextrema() == ((255, 255),) * 3


def _refusing_letters(paint: Callable[..., None]) -> Callable[..., None]:
    """Letters may be written, never painted: what is painted is not silenced."""

    def checked(canvas: Canvas, stencil: Stencil, *args: object, **options: object) -> None:
        if canvas.silent:
            assert type(stencil) is Stencil, "letters painted on a silent sheet"
        paint(canvas, stencil, *args, **options)

    return checked


@pytest.mark.parametrize(
    ("prompt", "plan"),
    [
        ("a team in an office, no people", ("office",)),
        ("an office without people or text", ("office",)),
        ("ein Büro ohne Menschen", ("office",)),
        ("a forest, no text and no people", ("forest",)),
        ("a menschenleer office", ("office",)),
    ],
)
def test_no_people_is_obeyed(prompt: str, plan: tuple[str, ...]) -> None:
    assert scenes.plan(read(prompt)) == plan


@pytest.mark.parametrize(
    ("prompt", "silent"),
    [
        ("a chart without any text", True),
        ("a poster, don\u2019t add text", True),
        ("text-free banner", True),
        ("ein Plakat ohne Text", True),
        ("no people or lettering", True),
        ("a poster with text", False),
        ("no cat, some text", False),
    ],
)
def test_what_is_refused_is_read(prompt: str, silent: bool) -> None:
    assert read(prompt).refuses(WRITING) == silent


@pytest.mark.parametrize("asked", json.loads(PROMPTS.read_text()), ids=lambda a: a["prompt"])
def test_what_the_documents_ask_for_has_a_scene(asked: dict[str, Any]) -> None:
    assert scenes.plan(read(asked["prompt"])) == tuple(asked["scenes"])
    assert "abstract" not in asked["scenes"]


def test_the_documentation_lists_every_prompt_of_its_sheet() -> None:
    page = (ROOT / "docs" / "studio.md").read_text()
    missing = [p for p in contact_sheet.prompts() if p not in page]
    assert missing == []
    with Image.open(ROOT / "docs" / "studio-sheet.webp") as shown:
        assert shown.size == contact_sheet.size(len(contact_sheet.prompts()))


def test_a_chart_shows_the_numbers_of_its_prompt() -> None:
    brief = read("Chart: sales Q1 10, Q2 20, Q3 35.5 and Q4 1,200")
    assert [(label, value) for label, value, _ in wording.figures(brief)] == [
        ("Q1", 10),
        ("Q2", 20),
        ("Q3", 35.5),
        ("Q4", 1200),
    ]
    assert wording.figures(read("donut: Apple 40%, 60% Samsung")) == [
        ("Apple", 40, "%"),
        ("Samsung", 60, "%"),
    ]
    low = picture("bar chart: a 10, b 90", 256, 256)
    assert difference(low, picture("bar chart: a 90, b 10", 256, 256)) > 2


@pytest.mark.parametrize(
    ("prompt", "topic"),
    [
        ("Generate a bar chart comparing quarterly sales for 2024", "Quarterly sales for 2024"),
        ("a poster for a jazz festival on 12 June 2027, in blue", "Jazz festival"),
        ("Balkendiagramm über Besucher pro Monat", "Besucher pro Monat"),
        ('a banner saying "We are open"', "We are open"),
        ("a chart", ""),
    ],
)
def test_the_heading_is_what_the_prompt_is_about(prompt: str, topic: str) -> None:
    assert wording.topic(read(prompt)) == topic


def test_what_the_prompt_lists_becomes_the_labels() -> None:
    assert wording.items(read("a mind map with goals, a team and our budget")) == [
        "Goals",
        "Team",
        "Budget",
    ]
    assert wording.items(read("Flussdiagramm: Prüfen -> Genehmigt? -> Ablegen")) == [
        "Prüfen",
        "Genehmigt?",
        "Ablegen",
    ]
    assert wording.items(read("a chart of sales")) == []


@pytest.mark.parametrize("scene", ["logo", "iconset", "rocket", "car", "person", "food"])
def test_a_subject_stands_free_on_a_transparent_ground(scene: str) -> None:
    alpha = picture(SCENE_PROMPTS[scene], background="transparent").getchannel("A")
    assert alpha.getpixel((2, 2)) == 0
    assert alpha.getextrema() == (0, 255)


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
@pytest.mark.parametrize(("width", "height"), [(640, 64), (64, 640)])
def test_every_scene_takes_the_oddest_size(scene: str, width: int, height: int) -> None:
    assert picture(SCENE_PROMPTS[scene], width, height, quality="low").size == (width, height)


@pytest.mark.parametrize("scene", ["kitchen", "team", "chart", "poster", "car"])
def test_each_quality_shows_in_every_kind_of_scene(scene: str) -> None:
    low, medium, high = (
        picture(SCENE_PROMPTS[scene], 256, 256, quality=quality)
        for quality in ("low", "medium", "high")
    )
    deeper = 4 if scene in ("kitchen", "car") else 1.5  # light and shade, where there is a place
    assert difference(low, medium) > 1.5
    assert difference(medium, high) > deeper


@pytest.mark.parametrize("prompt", ["a house, watercolour", "a cat in a city", "a team at work"])
def test_a_large_picture_costs_little(prompt: str) -> None:
    """Half a second on one core, measured at 0.4; the limit here forgives a slow machine."""
    started = time.process_time()
    draw(prompt, 1024, 1024, seed=1, quality="medium")
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("style", ["watercolour", "oil", "pixel", "pencil"])
def test_letters_stay_sharp_in_every_style(style: str) -> None:
    """The heading is in its very ink: no filter has been over it."""
    image = picture("the OSI layers", 512, 512, style=style).crop((160, 10, 360, 60))
    ink = styles.STYLES[style].ink(rgb(PALETTES[0].split()[2]))
    counted = {colour: count for count, colour in image.getcolors(200 * 50) or ()}
    assert counted.get(ink, 0) > 400


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a birthday card for Maria", "Maria"),
        ("Geburtstagskarte für Jürgen Müller", "Jürgen Müller"),
        ('a birthday card saying "Tom & Ann"', "Tom & Ann"),
        ("a birthday card for my sister", ""),
        ("a birthday card for Łukasz", "Łukasz"),
        ("a birthday card for Мария", ""),  # the letters Studio has are Latin
    ],
)
def test_the_card_bears_the_name(prompt: str, name: str) -> None:
    birthday = import_module("providers.studio.scenes.birthday")
    assert birthday.name_in(read(prompt)) == name


@pytest.mark.parametrize(
    "prompt", ["", " ", "😀", "\u0000\ud83d", "x" * 5000, "cat " * 1000, "‮evil", "<b>&amp;</b>"]
)
def test_odd_prompts_are_drawn_all_the_same(prompt: str) -> None:
    assert picture(prompt, 64, 64).size == (64, 64)
