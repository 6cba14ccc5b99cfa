"""The built-in provider: needs no key and no network, and says plainly that it is no AI."""

import asyncio
import json
from collections.abc import AsyncIterator

from providers.base import Adapter
from providers.errors import NotBilled
from providers.shapes import (
    Capabilities,
    Ended,
    Finished,
    Happening,
    Order,
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
        return Capabilities(longest_side=2048)

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        plan = order.plan
        try:
            drawn = await asyncio.gather(
                *(
                    child.call(
                        "providers.studio.drawing:draw",
                        timeout_s=self.deadline_s,
                        prompt=plan.prompt,
                        width=plan.width,
                        height=plan.height,
                        seed=plan.seed + place,
                        quality=plan.quality,
                        style=plan.style,
                    )
                    for place in range(plan.n)
                )
            )
        except child.ChildFailed as failed:  # our own process: nobody else could have billed it
            raise NotBilled("provider_error") from failed
        pictures = tuple(Picture(png) for png in drawn)
        yield Finished(pictures, Usage(pictures=plan.n), revised_prompt=plan.prompt)

    async def was_billed(self, request_id: str) -> bool | None:
        return False  # a drawing that never arrived cost nobody anything

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
