"""ClipDrop: one picture per call as plain bytes, paid in credits. It knows no parameters: each
kind of change is an address of its own, so the wish decides which one is asked."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from providers import errors, incoming, portions, retouching, verdicts
from providers.base import Adapter
from providers.retouching import Form
from providers.shapes import (
    Capabilities,
    Checked,
    Finished,
    Happening,
    Listed,
    Order,
    Usage,
)
from tale.lib import http

MOST_CREDITS = 1000  # of one call; more is no number to bill by
_DECLINED = re.compile(r"\b(nsfw|moderat\w+|safety|content policy)\b", re.I)


class ClipDrop(Adapter):
    default_url = "https://clipdrop-api.co"
    deadline_s = 60
    waits_s: ClassVar[tuple[float, ...]] = (1, 2, 4)  # 60 calls a minute, and no Retry-After

    def capabilities(self, model: str) -> Capabilities:
        common: dict[str, Any] = {
            "qualities": (),
            "most_prompt_chars": 1000,
            "pictures_per_call": 1,
            "typical_s": (3, 10),
        }
        if model != "edit":
            return Capabilities(sizes=("1024x1024",), **common)
        return Capabilities(
            operations=("edit", "inpaint"),
            backgrounds=("opaque", "transparent"),
            formats=("png", "jpeg", "webp"),
            most_pictures=1,  # the same wish gives the same picture
            most_references=1,
            mask="white",
            **common,
        )

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        path, form = await retouching.request(order)
        parts = portions.portioned(order, most=1)

        async def draw(part: Order) -> AsyncIterator[Happening]:
            yield await self._drawn(path, form, part)

        async for happening in portions.drawn(parts, draw):
            yield happening

    async def models(self) -> list[Listed]:
        return [  # it has no list to ask for
            Listed("text-to-image", "ClipDrop text to image", ("image-generation",)),
            Listed("edit", "ClipDrop edits", ("image-edit",)),
        ]

    async def check(self) -> Checked:
        """A request without its prompt is certainly refused, and only with a good key for that."""
        began = time.monotonic()
        try:
            await self._ask("/text-to-image/v1", [("check", (None, ""))])
        except errors.Unfit:
            host = urlsplit(self.connection.base_url).netloc
            steps = (
                _("%(host)s was reached and answered.") % {"host": host},
                _("It did not refuse the key."),
                _("Not checked: the credits left. ClipDrop tells them only with a picture."),
            )
            return Checked(steps, round((time.monotonic() - began) * 1000))
        raise errors.Doubtful("provider_bad_reply")  # it drew something nobody had described

    async def _drawn(self, path: str, form: Form, order: Order) -> Finished:
        plan = order.plan
        accept = f"image/{plan.format}" if path in retouching.NEGOTIATED else "*/*"
        for wait_s in (*self.waits_s, None):
            try:
                reply = await self._ask(path, form, accept=accept)
                break
            except errors.Limited:
                if wait_s is None:
                    raise
                await asyncio.sleep(wait_s)  # the others of this wish are paid already
        told = reply.headers.get("x-credits-consumed", "")
        is_told = told.isdecimal() and int(told) <= MOST_CREDITS
        usage = Usage(
            pictures=1,
            credits=int(told) if is_told else 1,
            is_estimate=not is_told,
            request_id=verdicts.request_id(reply),
        )
        picture = incoming.picture(reply.body)
        if picture is None:
            raise errors.Doubtful("provider_bad_image", usage=usage if is_told else None)
        changes = incoming.told_format(picture, plan.format)
        return Finished((picture,), usage, plan.prompt, changes)

    async def _ask(self, path: str, form: Form, *, accept: str = "*/*") -> http.Reply:
        where = self.connection
        try:
            reply = await http.send(
                "POST",
                where.base_url.rstrip("/") + path,
                headers={"x-api-key": where.secret, "accept": accept},
                files=form,
                reach=http.Reach(private=where.reaches_private),
                key_host=where.base_url,
                deadline_s=self.deadline_s,
            )
        except http.Unreachable as silent:
            raise verdicts.of_silence(silent) from None
        if reply.status != 200:
            raise _failed(reply, self.waits_s[-1] * 2)
        return reply


def _failed(reply: http.Reply, wait_s: float) -> errors.ProviderFailed:
    """The status says which; a failed call costs nothing."""
    status = reply.status
    if status == 402:
        return errors.NoCredit()
    if status == 429:
        return errors.Limited(wait_s)
    if status in (400, 403) and _DECLINED.search(reply.body[:2000].decode("utf-8", "replace")):
        return errors.Declined()
    if status in (401, 403):
        return errors.BadKey()
    if status in (400, 406, 413):
        code = "request_too_large" if status == 413 else "invalid_value"
        return errors.Unfit(code, _("ClipDrop does not take this as it was asked. Change it."))
    if status in (502, 504):  # of a proxy, which does not know what became of it
        return errors.Doubtful("provider_timeout" if status == 504 else "provider_error")
    return errors.NotBilled("provider_bad_reply" if status < 400 else "provider_error")
