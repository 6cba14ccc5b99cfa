"""Calls that a small model speaks instead of making: held back until they are told apart.

A call is one only if nothing else was said, and only of a function that was offered.
"""

from __future__ import annotations

import json
import re
from typing import Any

from providers.assembling import new_call_id
from providers.shapes import ToolCall

_FORMS = {
    "<tool_call>": re.compile(r"<tool_call>(.*?)</tool_call>", re.S),
    "[TOOL_CALLS]": re.compile(r"\[TOOL_CALLS\]((?:(?!\[TOOL_CALLS\]).)*)", re.S),
    "```json": re.compile(r"```json\s(.*?)```", re.S),
}
MOST_HELD = 16 * 1024


class Overheard:
    def __init__(self, offered: set[str]) -> None:
        self._offered = offered
        self._held = ""
        self._is_prose = not offered

    def add(self, text: str) -> str:
        """What may be shown at once."""
        if self._is_prose:
            return text
        self._held += text
        start = self._held.lstrip()
        if len(start) <= MOST_HELD and any(
            start.startswith(one) or one.startswith(start) for one in _FORMS
        ):
            return ""
        self._is_prose = True
        return self._release()

    def ended(self, *, may_be_calls: bool) -> tuple[str, list[ToolCall]]:
        """The rest of the text, or the calls that it was."""
        held = self._release()
        if self._is_prose or not held.strip():
            return held, []
        calls = self._calls(held.strip()) if may_be_calls else []
        return ("", calls) if calls else (held, [])

    def _release(self) -> str:
        held, self._held = self._held, ""
        return held

    def _calls(self, text: str) -> list[ToolCall]:
        form = next((form for start, form in _FORMS.items() if text.startswith(start)), None)
        if form is None or form.sub("", text).strip():
            return []  # there is more than calls
        try:
            read = [json.loads(body) for body in form.findall(text)]
        except (ValueError, RecursionError):
            return []
        found = [one for value in read for one in (value if isinstance(value, list) else [value])]
        calls = [self._call(one) for one in found]
        return [call for call in calls if call] if all(calls) else []

    def _call(self, said: Any) -> ToolCall | None:
        if not isinstance(said, dict) or said.get("name") not in self._offered:
            return None
        arguments = said.get("arguments", said.get("parameters", {}))
        if not isinstance(arguments, dict):
            return None
        return ToolCall(new_call_id(), said["name"], json.dumps(arguments))
