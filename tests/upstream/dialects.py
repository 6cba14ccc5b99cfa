"""How chat servers say the same thing differently: each quirk of the wild by a name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.upstream import bill
from tests.upstream.messages import Refused

QUIRKS = {
    # of the calls in a stream
    "index_missing", "index_zero", "index_changed", "id_late", "id_repeated", "id_empty",
    "id_absent", "interleaved", "arguments_empty", "arguments_null", "arguments_absent",
    "arguments_object", "double_encoded", "special_tokens", "broken_json",
    "text_hermes", "text_mistral", "text_fenced", "call_lost", "streamed_tools_lost",
    # of the end
    "finish_stop", "finish_null", "ends_early", "no_done", "empty_candidate",
    "usage_missing", "usage_every_chunk", "usage_cost",
    # of what else is sent
    "prompt_filter", "comments", "error_200", "error_chunk", "error_object",
    "content_chunks", "reasoning", "reasoning_content",
    # of what it wants back
    "thought_signature", "nine_char_ids", "strict_history",
}  # fmt: skip
SIGNATURE = "c2ltdWxhdGVkLXNpZ25hdHVyZQ=="
FILTERED = {
    name: {"filtered": False, "severity": "safe"}
    for name in ("hate", "self_harm", "sexual", "violence")
}
TEXT_FORMS = {
    "text_hermes": "<tool_call>\n{}\n</tool_call>",
    "text_mistral": "[TOOL_CALLS] [{}]",
    "text_fenced": "```json\n{}\n```",
}
NINE = re.compile(r"[A-Za-z0-9]{9}", re.ASCII)


@dataclass
class Call:
    name: str
    arguments: str
    id: str = ""


@dataclass
class Step:
    text: str = ""
    calls: list[Call] = field(default_factory=list)
    thinks: str = ""
    finish: str = ""

    @property
    def tokens(self) -> int:
        said = [self.text, self.thinks, *(call.name + call.arguments for call in self.calls)]
        return bill.text_tokens("".join(said))


def whole(
    step: Step, head: dict[str, Any], quirks: set[str], usage: dict[str, Any] | None
) -> dict[str, Any]:
    """The answer in one piece."""
    if "error_object" in quirks:
        return {"object": "error", "message": "The model fell over.", "code": 500}
    step = _spoken(step, quirks)
    message: dict[str, Any] = {"role": "assistant", "content": _content(step.text, quirks)}
    if step.thinks:
        message[_thinking(quirks)] = step.thinks
    if step.calls:
        message["tool_calls"] = [
            _fragment(call, ordinal, quirks, arguments=_arguments(call, quirks))
            for ordinal, call in enumerate(step.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": _finish(step, quirks)}
    answer = {**head, "choices": [] if "empty_candidate" in quirks else [choice]}
    if usage is not None and "usage_missing" not in quirks:
        answer["usage"] = usage
    return answer


def chunks(step: Step, quirks: set[str], *, has_tools: bool) -> list[dict[str, Any]]:
    """What follows the common head of each chunk, in the order it is sent."""
    if "streamed_tools_lost" in quirks and has_tools:
        step = Step("")
    step = _spoken(step, quirks)
    made: list[dict[str, Any]] = []
    if "prompt_filter" in quirks:
        filtered = {"prompt_index": 0, "content_filter_results": FILTERED}
        made.append({"id": "", "model": "", "choices": [], "prompt_filter_results": [filtered]})
    made.append(_delta({"role": "assistant", "content": ""}))
    made += [_delta({_thinking(quirks): part}) for part in _parts(step.thinks)]
    made += [_delta({"content": _content(part, quirks)}) for part in _parts(step.text)]
    if "error_chunk" in quirks:
        error = {"code": 502, "message": "Provider disconnected"}
        return [*made, {"error": error, **_delta({"content": ""}, "error")}]
    if "error_object" in quirks:
        return [*made, {"object": "error", "message": "The model fell over.", "code": 500}]
    made += [_delta({"tool_calls": fragments}) for fragments in _fragments(step.calls, quirks)]
    if "prompt_filter" in quirks:
        late = {"index": 0, "finish_reason": None, "content_filter_offsets": {"check_offset": 0}}
        made.append({"id": "", "choices": [{**late, "content_filter_results": FILTERED}]})
    if "ends_early" in quirks:
        return made[:-1] if step.calls and len(made) > 2 else made
    if "empty_candidate" in quirks:
        return [_delta({}, "stop")]
    return [*made, _delta({}, _finish(step, quirks))]


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _parts(text: str) -> list[str]:
    """In pieces of a few letters, so that nobody counts on a piece being a word."""
    return [text[start : start + 7] for start in range(0, len(text), 7)]


def _spoken(step: Step, quirks: set[str]) -> Step:
    """The step as this server's template understands it: names for the calls, or calls as text."""
    for ordinal, call in enumerate(step.calls):
        call.id = call.id or (
            f"sim{ordinal:06d}" if "nine_char_ids" in quirks else f"call_{ordinal:04d}"
        )
    if "call_lost" in quirks:
        return Step(step.text)
    for quirk in quirks & set(TEXT_FORMS):
        said = [
            json.dumps({"name": call.name, "arguments": json.loads(call.arguments)})
            for call in step.calls
        ]
        return Step(step.text + "\n".join(TEXT_FORMS[quirk].replace("{}", one) for one in said))
    return step


