"""Chat completions of the OpenAI family: what is said, in pieces, and what it took.

Servers differ in nearly everything (integrations, B2). What holds for all of them here: a stream
that does not say why it ended did not end, a call is run only when it is whole, and counts that
are missing are made here and marked as an estimate.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from providers import verdicts
from providers.assembling import Assembler
from providers.errors import Declined, Doubtful, NotBilled
from providers.imagery import MOST_COUNT, count
from providers.line import EVENTS, Line, Request, media_type, require_no_error, whole
from providers.shapes import Ended, Piece, Question, Text, Thought, Usage
from providers.utterances import Overheard
from tale.lib.http import Unreachable

BYTES_PER_TOKEN = 3  # fewer than any tokenizer needs for prose: what is counted here is no less
FRAME_TOKENS = 16
PICTURE_TOKENS = 1500
LAST_BYTES_S = 0.2
_REASONS = {
    "function_call": "tool_calls",
    "max_tokens": "length",
    "eos": "stop",
    "end_turn": "stop",
}


async def said(line: Line, request: Request, question: Question) -> AsyncIterator[Piece]:
    before = None
    for is_last in (False, True):
        speech = Speech(question, before)
        async with line.listen(request) as reply:
            speech.request_id = verdicts.request_id(reply)
            if media_type(reply) == EVENTS:
                events = reply.events()
                async for _event, data in events:
                    if data.strip() == "[DONE]":
                        await _drained(events)
                        break
                    for piece in speech.hear(_read(data)):
                        yield piece
            else:
                for piece in speech.hear(await whole(reply)):
                    yield piece
        if is_last or not speech.is_void:
            break
        before = speech.counted()
    for piece in speech.ended():
        yield piece


async def _drained(events: AsyncIterator[Any]) -> None:
    """A stream read to its end leaves its connection to the next call, which saves a handshake."""
    with suppress(TimeoutError, Unreachable):
        async with asyncio.timeout(LAST_BYTES_S):
            async for _event in events:
                pass


def _read(data: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Doubtful("provider_bad_reply") from None


class Speech:
    """One answer as it is heard."""

    def __init__(self, question: Question, before: Usage | None = None) -> None:
        """`before`: of a try that brought nothing, and is billed with this one."""
        self.question, self._before = question, before
        self.request_id = ""
        self.reason = ""
        self._calls = Assembler()
        offered = {str(tool.get("function", {}).get("name")) for tool in question.tools}
        self._text = Overheard(offered)
        self._usage: dict[str, Any] = {}
        self._heard_bytes = 0

    def hear(self, chunk: Any) -> Iterator[Piece]:
        if not isinstance(chunk, dict):
            raise Doubtful("provider_bad_reply")
        self._refuse_errors(chunk)
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = usage
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        if isinstance(finish := choice.get("finish_reason"), str):
            self.reason = _REASONS.get(finish.lower(), finish.lower())
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            yield from self._delta(delta)

    def _refuse_errors(self, chunk: dict[str, Any]) -> None:
        try:
            require_no_error(chunk)
        except Declined as declined:
            declined.usage = self.counted() if self._heard_bytes else None
            raise
        except NotBilled as failed:
            if self._heard_bytes:  # what it said until here is billed
                raise Doubtful(request_id=self.request_id, usage=self.counted()) from failed
            raise

    def _delta(self, delta: dict[str, Any]) -> Iterator[Piece]:
        for thought in _thoughts(delta):
            self._heard_bytes += len(thought.encode("utf-8", "replace"))
            yield Thought(thought)
        for kind, text in _flattened(delta.get("content")):
            self._heard_bytes += len(text.encode("utf-8", "replace"))
            if kind is Thought:
                yield Thought(text)
            elif shown := self._text.add(text):
                yield Text(shown)
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._heard_bytes += len(refusal.encode("utf-8", "replace"))
            yield Text(refusal)
        calls = delta.get("tool_calls")
        for fragment in calls if isinstance(calls, list) else [calls]:
            self._add(fragment)
        if isinstance(old := delta.get("function_call"), dict):
            self._add({"function": old})

    def _add(self, fragment: Any) -> None:
        self._calls.add(fragment)
        if isinstance(fragment, dict):
            self._heard_bytes += len(json.dumps(fragment.get("function") or ""))

    def ended(self) -> Iterator[Piece]:
        usage = self.counted()
        if not self.reason or self.reason == "error":
            told = usage if self._usage else None
            raise Doubtful("provider_bad_reply", request_id=self.request_id, usage=told)
        if self.reason == "content_filter":
            raise Declined(request_id=self.request_id, usage=usage)
        calls = self._calls.calls()
        rest, spoken = self._text.ended(may_be_calls=not calls)
        if rest:
            yield Text(rest)
        calls = calls or spoken
        yield from calls
        is_called = calls and self.reason != "length"
        yield Ended(usage, "tool_calls" if is_called else self.reason)

    @property
    def is_void(self) -> bool:
        """Gemini now and then stops before the first token; asked again it answers."""
        is_silent = not self._heard_bytes and not count(self._usage, "completion_tokens")
        return is_silent and self.reason == "stop"

    def counted(self) -> Usage:
        told, question = self._usage, self.question
        tokens_in, tokens_out = count(told, "prompt_tokens"), count(told, "completion_tokens")
        is_told = tokens_in > 0 and (tokens_out > 0 or not self._heard_bytes)
        details = told.get("prompt_tokens_details")
        cached = count(details, "cached_tokens") if isinstance(details, dict) else 0
        usage = Usage(
            text_in=tokens_in or _estimated(question),
            text_out=tokens_out or math.ceil(self._heard_bytes / BYTES_PER_TOKEN),
            cached_in=min(cached, tokens_in),
            is_estimate=not is_told,
            request_id=self.request_id,
        )
        cost = told.get("cost")  # OpenRouter's, in dollars
        if isinstance(cost, int | float) and 0 < cost < MOST_COUNT:
            usage = replace(usage, told_micro=math.ceil(cost * 1_000_000), told_currency="USD")
        return _both(self._before, usage) if self._before else usage


def _both(first: Usage, second: Usage) -> Usage:
    is_told = first.told_micro is not None and second.told_micro is not None
    return replace(
        second,
        text_in=first.text_in + second.text_in,
        cached_in=first.cached_in + second.cached_in,
        text_out=first.text_out + second.text_out,
        told_micro=(first.told_micro or 0) + (second.told_micro or 0) if is_told else None,
        is_estimate=first.is_estimate or second.is_estimate,
    )


def _thoughts(delta: dict[str, Any]) -> Iterator[str]:
    """Under the first name that is there: some send the same thing under two."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := delta.get(name), str) and text:
            yield text
            return


def _flattened(content: Any) -> Iterator[tuple[type, str]]:
    """Mistral sends a list of chunks by type; references and files are nothing to read out."""
    if isinstance(content, str):
        yield Text, content
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict):
            continue
        if part.get("type") == "thinking":
            inner = part.get("thinking")
            yield from ((Thought, text) for _, text in _flattened(inner))
        elif isinstance(text := part.get("text"), str):
            yield Text, text


def _estimated(question: Question) -> int:
    said, pictures = json.dumps(list(question.tools)), 0
    for message in question.messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else [content]:
            is_text = isinstance(part, str) or (isinstance(part, dict) and part.get("text"))
            pictures += part is not None and not is_text
            said += str(part.get("text") if isinstance(part, dict) else part) if is_text else ""
        said += json.dumps(message.get("tool_calls") or "")
    frames = FRAME_TOKENS * (len(question.messages) + len(question.tools))
    prose = math.ceil(len(said.encode("utf-8", "replace")) / BYTES_PER_TOKEN)
    return prose + frames + pictures * PICTURE_TOKENS
