"""The agent loop: ask the model, use the tools it asks for, until it has answered.

It yields events and knows no database; whoever consumes it writes down what happened.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from assistants import tools
from assistants.context import Hands
from assistants.events import Event, Said, Stepped
from providers.shapes import Text, ToolCall
from tale.lib.refusals import Refusal

MOST_STEPS = 8


async def run(
    *, history: list[dict[str, Any]], hands: Hands, reference: str, steps: int = 0
) -> AsyncIterator[Event]:
    """`history` is what the model is told, and grows with what it says and learns. A continued
    turn comes with its `steps` so far in it, and begins with the tools the last one asked for."""
    calls = _unanswered(history)
    if steps and not calls and history[-1]["role"] == "assistant":
        return
    while True:
        for call in calls:
            used = await tools.use(call, hands, f"{reference}:{steps}:{call.id}")
            yield used
            history.append(told(call.id, used.for_model))
        if steps >= MOST_STEPS:
            raise Refusal("out_of_range", _("The assistant took too many steps."), most=MOST_STEPS)
        said = Step()
        async for piece in hands.answer(history, tools.schemas(hands)):
            if isinstance(piece, Text):
                said.text += piece.text
                yield Said(piece.text)
            elif isinstance(piece, ToolCall):
                said.calls.append(piece)
        yield Stepped(said.text, tuple(said.calls))
        history.append(spoken(said.text, said.calls))
        calls, steps = said.calls, steps + 1
        if not calls:
            return


class Step:
    def __init__(self) -> None:
        self.text = ""
        self.calls: list[ToolCall] = []


def spoken(text: str, calls: list[ToolCall]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **(call.extra or {}),
            }
            for call in calls
        ]
    return message


def told(call_id: str, result: dict[str, Any]) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": json.dumps(result)}


def _unanswered(history: list[dict[str, Any]]) -> list[ToolCall]:
    """What the last step asked for and nobody did: the worker died in between."""
    answered: set[str] = set()
    for message in reversed(history):
        if message["role"] == "tool":
            answered.add(message["tool_call_id"])
            continue
        asked = message.get("tool_calls", ()) if message["role"] == "assistant" else ()
        return [
            ToolCall(
                call["id"],
                call["function"]["name"],
                call["function"]["arguments"],
                {name: call[name] for name in call.keys() - {"id", "type", "function"}} or None,
            )
            for call in asked
            if call["id"] not in answered
        ]
    return []
