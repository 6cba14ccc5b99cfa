"""Studio's chat model, through the one function the provider calls."""

import json
from typing import Any

import pytest

from providers.studio.language import reply

TOOL = {
    "type": "function",
    "function": {
        "name": "image_generation",
        "parameters": {
            "properties": {name: {} for name in ("prompt", "n", "size", "quality", "style")}
        },
    },
}
MOUNTAIN = {"prompt": "a mountain at sunset", "size": "square"}


def test_who_stopped_it_is_not_told_so_again() -> None:
    error = {"code": "cancelled", "message": "Stopped. Nothing was billed."}
    talk = (user("Draw a mountain at sunset"), *drawn(MOUNTAIN, {"error": error}))
    assert "Stopped" not in said(*talk)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def drawn(arguments: dict[str, Any], result: object) -> list[dict[str, Any]]:
    function = {"name": "image_generation", "arguments": json.dumps(arguments)}
    call = {"id": "call_1", "type": "function", "function": function}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps(result)},
    ]


def pieces(*messages: dict[str, Any], tools: tuple[dict[str, Any], ...] = (TOOL,)) -> Any:
    return list(reply(list(messages), list(tools)))


def said(*messages: dict[str, Any], tools: tuple[dict[str, Any], ...] = (TOOL,)) -> str:
    found = pieces(*messages, tools=tools)
    assert not any("tool_call" in piece for piece in found)
    return "".join(piece.get("text", "") for piece in found)


def asked_for(*messages: dict[str, Any]) -> dict[str, Any]:
    calls = [piece["tool_call"] for piece in pieces(*messages) if "tool_call" in piece]
    assert len(calls) == 1
    return dict(json.loads(calls[0]["arguments"]))


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("draw a cat", {"prompt": "a cat"}),
        (
            "Create an illustration of a mountain at sunset.",
            {"prompt": "a mountain at sunset"},
        ),
        ("Generate an orange cat in an office.", {"prompt": "an orange cat in an office"}),
        ("Generate 3 variations of a logo design", {"prompt": "a logo design", "n": 3}),
        ("Create a 1024x1024 image of a landscape", {"prompt": "a landscape", "size": "1024x1024"}),
        (
            "Generate a high-quality image of a product mockup",
            {"prompt": "a product mockup", "quality": "high"},
        ),
        ("Can you please draw me a cat?", {"prompt": "a cat"}),
        ("Hi, could you paint a beach, wide?", {"prompt": "a beach", "size": "wide"}),
        ("paint a city 16:9", {"prompt": "a city", "size": "16:9"}),
        ("draw a tree in portrait format", {"prompt": "a tree", "size": "portrait"}),
        ("a picture of a house in landscape format", {"prompt": "a house", "size": "landscape"}),
        ("I need a logo for my bakery, square please", {"prompt": "a logo for my bakery"}),
        ("quick sketch of a dog", {"prompt": "sketch of a dog", "quality": "low"}),
        ("a robot illustration in flat style", {"style": "flat"}),
        ("draw a watercolor of a rose", {"style": "watercolour"}),
        ("how about a picture of a cat?", {"prompt": "a cat"}),
        ("Draw three cats", {"prompt": "three cats"}),
        ("three pictures of a robot", {"prompt": "a robot", "n": 3}),
        ("ten images of the sea", {"prompt": "the sea", "n": 10}),
        ("generate 40 images of a cat", {"prompt": "a cat", "n": 40}),
        ("create a couple of posters for a jazz festival", {"n": 2}),
        ("birthday card for Maria", {"prompt": "birthday card for Maria"}),
        ("draw a beach with no people", {"prompt": "a beach with no people"}),
        ("Zeichne einen Berg bei Sonnenuntergang", {"prompt": "ein Berg bei Sonnenuntergang"}),
        ("Kannst du mir eine Katze zeichnen?", {"prompt": "eine Katze"}),
        (
            "Male mir bitte drei Bilder von einer Katze im Büro",
            {"prompt": "eine Katze im Büro", "n": 3},
        ),
        (
            "Ich hätte gern ein Bild von einem Haus im Hochformat",
            {"prompt": "ein Haus", "size": "portrait"},
        ),
        (
            "Erstelle ein Bild einer Stadt bei Nacht, quer",
            {"prompt": "eine Stadt bei Nacht", "size": "landscape"},
        ),
        ("Erstelle ein Logo für uns in hoher Qualität", {"quality": "high"}),
        ("zehn Bilder vom Meer", {"n": 10}),
        ("Ein Aquarell von einem Baum", {"style": "watercolour"}),
    ],
)
def test_it_understands_a_picture(text: str, arguments: dict[str, Any]) -> None:
    understood = asked_for(user(text))
    assert {name: understood.get(name) for name in arguments} == arguments
    # What was not said is not sent, so that the caller's defaults hold.
    assert ("n" in understood) == ("n" in arguments)


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "thank you so much",
        "what can you do?",
        "What is the capital of France?",
        "how do I create an image?",
        "Write a poem about the sea",
        "create a list of picture books",
        "create a new team for Bob",
        "draw a conclusion from this",
        "don't draw anything",
        "no picture please",
        "Generate a SQL query for mountain data",
        "make it brighter",
        "",
        "Hallo",
        "Was kannst du?",
        "Wie spät ist es?",
        "Schreibe ein Gedicht",
        "bitte kein Bild",
        "Zeichne nichts",
    ],
)
def test_it_draws_nothing_that_was_not_asked_for(text: str) -> None:
    assert said(user(text))


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("make it brighter", {"prompt": "a mountain at sunset, brighter", "size": "square"}),
        ("Make the picture darker", {"prompt": "a mountain at sunset, darker"}),
        ("at night", {"prompt": "a mountain at sunset, at night"}),
        ("now in winter please", {"prompt": "a mountain at sunset, in winter"}),
        ("without the trees", {"prompt": "a mountain at sunset, without the trees"}),
        ("add a lake", {"prompt": "a mountain at sunset, add a lake"}),
        ("again", MOUNTAIN),
        ("two more", {**MOUNTAIN, "n": 2}),
        ("in high quality", {**MOUNTAIN, "quality": "high"}),
        ("as a watercolour", {"style": "watercolour"}),
        ("a robot instead", {"prompt": "a robot", "size": "square"}),
        ("heller", {"prompt": "a mountain at sunset, heller"}),
        ("mach es dunkler", {"prompt": "a mountain at sunset, dunkler"}),
        ("im Hochformat", {"prompt": "a mountain at sunset", "size": "portrait"}),
        ("noch zwei Bilder", {**MOUNTAIN, "n": 2}),
        ("draw a cat", {"prompt": "a cat"}),
    ],
)
def test_it_refines_the_last_picture(text: str, arguments: dict[str, Any]) -> None:
    shown = {"status": "shown to the person"}
    understood = asked_for(user("draw a mountain"), *drawn(MOUNTAIN, shown), user(text))
    assert {name: understood.get(name) for name in arguments} == arguments


