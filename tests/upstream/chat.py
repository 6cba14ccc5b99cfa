"""A chat model behind an OpenAI-like endpoint: says what it was told to, in any of the dialects."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.upstream import bill, dialects
from tests.upstream.dialects import Call, Step
from tests.upstream.messages import Answer, Refused, Request, event
from tests.upstream.rules import gone, wrong

KNOWN = {
    "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream",
    "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "stop",
    "seed", "user", "safety_identifier", "metadata", "store", "response_format",
    "reasoning_effort", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs",
    "service_tier", "prompt_cache_key", "modalities", "verbosity",
}  # fmt: skip
PICTURE_TOKENS = 765
ABOUT = 80


@dataclass
class Chat:
    """What it says next; with nothing scripted it repeats what it heard."""

    steps: deque[Step] = field(default_factory=deque)
    quirks: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)  # parameters answered with a 400 naming them
    takes_s: float = 0
    wants_vision: bool = True  # False: a 400 on a picture in the question
    draws: bool = False  # unscripted, it has every wish drawn

    @property
    def quirk(self) -> str:
        return ", ".join(sorted(self.quirks))

    @quirk.setter
    def quirk(self, name: str) -> None:
        assert not name or name in dialects.QUIRKS, f"no quirk {name!r}"
        self.quirks = {name} - {""}

    def says(self, text: str, *, thinks: str = "", finish: str = "") -> None:
        self.steps.append(Step(text, thinks=thinks, finish=finish))

    def calls(
        self, name: str, arguments: dict[str, Any] | str, *, id: str = "", says: str = ""
    ) -> None:
        """Arguments as text are sent as they are, broken or not."""
        self.calls_all((name, arguments), says=says)
        if id:
            self.steps[-1].calls[0].id = id

    def calls_all(self, *calls: tuple[str, dict[str, Any] | str], says: str = "") -> None:
        """In parallel, in one step."""
        made = [
            Call(name, given if isinstance(given, str) else json.dumps(given))
            for name, given in calls
        ]
        self.steps.append(Step(says, calls=made))

    def next(self, messages: list[dict[str, Any]]) -> Step:
        if self.steps:
            return self.steps.popleft()
        if self.draws:
            return self._draw(messages)
        heard = [text for message in messages for text in _texts(message.get("content"))]
        return Step(f"You said: {heard[-1] if heard else ''}")

    def _draw(self, messages: list[dict[str, Any]]) -> Step:
        if messages[-1]["role"] == "tool":
            return Step("That is it.")
        wish = {"prompt": wished(messages), "quality": "low"}
        return Step("I draw it.", calls=[Call("image_generation", json.dumps(wish))])


def wished(messages: list[dict[str, Any]]) -> str:
    """What a person said last."""
    said = [text for each in messages if each["role"] == "user" for text in _texts(each["content"])]
    return said[-1] if said else ""


class House(Protocol):
    bill: bill.Bill
    chat: Chat
    chat_models: tuple[str, ...]


async def complete(house: House, request: Request, **given: Any) -> Answer:
    body = {**request.json, **given}
    chat = house.chat
    _check(body, house)
    if "error_200" in chat.quirks:
        return Answer.of({"error": {"code": 502, "message": "Provider returned error"}})
    step = chat.next(body["messages"])
    counts = {"text_in": _tokens_in(body), "text_out": step.tokens}
    if body.get("stream"):
        return Answer.events(_stream(house, request, body, step, counts))
    await asyncio.sleep(chat.takes_s)
    _charge(house, request, body, counts)
    usage = _told(request, body["model"], counts, chat.quirks)
    return Answer.of(dialects.whole(step, _head(request, body), chat.quirks, usage))


async def _stream(
    house: House, request: Request, body: dict[str, Any], step: Step, counts: dict[str, int]
) -> AsyncGenerator[bytes]:
    chat = house.chat
    chunks = dialects.chunks(step, chat.quirks, has_tools=bool(body.get("tools")))
    head = {**_head(request, body), "object": "chat.completion.chunk"}
    usage = _told(request, body["model"], counts, chat.quirks)
    shows_usage = (body.get("stream_options") or {}).get("include_usage")
    sent = 0
    try:
        for chunk in chunks:
            await asyncio.sleep(chat.takes_s / len(chunks))
            if "comments" in chat.quirks:
                yield b": OPENROUTER PROCESSING\n\n"
            if "usage_every_chunk" in chat.quirks:
                chunk = {**chunk, "usage": usage}
            yield event({**head, **chunk})
            sent += 1
    finally:  # who hangs up pays for what was said until then
        out = round(counts["text_out"] * sent / max(1, len(chunks)))
        _charge(house, request, body, {**counts, "text_out": out})
    if shows_usage and usage and not chat.quirks & {"usage_missing", "ends_early"}:
        yield event({**head, "choices": [], "usage": usage})
    if not chat.quirks & {"no_done", "ends_early"}:
        yield event("[DONE]")


def _head(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{request.id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
    }


def _charge(house: House, request: Request, body: dict[str, Any], counts: dict[str, int]) -> None:
    model = body["model"]
    house.bill.add(
        at=time.time(),
        request_id=request.id,
        model=model,
        about=wished(body["messages"])[:ABOUT],
        amount_micro=bill.amount_micro(model, **counts),
        **counts,
    )


def _told(
    request: Request, model: str, counts: dict[str, int], quirks: set[str]
) -> dict[str, Any] | None:
    usage = request.fault.usage(usage_of(counts))
    if usage is not None and "usage_cost" in quirks:
        usage["cost"] = bill.amount_micro(model, **counts) / 1e6
    return usage


def usage_of(counts: dict[str, int]) -> dict[str, Any]:
    return {
        "prompt_tokens": counts["text_in"],
        "completion_tokens": counts["text_out"],
        "total_tokens": counts["text_in"] + counts["text_out"],
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or [] if part.get("type") == "text"]


def _tokens_in(body: dict[str, Any]) -> int:
    told = [text for message in body["messages"] for text in _texts(message.get("content"))]
    called = [
        call["function"]["arguments"]
        for message in body["messages"]
        for call in message.get("tool_calls") or []
    ]
    offered = json.dumps(body["tools"]) if body.get("tools") else ""
    seen = sum(1 for message in body["messages"] for _ in _pictures(message))
    return bill.text_tokens("".join([*told, *called, offered])) + seen * PICTURE_TOKENS


def _pictures(message: dict[str, Any]) -> list[str]:
    content = message.get("content")
    if not isinstance(content, list):
        return []
    return [part["image_url"]["url"] for part in content if part.get("type") == "image_url"]


def _check(body: dict[str, Any], house: House) -> None:
    chat = house.chat
    for name in body:
        if name in chat.refuses:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise wrong(name, message, "unsupported_parameter")
        if name not in KNOWN:
            raise Refused(400, f"Unrecognized request argument supplied: {name}")
    if body.get("model") not in house.chat_models:
        raise gone(str(body.get("model")))
    if body["model"].startswith("gpt-5"):
        _check_reasoning_model(body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise wrong(
            "messages", "Missing required parameter: 'messages'.", "missing_required_parameter"
        )
    if "developer" in chat.refuses and any(each["role"] == "developer" for each in messages):
        raise wrong("messages[0].role", "Unexpected role 'developer'.")
    for ordinal, message in enumerate(messages):
        _check_pictures(message, ordinal, wanted=chat.wants_vision)
    _check_answers(messages, chat.quirks)


def _check_reasoning_model(body: dict[str, Any]) -> None:
    if "max_tokens" in body:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        raise wrong("max_tokens", message, "unsupported_parameter")
    if body.get("temperature", 1) != 1:
        message = "Unsupported value: 'temperature' does not support this value with this model."
        raise wrong("temperature", message, "unsupported_value")


def _check_pictures(message: dict[str, Any], ordinal: int, *, wanted: bool) -> None:
    param = f"messages[{ordinal}].content"
    for url in _pictures(message):
        if not wanted or message["role"] != "user":
            raise wrong(param, "Image input is not supported here.", "invalid_value")
        head, _, data = url.partition(",")
        try:
            base64.b64decode(data if head.startswith("data:image/") else "!", validate=True)
        except ValueError as error:
            raise wrong(param, "Invalid image_url.", "invalid_image_url") from error


def _check_answers(messages: list[dict[str, Any]], quirks: set[str]) -> None:
    """Every call answered once, right after it, and nothing answered that was not called."""
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                text = "messages with role 'tool' must be a response to a preceding message "
                raise wrong("messages", text + "with 'tool_calls'.")
            open_calls.remove(message["tool_call_id"])
            continue
        _check_answered(open_calls, quirks)
        calls = message.get("tool_calls") or []
        open_calls = [call["id"] for call in calls]
        for call in calls:
            dialects.check_history(call, quirks)
    _check_answered(open_calls, quirks)


def _check_answered(open_calls: list[str], quirks: set[str]) -> None:
    if not open_calls:
        return
    if "nine_char_ids" in quirks:
        message = "Not the same number of function calls and responses"
        raise Refused(400, message, code="3230", type="invalid_request_message_order")
    text = "An assistant message with 'tool_calls' must be followed by tool messages responding "
    raise wrong("messages", f"{text}to each 'tool_call_id': {', '.join(open_calls)}.")
