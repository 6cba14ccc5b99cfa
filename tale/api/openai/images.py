"""OpenAI's Images API. Plain async views: while a provider works, no thread waits."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.actor import Actor
from assistants import images, uploads
from assistants.context import Context
from assistants.models import Artifact
from tale.api.limits import admitted
from tale.api.openai import answer, wish
from tale.api.openai.wish import Asked, Part
from tale.api.parsers import read_json
from tale.lib.aio import in_db
from tale.lib.fields import new_id
from tale.lib.multipart import read_form
from tale.lib.refusals import Refusal
from tale.lib.strict import is_blank

LONGEST_KEY = 80


@csrf_exempt  # a key is no cookie: no other site can make a browser send it
@require_POST
async def generate(request: HttpRequest) -> JsonResponse:
    actor = await in_db(_actor, request)
    body = read_json(request.body, request.headers.get("Content-Type", ""))
    return await _made(request, actor, wish.of(body))


@csrf_exempt
@require_POST
async def edit(request: HttpRequest) -> JsonResponse:
    actor = await in_db(_actor, request)
    form = await asyncio.to_thread(read_form, request)
    asked, parts = wish.of_form(form)
    return await _made(request, actor, asked, parts)


async def _made(
    request: HttpRequest, actor: Actor, asked: Asked, parts: Sequence[Part] = ()
) -> JsonResponse:
    key, context = _key(request, actor), _context(request, actor, asked.model)
    try:
        made = await images.generate(
            wish=asked.wish,
            context=context,
            idempotency_key=key,
            **await _given(actor, parts),
        )
    except Refusal as refusal:
        raise wish.in_their_words(refusal) from refusal.__cause__
    told = await in_db(answer.of, made, as_links=asked.as_links, now=timezone.now())
    headers = {"x-should-retry": "false"}
    if await in_db(_is_replayed, made, context):
        headers["Idempotent-Replayed"] = "true"
    return JsonResponse(told, headers=headers)


async def _given(actor: Actor, parts: Sequence[Part]) -> dict[str, Any]:
    """What came as a file becomes an artifact first: the same gate, the same store."""
    ids = [await _id(actor, part) for part in parts]
    told = "\n".join(part.mark for part in parts)
    return {
        "sources": [pk for pk, part in zip(ids, parts, strict=True) if not part.is_mask],
        "mask": next((pk for pk, part in zip(ids, parts, strict=True) if part.is_mask), ""),
        "sent": hashlib.sha256(told.encode()).hexdigest() if parts else "",
    }


async def _id(actor: Actor, part: Part) -> str:
    if isinstance(part.given, str):
        return part.given
    kept = await uploads.borrow(
        actor=actor,
        content=part.given.content,
        field=part.field,
        is_mask=part.is_mask,
        now=timezone.now(),
    )
    return kept.pk


def _context(request: HttpRequest, actor: Actor, model: str) -> Context:
    return Context(
        actor=actor,
        reference=f"request:{actor.request_id}",
        team=actor.key.team if actor.key else None,
        image_model=model,
        confirmed_micro=wish.yes_to(request.headers),
    )


def _key(request: HttpRequest, actor: Actor) -> str:
    sent = request.headers.get("Idempotency-Key")
    if sent is not None and is_blank(sent):
        text = _("This idempotency key is empty. Send one, or leave the header out.")
        raise Refusal("invalid_idempotency_key", text, field="Idempotency-Key")
    if sent and len(sent) > LONGEST_KEY:
        raise Refusal("invalid_idempotency_key", field="Idempotency-Key", most=LONGEST_KEY)
    return f"{actor.key.pk}:{sent}" if actor.key and sent else new_id("once")


def _actor(request: HttpRequest) -> Actor:
    actor = admitted(request, spends=True)
    actor.require("use_workspace", scope="images")
    for name in request.GET:
        raise Refusal("unknown_parameter", field=name[:80])
    return actor


def _is_replayed(made: list[Artifact], context: Context) -> bool:
    job = made[0].job
    return job is not None and job.reference != context.reference
