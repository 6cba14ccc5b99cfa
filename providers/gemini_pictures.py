"""One picture of Gemini's: it may talk instead of drawing, and then it is asked once more."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from django.utils.translation import gettext as _

from providers import gemini, incoming, verdicts
from providers.errors import Doubtful, NotBilled
from providers.shapes import Finished, Happening, Order, Usage
from tale.lib.http import Reply

SLACK_BYTES = 8 * 2**20


async def drawn(ask: Callable[..., Awaitable[Reply]], order: Order) -> AsyncIterator[Happening]:
    plan = order.plan
    path = f"/models/{order.model}:generateContent"
    most_bytes = SLACK_BYTES + plan.width * plan.height * 4 * 4 // 3  # unpacked, in base64
    billed: Usage | None = None
    for modalities in (["TEXT", "IMAGE"], ["IMAGE"]):
        reply = await ask("POST", path, json=_asked(order, modalities), most_bytes=most_bytes)
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
