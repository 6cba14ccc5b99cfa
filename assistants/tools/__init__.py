"""What an assistant can do. To add a tool: one module, one line here."""

import json
from typing import Any

from assistants.context import Hands
from assistants.events import Used
from assistants.tools import image_generation
from providers.shapes import ToolCall
from tale.lib.refusals import ModelMistake, Refusal

TOOLS = {"image_generation": image_generation}
NOTES = {  # for the model: what the person sees of it
    "confirmation_required": {
        "note": "Nothing failed. The person sees the price and a button: ask them for their yes."
    }
}


def schemas(hands: Hands) -> list[dict[str, Any]]:
    """In the shape chat models share; what is not offered now is not in it."""
    return [
        {"type": "function", "function": {"name": name, **tool.SCHEMA}}
        for name, tool in TOOLS.items()
        if name not in hands.offers
    ]


async def use(call: ToolCall, hands: Hands, key: str) -> Used:
    """Never raises for what a person or the model can mend: that is the tool's answer."""
    try:
        tool = TOOLS.get(call.name)
        if tool is None or call.name in hands.offers:
            raise ModelMistake(f"there is no tool {call.name}")
        used: Used = await tool.use(call, _arguments(call), hands, key)
        return used
    except ModelMistake as mistake:
        return Used(call, {"error": {"code": "invalid_value", "message": str(mistake)}})
    except Refusal as refusal:
        told = {"code": refusal.code, "message": str(refusal)} | NOTES.get(refusal.code, {})
        return Used(call, {"error": told}, refusal=refusal)


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        raise ModelMistake("the arguments are not valid JSON") from None
    if not isinstance(arguments, dict):
        raise ModelMistake("the arguments are not an object")
    return arguments
