"""A connection as it is spoken over: whom it reaches, with which key, and what it will not hear."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from providers import verdicts
from providers.base import Connection
from providers.errors import Doubtful, ProviderFailed, Unfit
from tale.lib import http
from tale.lib.http import Reply, Unreachable

# What can be left out when a server refuses it: the answer is the same, or nearly.
OPTIONAL = frozenset(
    """stream stream_options partial_images parallel_tool_calls tool_choice temperature max_tokens
    max_completion_tokens user moderation background output_format response_format seed
    negative_prompt""".split()
)
NOT_FOR_EVER = {"background"}  # one model of a connection refuses it, the next one does not
_ALSO_KNOWN_AS = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
MOST_DROPPED = 4
FETCH_S = 60
ANSWER_BYTES = 16 * 2**20
JSON = "application/json"
EVENTS = "text/event-stream"
File = tuple[str, tuple[str, bytes, str]]


@dataclass
class Request:
    """One request, which grows leaner when the other side refuses a part of it."""

    path: str
    fields: dict[str, Any]
    files: list[File] | None = None
    most_bytes: int = ANSWER_BYTES
    dropped: set[str] = field(default_factory=set)

    def can_drop(self, name: str) -> bool:
        """Under one of its names the bound must be heard: the money set aside rests on it."""
        is_last = _ALSO_KNOWN_AS.get(name) in self.dropped
        return name in OPTIONAL and name in self.fields and not is_last

    def drop(self, name: str) -> None:
        value = self.fields.pop(name)
        self.dropped.add(name)
        if other := _ALSO_KNOWN_AS.get(name):
            self.fields[other] = value
        if name == "stream":
            self.fields.pop("stream_options", None)
            self.fields.pop("partial_images", None)

    def content(self) -> dict[str, Any]:
        if self.files is None:
            return {"json": self.fields}
        return {
            "data": {name: _as_text(value) for name, value in self.fields.items()},
            "files": self.files,
        }


@dataclass(frozen=True)
class Line:
    connection: Connection
    headers: Mapping[str, str] = field(repr=False)
    deadline_s: float

    async def listed(self, path: str) -> list[dict[str, Any]]:
        async with self._opened("GET", path, {}, ANSWER_BYTES) as reply:
            await reply.read()
            body = reply.json()
        rows = body.get("data") if isinstance(body, dict) else body  # Together sends a bare list
        if not isinstance(rows, list):
            raise Doubtful("provider_bad_reply")
        return [row for row in rows if isinstance(row, dict)]

    @asynccontextmanager
    async def listen(self, request: Request) -> AsyncIterator[Reply]:
        """A 400 is certainly not billed, so what it names is left out, once, and remembered."""
        for name in sorted(self.connection.refused):
            if request.can_drop(name):
                request.drop(name)
        async with AsyncExitStack() as stack:
            for _attempt in range(MOST_DROPPED):
                try:
                    reply = await stack.enter_async_context(self._posted(request))
                    break
                except Unfit as refused:
                    self._learn(request, refused)
            else:
                reply = await stack.enter_async_context(self._posted(request))
            yield reply

    def _learn(self, request: Request, refused: Unfit) -> None:
        name = refused.field
        if not request.can_drop(name):
            raise refused
        request.drop(name)
        if name not in NOT_FOR_EVER:
            self.connection.on_refused(name)

    @asynccontextmanager
    async def _posted(self, request: Request) -> AsyncIterator[Reply]:
        content, most_bytes = request.content(), request.most_bytes
        async with self._opened("POST", request.path, content, most_bytes) as reply:
            yield reply

    @asynccontextmanager
    async def _opened(
        self, method: str, path: str, content: dict[str, Any], most_bytes: int
    ) -> AsyncIterator[Reply]:
        base_url, request_id = self.connection.base_url, ""
        try:
            async with http.stream(
                method,
                base_url.rstrip("/") + path,
                headers={"accept": f"{JSON}, {EVENTS}", **self.headers},
                reach=http.Reach(private=self.connection.reaches_private),
                key_host=base_url,
                deadline_s=self.deadline_s,
                most_bytes=most_bytes,
                **content,
            ) as reply:
                self.connection.on_first_byte()
                request_id = verdicts.request_id(reply)
                if not 200 <= reply.status < 300:
                    await reply.read()
                    raise verdicts.of_reply(reply)
                yield reply
        except Unreachable as failure:
            failed = verdicts.of_silence(failure)
            failed.request_id = request_id
            raise failed from None
        except ProviderFailed as failed:
            failed.request_id = failed.request_id or request_id
            raise

    async def fetch(self, url: str) -> bytes:
        """A finished picture, wherever it lies. Our key stays at home, and only the provider's own
        host may be on our network."""
        base_url = self.connection.base_url
        try:
            url = urljoin(base_url, url)
            is_theirs = urlsplit(url).hostname == urlsplit(base_url).hostname
            reach = http.Reach(private=is_theirs and self.connection.reaches_private)
            reply = await http.send("GET", url, reach=reach, deadline_s=FETCH_S)
        except (Unreachable, ValueError):  # the latter of urljoin: it is no address at all
            raise Doubtful("provider_image_gone") from None
        if reply.status != 200:
            raise Doubtful("provider_image_gone")
        return reply.body


def media_type(reply: Reply) -> str:
    return str(reply.headers.get("content-type", "")).partition(";")[0].strip().lower()


async def whole(reply: Reply) -> dict[str, Any]:
    """An answer of 200 that is none was perhaps billed all the same."""
    if media_type(reply) not in (JSON, ""):
        raise Doubtful("provider_bad_reply")
    await reply.read()
    body = reply.json()
    if not isinstance(body, dict):
        raise Doubtful("provider_bad_reply")
    require_no_error(body)
    return body


def require_no_error(body: dict[str, Any]) -> None:
    """Some send a fault with a 200, or in the middle of a stream."""
    if body.get("error") or body.get("object") == "error":
        raise verdicts.of_error(verdicts.error_in(body))


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
