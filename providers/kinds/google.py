"""Google Gemini: one route for words and pictures; a picture is a part of what it says."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from providers import gemini, gemini_pictures, portions, verdicts
from providers.base import Adapter
from providers.shapes import (
    Capabilities,
    Checked,
    Happening,
    Listed,
    Order,
)
from tale.lib import http

# Aspects, and what each measures at 1K.
_SHAPES = {
    "1:1": "1024x1024", "2:3": "848x1264", "3:2": "1264x848", "3:4": "896x1200",
    "4:3": "1200x896", "4:5": "928x1152", "5:4": "1152x928", "9:16": "768x1376",
    "16:9": "1376x768", "21:9": "1584x672",
}  # fmt: skip
_FLASH_SHAPES = {"1:4": "512x2048", "4:1": "2048x512", "1:8": "352x2928", "8:1": "2928x352"}
_FLASH_TOKENS = (("512", 747), ("1K", 1120), ("2K", 1680), ("4K", 2520))
_PRO_TOKENS = (("1K", 1120), ("2K", 1120), ("4K", 2000))
_NO_CHAT = re.compile(r"embed|tts|audio|live|aqa|veo|imagen|lyria|robotics|computer-use")
MOST_PAGES = 10


class Google(Adapter):
    default_url = "https://generativelanguage.googleapis.com/v1beta"

    def capabilities(self, model: str) -> Capabilities:
        if "image" not in model:
            return Capabilities(vision=True, context_tokens=1_048_576, output_tokens=8192)
        is_pro = "pro" in model
        shapes = _SHAPES if is_pro else _SHAPES | _FLASH_SHAPES
        tokens = _PRO_TOKENS if is_pro else _FLASH_TOKENS
        return Capabilities(
            operations=("generate", "edit"),
            aspects=tuple(shapes),
            sizes=tuple(shapes.values()),
            resolutions=tuple(name for name, _tokens in tokens),
            flat_tokens=tokens,
            qualities=(),
            pictures_per_call=1,
            most_references=14,
            reference_tokens=1120,
            typical_s=(15, 60) if is_pro else (5, 30),
            embeds_credentials=True,
        )

    def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        parts = portions.portioned(order, most=1)
        return portions.drawn(parts, partial(gemini_pictures.drawn, self._ask))

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
            _("It lists %(count)d models.") % {"count": len(listed)},
        )
        return Checked(steps, round((time.monotonic() - began) * 1000))

    async def _ask(self, method: str, path: str, **what: Any) -> http.Reply:
        where = self.connection
        try:
            reply = await http.send(
                method,
                where.base_url.rstrip("/") + path,
                headers={"x-goog-api-key": where.secret},
                reach=http.Reach(private=where.reaches_private),
                key_host=where.base_url,
                deadline_s=self.deadline_s,
                **what,
            )
        except http.Unreachable as silent:
            raise verdicts.of_silence(silent) from None
        if reply.status != 200:
            raise gemini.of_reply(reply)
        return reply


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