def _thinking(quirks: set[str]) -> str:
    return "reasoning" if "reasoning" in quirks else "reasoning_content"


def _content(text: str, quirks: set[str]) -> Any:
    if "content_chunks" not in quirks:
        return text
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    return [thought, {"type": "text", "text": text}, {"type": "reference", "reference_ids": [1]}]


def _finish(step: Step, quirks: set[str]) -> str | None:
    if "finish_null" in quirks:
        return None
    if step.finish:
        return step.finish
    return "tool_calls" if step.calls and "finish_stop" not in quirks else "stop"


def _arguments(call: Call, quirks: set[str]) -> Any:
    text = call.arguments
    forms: dict[str, Callable[[], Any]] = {
        "arguments_empty": lambda: "",
        "arguments_null": lambda: None,
        "arguments_object": lambda: json.loads(text),
        "double_encoded": lambda: json.dumps(text),
        "special_tokens": lambda: f"{text}<|im_end|></tool_call>",
        "broken_json": lambda: text[:-1] + ", oh",
    }
    return next((make() for quirk, make in forms.items() if quirk in quirks), text)


def _fragment(call: Call, ordinal: int, quirks: set[str], *, arguments: Any = "") -> dict[str, Any]:
    """The first sight of a call; in an answer of one piece, all of it."""
    function: dict[str, Any] = {"name": call.name}
    if "arguments_absent" not in quirks:
        function["arguments"] = arguments
    fragment: dict[str, Any] = {"index": ordinal, "id": call.id, "type": "function"}
    fragment["function"] = function
    if "id_empty" in quirks:
        fragment["id"] = ""
    if quirks & {"id_absent", "id_late"}:
        del fragment["id"]
    if "thought_signature" in quirks:
        fragment["extra_content"] = {"google": {"thought_signature": SIGNATURE}}
    return fragment


def _fragments(calls: list[Call], quirks: set[str]) -> list[list[dict[str, Any]]]:
    """The list in each chunk's delta."""
    if quirks & {"index_zero", "arguments_null", "arguments_absent", "arguments_object"}:
        indexes = [0 if "index_zero" in quirks else ordinal for ordinal, _ in enumerate(calls)]
        return [
            [_fragment(call, index, quirks, arguments=_arguments(call, quirks))]
            for call, index in zip(calls, indexes, strict=True)
        ]
    queues = [_of_one(call, ordinal, quirks) for ordinal, call in enumerate(calls)]
    if "index_missing" in quirks:
        for queue in queues:
            for fragment in queue:
                del fragment["index"]
    if "interleaved" in quirks:
        longest = max(map(len, queues), default=0)
        turns = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
        return [[fragment] for fragment in turns]
    return [[fragment] for queue in queues for fragment in queue]


def _of_one(call: Call, ordinal: int, quirks: set[str]) -> list[dict[str, Any]]:
    rest = [
        {"index": ordinal, "function": {"arguments": part}}
        for part in _parts(_arguments(call, quirks))
    ]
    for fragment in rest:
        if "id_repeated" in quirks:
            fragment["id"] = call.id
        if "index_changed" in quirks:
            fragment["index"] = ordinal + 1
    if "id_late" in quirks and rest:
        rest[-1]["id"] = call.id
    return [_fragment(call, ordinal, quirks), *rest]


def check_history(call: dict[str, Any], quirks: set[str]) -> None:
    """What a server refuses in the calls it is shown again."""
    if "nine_char_ids" in quirks and not NINE.fullmatch(call["id"]):
        message = f"Tool call id was {call['id']} but must be a-z, A-Z, 0-9, with a length of 9."
        raise Refused(400, message, code="3280", type="invalid_function_call")
    if "thought_signature" in quirks:
        extra = call.get("extra_content") or {}
        if (extra.get("google") or {}).get("thought_signature") != SIGNATURE:
            message = "Function call is missing a thought_signature in functionCall parts."
            raise Refused(400, message, code="400", type="INVALID_ARGUMENT")
    if "strict_history" in quirks:
        try:
            is_object = isinstance(json.loads(call["function"]["arguments"]), dict)
        except ValueError:
            is_object = False
        if not is_object:
            raise Refused(400, "Expecting property name enclosed in double quotes", code="400")
