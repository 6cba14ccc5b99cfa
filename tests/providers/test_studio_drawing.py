"""Studio's pictures, through the one function the child calls. Beauty is for eyes; this is the
rest: exact, the same for the same wish, another for another."""

import io
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from providers.studio import scenes, styles
from providers.studio.brief import STYLES, read
from providers.studio.drawing import draw

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


def test_no_text_is_obeyed() -> None:
    silent, spoken = (
        picture(prompt, 256, 256) for prompt in ("birthday card, no text", "birthday card")
    )
    words = (70, 64, 186, 120)
    assert difference(silent.crop(words), spoken.crop(words)) > 8


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