@pytest.mark.parametrize("text", ["ok", "thanks!", "what is that mountain called?", "lovely"])
def test_talk_about_a_picture_is_not_a_new_one(text: str) -> None:
    assert said(user("draw a mountain"), *drawn(MOUNTAIN, {}), user(text))


def test_an_answer_to_its_own_question_needs_no_verb() -> None:
    question = {"role": "assistant", "content": said(user("draw a picture"))}
    assert asked_for(user("draw a picture"), question, user("a cat")) == {"prompt": "a cat"}


def test_it_answers_in_the_language_of_the_question() -> None:
    english, german = said(user("what can you do?")), said(user("Was kannst du?"))
    assert "no AI" in english
    assert "keine KI" in german
    assert "keine KI" in said(user("Was kannst du?"), user("xyz"))


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("Tell me a joke", ("no AI", "Providers")),
        ("Erzähl mir einen Witz", ("keine KI", "Anbieter")),
    ],
)
def test_it_says_plainly_what_it_is(text: str, marks: tuple[str, str]) -> None:
    spoken = said(user(text))
    assert all(mark in spoken for mark in marks)


def test_it_closes_with_what_was_drawn() -> None:
    closing = said(user("draw a mountain"), *drawn({"prompt": "a red fox", "n": 2}, {}))
    assert "2 pictures" in closing
    assert "a red fox" in closing


def test_it_closes_with_the_reason_of_a_failure() -> None:
    error = {"code": "budget_exceeded", "message": "The team has used its pictures for today"}
    closing = said(user("draw a mountain"), *drawn(MOUNTAIN, {"error": error}))
    assert closing.endswith("The team has used its pictures for today.")
    assert closing.count(".") == 1


def test_it_asks_for_a_yes_and_calls_that_no_failure() -> None:
    error = {"code": "confirmation_required", "message": "This costs up to 0.33 EUR."}
    closing = said(user("draw a mountain"), *drawn(MOUNTAIN, {"error": error}))
    assert "needs your yes" in closing
    assert "could not" not in closing
    assert closing.endswith("This costs up to 0.33 EUR.")


