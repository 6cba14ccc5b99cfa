"""Which of ClipDrop's addresses a wish goes to: each changes a picture in one way only."""

from __future__ import annotations

import asyncio
import io
import re
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image

from providers import incoming
from providers.errors import Unfit
from providers.shapes import Order, Picture

MOST_EXTENDED = 2000  # pixels on each side
NEGOTIATED = {"/remove-background/v1", "/replace-background/v1"}  # the rest sends what it likes
_EXTENDS = re.compile(
    r"\b(extend|expand|uncrop|outpaint|zoom out|widen|wider|larger|bigger|erweiter|größer|breiter)",
    re.I,
)
_BACKGROUND = re.compile(r"background|backdrop|hintergrund|\bbehind\b|cut ?out|freistell", re.I)
Form = list[tuple[str, Any]]


async def request(order: Order) -> tuple[str, Form]:
    """A path and a form, or Unfit before anything is sent."""
    plan = order.plan
    if not order.references:
        return "/text-to-image/v1", [("prompt", (None, plan.prompt))]
    image = ("image_file", _file(order.references[0]))
    if order.mask is not None:
        mask = await asyncio.to_thread(_black_or_white, order.mask)
        text = ("text_prompt", (None, plan.prompt))
        return "/text-inpainting/v1", [image, ("mask_file", _file(mask)), text]
    speaks_of_it = _BACKGROUND.search(plan.prompt)
    if plan.background == "transparent" and speaks_of_it:
        return "/remove-background/v1", [image]
    if _EXTENDS.search(plan.prompt):
        return "/uncrop/v1", [image, *await _extended(order)]
    if speaks_of_it and plan.background != "transparent":
        return "/replace-background/v1", [image, ("prompt", (None, plan.prompt))]
    message = _(
        "ClipDrop can cut a picture out, replace its background, extend it, or change a marked "
        "part. Ask for one of these, or choose another model."
    )
    raise Unfit("unsupported_for_model", message, field="prompt")


async def _extended(order: Order) -> Form:
    """The picture stays in the middle of the larger one."""
    width, height = await asyncio.to_thread(incoming.size_of, order.references[0])
    wider, higher = order.plan.width - width, order.plan.height - height
    if min(wider, higher) < 0 or max(wider, higher) < 1 or max(wider, higher) > 2 * MOST_EXTENDED:
        message = _("Ask for a size that is larger than the picture, at most by %(most)d pixels.")
        text = message % {"most": 2 * MOST_EXTENDED}
        raise Unfit("out_of_range", text, field="size")
    sides = {
        "extend_left": wider // 2,
        "extend_right": wider - wider // 2,
        "extend_up": higher // 2,
        "extend_down": higher - higher // 2,
    }
    return [(name, (None, str(pixels))) for name, pixels in sides.items()]


def _file(picture: Picture) -> tuple[str, bytes, str]:
    name = "picture." + picture.media_type.removeprefix("image/")
    return name, picture.content, picture.media_type


def _black_or_white(mask: Picture) -> Picture:
    """It takes no grey."""
    with Image.open(io.BytesIO(mask.content)) as grey:
        sharp = grey.convert("L").point(lambda value: 255 if value > 127 else 0)
    file = io.BytesIO()
    sharp.save(file, "PNG")
    return Picture(file.getvalue())
