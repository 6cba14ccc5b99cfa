"""The OpenAI face. Plain async views: while a provider works, no thread waits."""

from __future__ import annotations

import base64
import time
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.actor import Actor
from assistants import images
from assistants.context import Context
from assistants.models import Artifact
from providers.shapes import Wish
from tale.api.limits import admitted
from tale.api.parsers import read_json
from tale.lib.aio import in_db
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

KNOWN = {"prompt", "model", "n", "size", "quality", "style", "response_format", "user"}
LATER = {"background", "output_format", "output_compression", "moderation", "stream"}
LONGEST_PROMPT = 32_000


@csrf_exempt  # a key is no cookie: no other site can make a browser send it
@require_POST
async def generate_images(request: HttpRequest) -> JsonResponse:
    actor = await in_db(_actor, request)
    body = read_json(request.body, request.headers.get("Content-Type", ""))
    wish, model = _wish(body)
    context = Context(
        actor=actor,
        reference=f"request:{actor.request_id}",
        team=actor.key.team if actor.key else None,
        image_model=model,
    )
    sent_key = request.headers.get("Idempotency-Key", "")
    if len(sent_key) > 80:
        raise Refusal("invalid_idempotency_key", field="Idempotency-Key")
    key = f"{actor.key.pk}:{sent_key}" if actor.key and sent_key else new_id("once")
    made = await images.generate(wish=wish, context=context, idempotency_key=key)
    answer = await in_db(_answer, made)
    headers = {"x-should-retry": "false"}
    if await in_db(_is_replayed, made, context):
        headers["Idempotent-Replayed"] = "true"
    return JsonResponse(answer, headers=headers)


def _actor(request: HttpRequest) -> Actor:
    actor = admitted(request, spends=True)
    actor.require("use_workspace", scope="images")
    return actor


def _is_replayed(made: list[Artifact], context: Context) -> bool:
    job = made[0].job
    return job is not None and job.reference != context.reference


def _wish(body: dict[str, Any]) -> tuple[Wish, str]:
    for name in body:
        if name in LATER:
            raise Refusal("unsupported_parameter", field=name)
        if name not in KNOWN:
            raise Refusal("unknown_parameter", field=name)
    prompt = _text(body, "prompt")
    if not prompt.strip():
        missing = "missing_required_parameter" if "prompt" not in body else "blank"
        raise Refusal(missing, field="prompt")
    if len(prompt) > LONGEST_PROMPT:
        raise Refusal("too_long", field="prompt", most=LONGEST_PROMPT)
    if body.get("response_format", "b64_json") != "b64_json":  # links that expire come later
        raise Refusal("invalid_choice", field="response_format", choices=["b64_json"])
    n = body.get("n", 1)
    if isinstance(n, bool) or not isinstance(n, int):
        raise Refusal("invalid_type", field="n")
    wish = Wish(
        prompt=prompt,
        n=n,
        size=_text(body, "size") or "auto",
        quality=_text(body, "quality") or "auto",
        style=_text(body, "style"),
    )
    return wish, _text(body, "model")


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise Refusal("null_not_allowed" if value is None else "invalid_type", field=name)
    return value


def _answer(made: list[Artifact]) -> dict[str, Any]:
    first = made[0]
    return {
        "created": int(time.time()),
        "data": [
            {
                "b64_json": base64.b64encode(artifact.get_bytes()).decode(),
                "revised_prompt": artifact.revised_prompt,
            }
            for artifact in made
        ],
        "background": "opaque",
        "output_format": first.media_type.rpartition("/")[2],
        "quality": first.parameters["quality"],
        "size": f"{first.width}x{first.height}",
    }
