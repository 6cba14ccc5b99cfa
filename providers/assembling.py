"""Tool calls out of streamed fragments, in any of the forms that servers send them in.

index missing, or 0 for every call   a new id, or a name after a whole call, opens the next
a changed index without id or name   goes on with the last call that is not whole
the id late, repeated or absent      the first one counts; at the end one is made
arguments as an object, empty, null, encoded twice, or with tokens of the model behind them
"""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass, field
from typing import Any

from providers.shapes import ToolCall

# Far more than anybody asks for; what goes on without end must not take all our time.
MOST_CALLS = 128
MOST_CHARS = 256 * 1024  # of one call's arguments; cut off they are broken, and so not run
_LETTERS = string.ascii_lowercase + string.digits


def _refuse(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)  # NaN is no JSON


def new_call_id() -> str:
    """Mistral takes nine letters and digits and nothing else; everybody else takes those too."""
    return "".join(secrets.choice(_LETTERS) for _ in range(9))


@dataclass(slots=True, eq=False)
class _Call:
    index: int | None
    id: str = ""
    name: str = ""
    text: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    _is_whole: bool = False
    _is_changed: bool = False

    def add(self, text: str) -> None:
        if len(self.text) > MOST_CHARS:
            return
        self.text += text
        # Only these can end an object, or one that was encoded again as a string.
        self._is_changed = self._is_changed or "}" in text or '"' in text

    @property
    def is_whole(self) -> bool:
        if self._is_changed and not self._is_whole:
            self._is_changed = False
            self._is_whole = _first_value(self.text) is not None
        return self._is_whole


class Assembler:
    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def add(self, fragment: Any) -> None:
        if not isinstance(fragment, dict):
            return
        function = fragment.get("function")
        function = function if isinstance(function, dict) else {}
        index = fragment.get("index")
        index = index if isinstance(index, int) else None
        id = _text(fragment.get("id"))
        name, text = _text(function.get("name")), _arguments(function.get("arguments"))
        call = self._belongs_to(index, id, name, text)
        if call is None and len(self._calls) >= MOST_CALLS:
            return
        if call is None:
            call = _Call(index)
            self._calls.append(call)
        elif id and id == call.id and call.is_whole and text.strip() == call.text.strip():
            text = ""  # the whole call, told again
        call.id = call.id or id
        call.name = call.name or name
        call.add(text)
        if isinstance(extra := fragment.get("extra_content"), dict):
            call.extra["extra_content"] = extra

    def calls(self) -> list[ToolCall]:
        taken: set[str] = set()
        made = []
        for call in self._calls:
            id = call.id if call.id and call.id not in taken else new_call_id()
            taken.add(id)
            made.append(ToolCall(id, call.name, whole(call.text), call.extra or None))
        return made

    def _belongs_to(self, index: int | None, id: str, name: str, text: str) -> _Call | None:
        """None: it opens a call of its own."""
        if id:
            same = next((call for call in reversed(self._calls) if call.id == id), None)
            if same is not None:
                return None if _is_another(same, text) else same
        near = self._near(index, name, text)
        if near is None or not name:
            # An id alone that came late, or the rest of what is not whole.
            is_new = near is not None and bool(id and near.id) and near.is_whole
            return None if is_new else near
        if id and near.id:
            return None
        if near.name and near.name != name:
            return None
        return None if near.name and near.is_whole else near

    def _near(self, index: int | None, name: str, text: str) -> _Call | None:
        """The call that the index names, unless it is whole and another one waits for its rest."""
        calls = self._calls
        last = calls[-1] if calls else None
        if index is None:
            told = last
        else:
            told = next((call for call in reversed(calls) if call.index == index), None)
            if told is None and name:
                return None
        if told is not None and (name or len(calls) == 1 or _is_behind(text) or not told.is_whole):
            return told
        unfinished = next((call for call in reversed(calls) if not call.is_whole), None)
        return unfinished or told or last


def whole(text: str) -> str:
    """The arguments as one JSON object; what is broken stays as it is, for the model to mend."""
    if text.strip() in ("", "null"):
        return "{}"
    value = _first_value(text)
    if isinstance(value, str):
        value = _first_value(value) if value.strip() else {}
    return json.dumps(value) if isinstance(value, dict) else text


def _first_value(text: str) -> dict[str, Any] | str | None:
    """The object, or the text, that it begins with: some models write tokens of theirs behind."""
    try:
        value, _end = _DECODER.raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | str) else None


def _is_another(call: _Call, text: str) -> bool:
    """The same id for two calls: some servers make it of the function's name."""
    begins = text.lstrip().startswith("{")
    return begins and call.is_whole and text.strip() != call.text.strip()


def _is_behind(text: str) -> bool:
    """What may follow a whole call and means nothing: spaces, tokens of the model."""
    return text.lstrip()[:1] in ("", "<")


def _arguments(given: Any) -> str:
    if isinstance(given, str):
        return given
    return "" if given is None else json.dumps(given)


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""
