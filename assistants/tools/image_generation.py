"""Makes pictures. Its answer has two sides: a few words for the model, the files for the person."""

from typing import Any

from assistants.context import Hands
from assistants.events import Used
from providers.shapes import ToolCall, Wish
from tale.lib.refusals import ModelMistake
from tale.lib.strict import is_blank

MOST, MOST_SOURCES = 10, 16

SCHEMA: dict[str, Any] = {
    "description": (
        "Make new pictures for the person, or change ones they have: illustrations, birthday "
        "cards, mockups, whimsical replies. Not for charts of exact data."
    ),
    "parameters": {
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "description": "What to draw, in full sentences."},
            "n": {"type": "integer", "minimum": 1, "maximum": MOST, "default": 1},
            "size": {
                "type": "string",
                "description": "auto, WIDTHxHEIGHT, an aspect such as 16:9, or square, "
                "landscape, portrait, wide, tall.",
            },
            "quality": {"type": "string", "enum": ["auto", "low", "medium", "high"]},
            "style": {"type": "string", "description": "Such as watercolour."},
            "background": {"type": "string", "enum": ["auto", "opaque", "transparent"]},
            "alt": {
                "type": "string",
                "description": "What the picture will show, in one sentence for people who "
                "cannot see it.",
            },
            "variation": {
                "type": "boolean",
                "description": "True to draw the same wish once more. Without it, the same wish "
                "brings the pictures that were made of it a moment ago, unpaid.",
            },
            "images": {
                "type": "array",
                "items": {"type": "string"},
                "maxItems": MOST_SOURCES,
                "description": "Ids of pictures of this chat to change. Without it, new ones.",
            },
        },
        "required": ["prompt"],
    },
}


async def use(call: ToolCall, arguments: dict[str, Any], hands: Hands, key: str) -> Used:
    made = await hands.make_pictures(_wish(arguments), key, _sources(arguments))
    shown = [{"id": row.pk, "width": row.width, "height": row.height} for row in made]
    adjusted = made[0].parameters.get("adjustments", []) if made else []
    result = {"status": "shown to the person", "images": shown, "adjusted": adjusted}
    is_again = bool(made) and made[0].job is not None and made[0].job.idempotency_key != key
    if is_again:
        result["status"] = "already made: the same pictures as before are shown, nothing was paid"
        result["for_others"] = "call again with variation: true"
    return Used(call, result, tuple(made), is_again=is_again)


def _sources(arguments: dict[str, Any]) -> list[str]:
    named = arguments.get("images") or []
    if isinstance(named, str):
        named = [named]
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise ModelMistake("images must be a list of ids")
    if len(named) > MOST_SOURCES:
        raise ModelMistake(f"images names at most {MOST_SOURCES}")
    return named


def _wish(arguments: dict[str, Any]) -> Wish:
    """Lenient on types, as models are; never on how many."""
    n = arguments.get("n", 1)
    if isinstance(n, str) and n.isdecimal():
        n = int(n)
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST:
        raise ModelMistake(f"n must be a whole number from 1 to {MOST}")
    prompt = arguments.get("prompt")
    if not isinstance(prompt, str) or is_blank(prompt):
        raise ModelMistake("prompt must say what to draw")

    def word(name: str, default: str) -> str:
        return str(arguments.get(name) or default)

    return Wish(
        prompt=prompt,
        n=n,
        size=word("size", "auto"),
        quality=word("quality", "auto"),
        style=word("style", ""),
        background=word("background", "auto"),
        alt=word("alt", "").strip(),
        variation=arguments.get("variation") is True,
    )
