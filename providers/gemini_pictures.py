"""One picture of Gemini's: it may talk instead of drawing, and then it is asked once more."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from django.utils.translation import gettext as _

from providers import gemini, incoming, verdicts
from providers.errors import Doubtful, NotBilled
from providers.shapes import Capabilities, Finished, Happening, Order, Usage
from tale.lib.http import Reply

SLACK_BYTES = 8 * 2**20
# Aspects, and what each measures at 1K.
_SHAPES = {
    "1:1": "1024x1024", "2:3": "848x1264", "3:2": "1264x848", "3:4": "896x1200",
    "4:3": "1200x896", "4:5": "928x1152", "5:4": "1152x928", "9:16": "768x1376",
    "16:9": "1376x768", "21:9": "1584x672",
}  # fmt: skip
_FLASH_SHAPES = {"1:4": "512x2048", "4:1": "2048x512", "1:8": "352x2928", "8:1": "2928x352"}
_FLASH_TOKENS = (("512", 747), ("1K", 1120), ("2K", 1680), ("4K", 2520))
_PRO_TOKENS = (("1K", 1120), ("2K", 1120), ("4K", 2000))


def capabilities(model: str) -> Capabilities:
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


async def drawn(ask: Callable[..., Awaitable[Reply]], order: Order) -> AsyncIterator[Happening]:
    plan = order.plan
    path = f"/models/{order.model}:generateContent"
    most_bytes = SLACK_BYTES + plan.width * plan.height * 4 * 4 // 3  # unpacked, in base64
    billed: Usage | None = None
    for modalities in (["TEXT", "IMAGE"], ["IMAGE"]):
        try:
            reply = await ask("POST", path, json=_asked(order, modalities), most_bytes=most_bytes)
        except NotBilled as failed:  # of a doubtful one the whole stays set aside
            failed.usage = billed
            raise
        said, request_id = gemini.body_of(reply), verdicts.request_id(reply)
        if declined := gemini.refusal(said):
            declined.usage, declined.request_id = billed, request_id
            raise declined
        picture = gemini.picture(said)
        is_drawn = picture is not None or gemini.has_picture(said)
        usage = gemini.usage(said, pictures=int(is_drawn), request_id=request_id)
        billed = gemini.both(billed, usage) if billed else usage
        if picture is not None:
            changes = incoming.told_format(picture, plan.format)
            yield Finished((picture,), billed, plan.prompt, changes)
            return
        if is_drawn:
            raise Doubtful("provider_bad_image", usage=billed, request_id=request_id)
    text = _("The model answered in words and drew nothing. Ask for a picture more plainly.")
    raise NotBilled("provider_bad_reply", text, usage=billed, request_id=request_id)


def _asked(order: Order, modalities: list[str]) -> dict[str, Any]:
    plan = order.plan
    shown = [
        {"inlineData": {"mimeType": one.media_type, "data": base64.b64encode(one.content).decode()}}
        for one in order.references
    ]
    shape = {"aspectRatio": plan.aspect, "imageSize": plan.resolution}
    return {
        "contents": [{"role": "user", "parts": [{"text": plan.prompt}, *shown]}],
        "generationConfig": {"responseModalities": modalities, "imageConfig": shape},
    }
