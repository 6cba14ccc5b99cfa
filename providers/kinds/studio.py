"""The built-in provider: needs no key and no network, and says plainly that it is no AI."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from providers.base import Adapter
from providers.errors import NotBilled
from providers.shapes import (
    Capabilities,
    Checked,
    Ended,
    Finished,
    Happening,
    Listed,
    Order,
    Partial,
    Picture,
    Piece,
    Question,
    Text,
    ToolCall,
    Usage,
)
from providers.studio import language
from tale.lib import child


class Studio(Adapter):
    deadline_s = 30
    is_local = True

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities(
            operations=("generate", "edit", "inpaint"),
            longest_side=4096,
            backgrounds=("opaque", "transparent"),
            most_references=1,
            mask="white",
            seed=True,
            partials=3,
            cancel=True,
            typical_s=(0.5, 2),
            source_type="algorithmicMedia",
        )

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        plan = order.plan
        if order.partials and not order.references:
            yield await self._preview(order)
        places = range(plan.n)
        drawn = await asyncio.gather(*(self._drawn(order, place) for place in places))
        pictures = tuple(map(Picture, drawn))
        yield Finished(pictures, Usage(pictures=plan.n), revised_prompt=plan.prompt)

    async def _preview(self, order: Order) -> Partial:
        """The same composition, small and rough: there in a tenth of the time."""
        share = max(1, min(order.plan.width, order.plan.height) // 256)
        width, height = order.plan.width // share, order.plan.height // share
        plan = replace(order.plan, quality="low", width=width, height=height)
        return Partial(Picture(await self._drawn(replace(order, plan=plan), 0)))

    async def _drawn(self, order: Order, place: int) -> bytes:
        plan = order.plan
        said: dict[str, Any] = {
            "prompt": plan.prompt,
            "width": plan.width,
            "height": plan.height,
            "seed": plan.seed + place,
            "quality": plan.quality,
            "style": plan.style,
            "background": plan.background,
        }
        target = "providers.studio.drawing:draw"
        if order.references:
            target = "providers.studio.editing:edit"
            said["picture"] = order.references[0].content
            said["mask"] = order.mask.content if order.mask else b""
        try:
            return await child.call(target, timeout_s=self.deadline_s, **said)
        except child.ChildFailed as failed:  # our own process: nobody else could have billed it
            raise NotBilled("provider_error") from failed

    async def was_billed(self, request_id: str) -> bool | None:
        return False  # a drawing that never arrived cost nobody anything

    async def models(self) -> list[Listed]:
        return [
            Listed("studio-chat", "Studio chat", ("chat",)),
            Listed("studio-image", "Studio image", ("image-generation", "image-edit")),
        ]

    async def check(self) -> Checked:
        began = time.monotonic()
        await child.call(
            "providers.studio.drawing:draw", prompt="plain", width=64, height=64, seed=1
        )
        step = _("A drawing of 64 by 64 pixels was made.")
        return Checked((str(step),), round((time.monotonic() - began) * 1000))

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        usage = Usage()
        for piece in language.reply(list(question.messages), list(question.tools)):
            if "text" in piece:
                yield Text(piece["text"])
            elif "tool_call" in piece:
                call = piece["tool_call"]
                arguments = call["arguments"]
                if not isinstance(arguments, str):
                    arguments = json.dumps(arguments)
                yield ToolCall(call["id"], call["name"], arguments)
            else:
                counted = piece["usage"]
                usage = Usage(text_in=counted["input_tokens"], text_out=counted["output_tokens"])
            await asyncio.sleep(0)  # one word at a time, and others get their turn
        yield Ended(usage)