def test_a_failure_without_words_is_still_told() -> None:
    assert said(user("zeichne einen Berg"), *drawn(MOUNTAIN, {"error": {"code": "x"}}))


def test_without_the_tool_it_gives_the_callers_reason() -> None:
    system = {"role": "system", "content": "Be kind.\nimage_generation: no model is connected."}
    spoken = said(system, user("draw a cat"), tools=())
    assert spoken == "Image generation is unavailable: no model is connected."
    assert said(user("draw a cat"), tools=()) == "Image generation is unavailable here."


@pytest.mark.parametrize("name", ["image_generation", "image_generate", "generate_image"])
def test_it_calls_the_tool_by_the_name_it_was_offered(name: str) -> None:
    tool = {"type": "function", "name": name, "parameters": {"properties": {"prompt": {}}}}
    weather = {"type": "function", "function": {"name": "weather"}}
    found = pieces(user("draw 3 pictures of a cat"), tools=(weather, tool))
    call = found[0]["tool_call"]
    assert call["name"] == name
    assert json.loads(call["arguments"]) == {"prompt": "a cat"}  # it takes no n


def test_calls_of_one_chat_have_ids_of_their_own() -> None:
    first = pieces(user("draw a cat"))[0]["tool_call"]["id"]
    history = [user("draw a cat"), *drawn({"prompt": "a cat"}, {})]
    assert pieces(user("draw a cat"))[0]["tool_call"]["id"] == first
    assert pieces(*history, user("draw a cat"))[0]["tool_call"]["id"] != first


def test_it_speaks_word_by_word_and_counts_at_the_end() -> None:
    found = pieces(user("hello"))
    assert len(found) > 5
    assert all(set(piece) == {"text"} for piece in found[:-1])
    usage = found[-1]["usage"]
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] > 0
    assert pieces(user("hello" * 100))[-1]["usage"]["input_tokens"] > usage["input_tokens"]


def test_it_cannot_see_and_says_so() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
    question = {"type": "text", "text": "What is in this picture?"}
    assert "cannot look" in said({"role": "user", "content": [question, picture]})


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user"}],
        [{"role": "tool", "content": "not json"}],
        [{"role": "tool", "content": '{"error": ""}'}],
        [{"role": "assistant", "tool_calls": [{"function": {"name": "image_generation"}}]}],
        [{"role": "user", "content": "\u200b\u0000 \ud83d"}],
        [{"role": "user", "content": "zeichne " * 3000}],
    ],
)
def test_odd_conversations_still_get_an_answer(messages: list[dict[str, Any]]) -> None:
    assert "usage" in pieces(*messages)[-1]


EDITING = {
    "type": "function",
    "function": {
        "name": "image_generation",
        "parameters": {"properties": {name: {} for name in ("prompt", "n", "size", "images")}},
    },
}
SHOWN = {"images": [{"id": "art_one"}, {"id": "art_two"}, {"id": "art_three"}]}


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("make it brighter", ["art_three"]),
        ("make the second one darker", ["art_two"]),
        ("das erste bitte heller", ["art_one"]),
        ("add a cat", ["art_three"]),
        ("remove the background", ["art_three"]),
        ("make it a watercolour", ["art_three"]),
        ("two more", None),
        ("make it a dog instead", None),
        ("draw a robot", None),
        ("in landscape format", None),
    ],
)
def test_a_change_that_leaves_the_drawing_goes_to_the_picture_itself(
    text: str, images: list[str] | None
) -> None:
    told = [user("draw a mountain"), *drawn(MOUNTAIN, SHOWN), user(text)]
    calls = [
        piece["tool_call"] for piece in pieces(*told, tools=(EDITING,)) if "tool_call" in piece
    ]
    assert json.loads(calls[0]["arguments"]).get("images") == images


def test_after_a_change_the_subject_is_still_known() -> None:
    changed = drawn({"prompt": "make it brighter", "images": ["art_one"]}, SHOWN)
    told = [user("draw a mountain"), *drawn(MOUNTAIN, SHOWN), user("brighter"), *changed]
    assert said(*told, tools=(EDITING,)) == "Here it is, changed as you asked."
    more = pieces(*told, user("two more"), tools=(EDITING,))
    assert json.loads(more[0]["tool_call"]["arguments"])["prompt"] == MOUNTAIN["prompt"]
