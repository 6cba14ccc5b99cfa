"""Google Gemini: one route for words and pictures; a picture is a part of what it says."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from providers import gemini, gemini_pictures, gemini_speech, portions, verdicts
from providers.base import Adapter, closing
from providers.errors import NotBilled
from providers.shapes import (
    Capabilities,
    Checked,
    Happening,
    Listed,
    Order,
    Piece,
    Question,
)
from tale.lib import http

_NO_CHAT = re.compile(r"embed|tts|audio|live|aqa|veo|imagen|lyria|robotics|computer-use")
MOST_PAGES = 10


class Google(Adapter):
    default_url = "https://generativelanguage.googleapis.com/v1beta"

    def capabilities(self, model: str) -> Capabilities:
        if "image" not in model:
            return Capabilities(vision=True, context_tokens=1_048_576, output_tokens=8192)
        return gemini_pictures.capabilities(model)

    def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        parts = portions.portioned(order, most=1)
        return portions.drawn(parts, partial(gemini_pictures.drawn, self._ask))

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        body, before = gemini_speech.asked(question), None
        for is_last in (False, True):
            speech = gemini_speech.Speech(question, before)
            try:
                async with closing(self._heard(question.model, body, speech)) as heard:
                    async for piece in heard:
                        yield piece
            except NotBilled as failed:  # of a doubtful one the whole stays set aside
                failed.usage = failed.usage or before
                raise
            if is_last or not speech.is_void:
                break
            before = speech.counted()
        for piece in speech.ended():
            yield piece

    async def _heard(
        self, model: str, body: dict[str, Any], speech: gemini_speech.Speech
    ) -> AsyncIterator[Piece]:
        path = f"/models/{model}:streamGenerateContent"
        try:
            async with http.stream(
                "POST", params={"alt": "sse"}, json=body, **self._how(path)
            ) as reply:
                self.connection.on_first_byte()
                if reply.status != 200:
                    await reply.read()
                    raise gemini.of_reply(reply)
                async for piece in speech.hear(reply):
                    yield piece
        except http.Unreachable as silent:
            raise verdicts.of_silence(silent) from None

    async def models(self) -> list[Listed]:
        rows: list[Any] = []
        page: dict[str, str] = {}
        for _page in range(MOST_PAGES):
            said = gemini.body_of(
                await self._ask("GET", "/models", params={"pageSize": "1000", **page})
            )
            rows += listed if isinstance(listed := said.get("models"), list) else []
            page = {"pageToken": str(said.get("nextPageToken") or "")}
            if not page["pageToken"]:
                break
        return [_listed(row) for row in rows if isinstance(row, dict) and _is_ours(row)]

    async def check(self) -> Checked:
        began = time.monotonic()
        listed = await self.models()
        steps = (
            _("The address answered."),
            _("The key was accepted."),
            ngettext("It lists %(count)d model.", "It lists %(count)d models.", len(listed))
            % {"count": len(listed)},
        )
        return Checked(steps, round((time.monotonic() - began) * 1000))

    async def _ask(self, method: str, path: str, **what: Any) -> http.Reply:
        try:
            reply = await http.send(method, **self._how(path), **what)
        except http.Unreachable as silent:
            raise verdicts.of_silence(silent) from None
        if reply.status != 200:
            raise gemini.of_reply(reply)
        return reply

    def _how(self, path: str) -> dict[str, Any]:
        where = self.connection
        return {
            "url": where.base_url.rstrip("/") + path,
            "headers": {"x-goog-api-key": where.secret},
            "reach": http.Reach(private=where.reaches_private),
            "key_host": where.base_url,
            "deadline_s": self.deadline_s,
        }


def _is_ours(row: dict[str, Any]) -> bool:
    methods, name = row.get("supportedGenerationMethods"), str(row.get("name"))
    return "generateContent" in (methods or ()) and not _NO_CHAT.search(name)


def _listed(row: dict[str, Any]) -> Listed:
    remote_id = str(row["name"]).removeprefix("models/")
    draws = "image" in remote_id
    return Listed(
        remote_id,
        str(row.get("displayName") or remote_id),
        ("image-generation", "image-edit") if draws else ("chat", "vision"),
        row.get("inputTokenLimit"),
        row.get("outputTokenLimit"),
    )
