"""Makes pictures. Its answer has two sides: a few words for the model, the files for the person."""

from typing import Any

from assistants.context import Hands
from assistants.events import Used
from providers.shapes import ToolCall, Wish
from tale.lib.refusals import ModelMistake

MOST = 10

SCHEMA: dict[str, Any] = {
    "description": (
        "Make new pictures for the person: one-off illustrations, birthday cards, mockups, "
        "whimsical replies. Not for charts of exact data."
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
        },
        "required": ["prompt"],
    },
}


async def use(call: ToolCall, arguments: dict[str, Any], hands: Hands, key: str) -> Used:
    artifacts = await hands.make_pictures(_wish(arguments), key)
    shown = [f"picture {place}" for place, _ in enumerate(artifacts, start=1)]
    return Used(call, {"shown_to_the_person": shown}, tuple(artifacts))


def _wish(arguments: dict[str, Any]) -> Wish:
    """Lenient on types, as models are; never on how many."""
    n = arguments.get("n", 1)
    if isinstance(n, str) and n.isdecimal():
        n = int(n)
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST:
        raise ModelMistake(f"n must be a whole number from 1 to {MOST}")
    prompt = arguments.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ModelMistake("prompt must say what to draw")

    def word(name: str, default: str) -> str:
        return str(arguments.get(name) or default)

    return Wish(
        prompt=prompt,
        n=n,
        size=word("size", "auto"),
        quality=word("quality", "auto"),
        style=word("style", ""),
    )
