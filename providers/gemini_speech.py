"""Chat with Gemini: our messages in its words, and what it says in pieces.

A call carries a signature of the thoughts that led to it, and Gemini refuses a history whose calls
come back without theirs. It is kept with the call, where the OpenAI-like face of Google has it.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Iterator
from typing import Any

from providers import gemini, tokens, verdicts
from providers.assembling import new_call_id
from providers.errors import Declined, Doubtful
from providers.shapes import Capabilities, Ended, Piece, Question, Text, Thought, ToolCall, Usage
from tale.lib.http import Reply

# Google's own word for a call that another model made.
UNSIGNED = "skip_thought_signature_validator"
_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
BYTES_PER_TOKEN = 3


def asked(question: Question) -> dict[str, Any]:
    config: dict[str, Any] = {"maxOutputTokens": question.most_tokens}
    if question.temperature is not None:
        config["temperature"] = question.temperature
    body: dict[str, Any] = {"contents": _contents(question), "generationConfig": config}
    rules = [
        part
        for message in question.messages
        if message["role"] in ("system", "developer")
        for part in _parts(message.get("content"))
    ]
    if rules:
        body["systemInstruction"] = {"parts": rules}
    if question.tools:
        functions = [_function(tool["function"]) for tool in question.tools]
        body["tools"] = [{"functionDeclarations": functions}]
        if question.tool_choice:
            body["toolConfig"] = {"functionCallingConfig": _chosen(question.tool_choice)}
    return body


def _function(given: dict[str, Any]) -> dict[str, Any]:
    names = {"name": "name", "description": "description", "parameters": "parametersJsonSchema"}
    return {theirs: given[ours] for ours, theirs in names.items() if given.get(ours)}


def _chosen(tool_choice: str) -> dict[str, Any]:
    if mode := _MODES.get(tool_choice):
        return {"mode": mode}
    return {"mode": "ANY", "allowedFunctionNames": [tool_choice]}


def _contents(question: Question) -> list[dict[str, Any]]:
    """The answers of several calls are one turn of the user's."""
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for message in question.messages:
        role = "model" if message["role"] == "assistant" else "user"
        if message["role"] in ("system", "developer"):
            continue
        if message["role"] == "tool":
            parts = [_result(message, names)]
        else:
            parts = [*_parts(message.get("content")), *_calls(message, names)]
        if not parts:
            continue
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
    return contents


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}] if content else []
    return [part for one in content or () if (part := _part(one))]


def _part(one: dict[str, Any]) -> dict[str, Any]:
    if one.get("type") != "image_url":
        return {"text": one["text"]} if one.get("text") else {}
    head, _comma, data = str(one["image_url"]["url"]).partition(",")
    return {"inlineData": {"mimeType": head[len("data:") :].partition(";")[0], "data": data}}


def _calls(message: dict[str, Any], names: dict[str, str]) -> Iterator[dict[str, Any]]:
    calls = message.get("tool_calls") or ()
    signed = [_signature(call) for call in calls]
    for call, signature in zip(calls, signed, strict=True):
        names[call["id"]] = name = call["function"]["name"]
        part: dict[str, Any] = {
            "functionCall": {"name": name, "args": _arguments(call["function"])}
        }
        # Of parallel calls only the first is signed, and then the others need nothing.
        if signature or not any(signed):
            part["thoughtSignature"] = signature or UNSIGNED
        yield part


def _arguments(function: dict[str, Any]) -> dict[str, Any]:
    try:
        given = json.loads(function["arguments"])
    except ValueError:  # what a small model broke, and was told about
        given = None
    return given if isinstance(given, dict) else {}


def _signature(call: dict[str, Any]) -> str:
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) else ""


def _result(message: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    try:
        result = json.loads(message["content"])
    except ValueError:
        result = message["content"]
    response = result if isinstance(result, dict) else {"result": result}
    name = names.get(message["tool_call_id"], "unknown")
    return {"functionResponse": {"name": name, "response": response}}


class Speech:
    """One answer as it is heard."""

    def __init__(self, question: Question, before: Usage | None = None) -> None:
        """`before`: of a try that brought nothing, and is billed with this one."""
        self.question, self._before = question, before
        self._last: dict[str, Any] = {}
        self._finish = self._request_id = ""
        self._calls: list[ToolCall] = []
        self._heard_bytes = 0

    async def hear(self, reply: Reply) -> AsyncIterator[Piece]:
        self._request_id = verdicts.request_id(reply)
        async for _event, data in reply.events():
            try:
                said = json.loads(data)
            except (ValueError, RecursionError):
                said = None
            if not isinstance(said, dict):
                raise Doubtful("provider_bad_reply", request_id=self._request_id)
            self._refuse(said)
            for part in gemini.parts(said):
                for piece in self._pieces(part):
                    yield piece

    def _refuse(self, said: dict[str, Any]) -> None:
        if isinstance(error := said.get("error"), dict):
            code = error.get("code")
            failed = gemini.of_error(error, code if isinstance(code, int) else 500)
            if self._heard_bytes:  # what it said until here is billed
                raise Doubtful(request_id=self._request_id, usage=self.counted())
            raise failed
        self._finish = gemini.finish(said) or self._finish
        if "usageMetadata" in said:
            self._last = said
        if gemini.refusal(said):
            usage = self.counted() if self._heard_bytes else self._before
            raise Declined(request_id=self._request_id, usage=usage)

    def _pieces(self, part: dict[str, Any]) -> Iterator[Piece]:
        self._heard_bytes += len(json.dumps(part, ensure_ascii=False).encode("utf-8", "replace"))
        call = part.get("functionCall")
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            self._calls.append(_call(call, part))
        elif isinstance(text := part.get("text"), str) and text:
            yield Thought(text) if part.get("thought") else Text(text)

    def ended(self) -> Iterator[Piece]:
        usage = self.counted()
        if self._finish not in _REASONS:  # none: cut off; else a call that it could not write
            told = usage if self._last else None
            raise Doubtful("provider_bad_reply", request_id=self._request_id, usage=told)
        reason = _REASONS[self._finish]
        if reason == "length":  # the last call may be half a call
            yield Ended(usage, reason)
            return
        yield from self._calls
        yield Ended(usage, "tool_calls" if self._calls else reason)

    @property
    def is_void(self) -> bool:
        """It stops now and then before the first word; asked again it answers."""
        return not self._heard_bytes and self._finish == "STOP"

    def counted(self) -> Usage:
        usage = gemini.usage(self._last, request_id=self._request_id)
        if not usage.tokens_in or (self._heard_bytes and not usage.tokens_out):
            usage = self._estimated()
        return gemini.both(self._before, usage) if self._before else usage

    def _estimated(self) -> Usage:
        most = tokens.of_question(Capabilities(), self.question)
        return Usage(
            text_in=math.ceil(most.text_in / BYTES_PER_TOKEN),
            image_in=most.image_in,
            text_out=math.ceil(self._heard_bytes / BYTES_PER_TOKEN),
            is_estimate=True,
            request_id=self._request_id,
        )


def _call(call: dict[str, Any], part: dict[str, Any]) -> ToolCall:
    args = call.get("args")
    arguments = json.dumps(args if isinstance(args, dict) else {}, ensure_ascii=False)
    given = call.get("id")
    id = given if isinstance(given, str) and given else new_call_id()
    signature = part.get("thoughtSignature")
    if not isinstance(signature, str):
        return ToolCall(id, call["name"], arguments)
    signed = {"extra_content": {"google": {"thought_signature": signature}}}
    return ToolCall(id, call["name"], arguments, signed)
