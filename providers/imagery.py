"""The Images API of the OpenAI family: one call, whole or with previews, and what came of it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image

from providers import incoming, verdicts
from providers.errors import Doubtful, ProviderFailed
from providers.line import EVENTS, File, Line, Request, media_type, require_no_error, whole
from providers.shapes import Adjustment, Finished, Happening, Order, Partial, Picture, Usage

SLACK_BYTES = 8 * 2**20
MOST_COUNT = 50_000_000  # of tokens in one call; more is no number to bill by
# What is left out when it is refused, as the wish calls it.
_WISHED = {"background": "background", "output_format": "format", "negative_prompt": "negative"}


async def drawn(line: Line, request: Request, order: Order) -> AsyncIterator[Happening]:
    """Of one call: previews as they come, then its pictures."""
    plan = order.plan
    each = plan.width * plan.height * 4 * 4 // 3  # as if nothing could be packed, in base64
    request.most_bytes = SLACK_BYTES + each * (plan.n + order.partials)
    result = _Result(line, asked=plan.n)
    asked = dict(request.fields)
    if order.references:
        request.files = await _attached(order)
    async with line.listen(request) as reply:
        result.request_id = verdicts.request_id(reply)
        if media_type(reply) == EVENTS:
            async for event, data in reply.events():
                if (partial := await result.hear(event, data)) is not None:
                    yield partial
                if result.is_whole:
                    break
        else:
            body = await whole(reply)
            result.usage = body.get("usage")
            items = body.get("data")
            for item in items if isinstance(items, list) else ():
                await result.take(item)
    yield result.finished(tuple(_left_out(asked, request.dropped)))


def _left_out(asked: dict[str, Any], dropped: set[str]) -> list[Adjustment]:
    why = _("The provider refused this for the model.")
    return [
        Adjustment(wished, str(asked[name]), "", why)
        for name, wished in _WISHED.items()
        if name in dropped and asked.get(name)
    ]


@dataclass
class _Result:
    line: Line
    asked: int
    request_id: str = ""
    usage: Any = None
    told: int = 0  # pictures it speaks of, and bills
    pictures: list[Picture] = field(default_factory=list)
    revised_prompt: str = ""
    missing: str = ""

    @property
    def is_whole(self) -> bool:
        return self.told >= self.asked

    async def hear(self, event: str, data: str) -> Partial | None:
        if data == "[DONE]":
            return None
        try:
            said = json.loads(data)
        except (ValueError, RecursionError):
            raise Doubtful("provider_bad_reply") from None
        if not isinstance(said, dict):
            raise Doubtful("provider_bad_reply")
        require_no_error(said)
        kind = str(said.get("type") or event)
        if kind == "error":
            raise verdicts.of_error(said)
        if kind.endswith(".completed"):
            self.usage = said.get("usage")
            await self.take(said)
        elif kind.endswith(".partial_image"):
            content = incoming.decoded(said.get("b64_json"))
            if (preview := incoming.picture(content)) is not None:
                return Partial(preview)
        return None

    async def take(self, item: Any) -> None:
        self.told += 1
        item = item if isinstance(item, dict) else {}
        if not self.revised_prompt and isinstance(item.get("revised_prompt"), str):
            self.revised_prompt = item["revised_prompt"]
        try:
            content = await self._content(item)
        except ProviderFailed as failed:
            self.missing = failed.code
            return
        if (picture := incoming.picture(content)) is None:
            self.missing = "provider_bad_image"
        else:
            self.pictures.append(picture)

    async def _content(self, item: dict[str, Any]) -> bytes:
        url = item.get("url")
        if not isinstance(url, str) or item.get("b64_json"):
            return incoming.decoded(item.get("b64_json"))
        if url.startswith("data:"):
            return incoming.decoded(url)
        return await self.line.fetch(url)

    def finished(self, adjustments: tuple[Adjustment, ...]) -> Finished:
        usage = usage_of(self.usage, pictures=self.told, request_id=self.request_id)
        missing = self.missing or ("provider_bad_reply" if self.told < self.asked else "")
        if not self.pictures:  # yet what it speaks of, it has drawn and bills
            known = usage if self.told or not usage.is_estimate else None
            raise Doubtful(missing, request_id=self.request_id, usage=known)
        pictures = tuple(self.pictures[: self.asked])
        missing = missing if len(pictures) < self.asked else ""
        return Finished(pictures, usage, self.revised_prompt, adjustments, missing)


def usage_of(told: Any, *, pictures: int, request_id: str) -> Usage:
    """What it counted; where it counted nothing, the pictures are all we know."""
    told = told if isinstance(told, dict) else {}
    tokens_in, tokens_out = count(told, "input_tokens"), count(told, "output_tokens")
    if not tokens_in or not tokens_out:
        return Usage(pictures=pictures, is_estimate=True, request_id=request_id)
    came, went = _details(told, "input"), _details(told, "output")
    image_in, text_out = count(came, "image_tokens"), count(went, "text_tokens")
    return Usage(
        pictures=pictures,
        text_in=max(0, tokens_in - image_in),
        image_in=min(image_in, tokens_in),
        cached_in=min(count(came, "cached_tokens"), max(0, tokens_in - image_in)),
        text_out=min(text_out, tokens_out),
        image_out=max(0, tokens_out - text_out),
        request_id=request_id,
    )


def _details(told: dict[str, Any], side: str) -> dict[str, Any]:
    details = told.get(f"{side}_tokens_details")
    return details if isinstance(details, dict) else {}


def count(told: dict[str, Any], name: str) -> int:
    """0 for what is no honest number."""
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= MOST_COUNT else 0


async def _attached(order: Order) -> list[File]:
    """One picture is `image`, several are `image[]`; the API takes nothing else."""
    name = "image" if len(order.references) == 1 else "image[]"
    files = [
        (
            name,
            (f"{at}.{picture.media_type.rpartition('/')[2]}", picture.content, picture.media_type),
        )
        for at, picture in enumerate(order.references)
    ]
    if order.mask is not None:
        mask = await asyncio.to_thread(_see_through, order.mask.content)
        files.append(("mask", ("mask.png", mask, "image/png")))
    return files


def _see_through(mask: bytes) -> bytes:
    """Ours is grey and 255 may change; theirs is a picture, and what is see-through may change."""
    with Image.open(io.BytesIO(mask)) as grey:
        alpha = grey.convert("L").point(lambda value: 255 - value)
    file = io.BytesIO()
    Image.merge("LA", (Image.new("L", alpha.size), alpha)).convert("RGBA").save(file, "PNG")
    return file.getvalue()
