"""The Responses API with its one built-in tool, in the foreground and in the background."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.upstream import bill, images, pictures, rules
from tests.upstream.messages import Answer, Refused, Request, event

DEFAULT_MODEL = "gpt-image-2.6-sunburst"
TOOL_FIELDS = (
    "model",
    "size",
    "quality",
    "background",
    "output_format",
    "output_compression",
    "moderation",
    "input_fidelity",
)


@dataclass
class Responses:
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    working: dict[str, asyncio.Task[None]] = field(default_factory=dict)


class House(images.House, Protocol):
    chat_models: tuple[str, ...]
    responses: Responses


async def answer(house: House, request: Request, path: str) -> Answer:
    parts = path.strip("/").split("/")[1:]
    match request.method, parts:
        case "POST", []:
            return await _create(house, request)
        case "GET", [name]:
            return Answer.of(_kept(house, name))
        case "POST", [name, "cancel"]:
            return Answer.of(_cancel(house, name))
    raise Refused(404, f"Invalid URL ({request.method} {request.path})")


def _kept(house: House, name: str) -> dict[str, Any]:
    if name not in house.responses.kept:
        raise Refused(404, f"Response with id '{name}' not found.")
    return house.responses.kept[name]


def _cancel(house: House, name: str) -> dict[str, Any]:
    response = _kept(house, name)
    if not response["background"]:
        raise Refused(400, "Cannot cancel a synchronous response.")
    if response["status"] in ("queued", "in_progress"):
        house.responses.working[name].cancel()
        response["status"] = "cancelled"
    return response


async def _create(house: House, request: Request) -> Answer:
    body = request.json
    job = _job(house, body)
    response: dict[str, Any] = {
        "id": f"resp_{request.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "queued",
        "background": bool(body.get("background")),
        "error": None,
        "incomplete_details": None,
        "model": body["model"],
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "usage": None,
    }
    house.responses.kept[response["id"]] = response
    if body.get("stream"):
        return Answer.events(_stream(house, request, job, response))
    if response["background"]:
        task = asyncio.create_task(_work(house, request, job, response))
        house.responses.working[response["id"]] = task
        await asyncio.sleep(0)
    else:
        await _work(house, request, job, response)
    return Answer.of(response)


def _job(house: House, body: dict[str, Any]) -> rules.Job:
    if body.get("model") not in house.chat_models:
        raise rules.gone(str(body.get("model")))
    tool: dict[str, Any] = next(
        (each for each in body.get("tools", []) if each["type"] == "image_generation"), {}
    )
    if not tool:
        raise Refused(400, "The simulator answers image_generation only.", param="tools")
    wish = {name: tool[name] for name in TOOL_FIELDS if name in tool}
    wish.setdefault("model", DEFAULT_MODEL)
    if body.get("stream"):
        wish |= {"stream": True, "partial_images": tool.get("partial_images", 0)}
    wish["prompt"], inputs = _asked(body.get("input"))
    try:
        return rules.job(
            wish, models=house.image_models, transparent=house.transparent, inputs=inputs
        )
    except Refused as refused:
        refused.param = f"tools[0].{refused.param}" if refused.param else None
        raise


def _asked(given: Any) -> tuple[str, int]:
    if isinstance(given, str):
        return given, 0
    texts, inputs = [], 0
    for item in given or []:
        content = item.get("content", [])
        parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        texts += [part["text"] for part in parts if part["type"] == "input_text"]
        inputs += sum(part["type"] == "input_image" for part in parts)
        inputs += item.get("type") == "image_generation_call"
    return "\n".join(texts), inputs


async def _work(house: House, request: Request, job: rules.Job, response: dict[str, Any]) -> None:
    response["status"] = "in_progress"
    await asyncio.sleep(house.takes_s)
    _complete(house, request, job, response)


def _complete(house: House, request: Request, job: rules.Job, response: dict[str, Any]) -> None:
    drawn, usage = images.draw(house, request, job, partials=job.partials)
    call = {
        "id": f"ig_{request.id}",
        "type": "image_generation_call",
        "status": "completed" if drawn else "failed",
        "result": pictures.encoded(drawn[0]) if drawn else None,
        "revised_prompt": f"{job.prompt}, carefully drawn",
        "action": "edit" if job.inputs else "generate",
        "background": job.background,
        "output_format": job.form,
        "quality": job.quality,
        "size": job.size,
    }
    text = {"type": "output_text", "text": "Here it is.", "annotations": [], "logprobs": []}
    message = {
        "id": f"msg_{request.id}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [text],
    }
    counts = {"text_in": bill.text_tokens(job.prompt), "text_out": bill.text_tokens("Here it is.")}
    model = response["model"]
    amount = bill.amount_micro(model, **counts)
    house.bill.add(
        at=time.time(), request_id=request.id, model=model, amount_micro=amount, **counts
    )
    response |= {
        "status": "completed",
        "completed_at": int(time.time()),
        "output": [call, message],
        "usage": {
            "input_tokens": counts["text_in"],
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": counts["text_out"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(counts.values()),
        },
        "tool_usage": {"image_gen": usage, "web_search": {"num_requests": 0}},
    }


async def _stream(
    house: House, request: Request, job: rules.Job, response: dict[str, Any]
) -> AsyncGenerator[bytes]:
    numbers = itertools.count()

    def said(kind: str, **fields: Any) -> bytes:
        kind = f"response.{kind}"
        return event({"type": kind, "sequence_number": next(numbers), **fields}, kind)

    response["status"] = "in_progress"
    started = {"id": f"ig_{request.id}", "type": "image_generation_call", "result": None}
    at = {"output_index": 0, "item_id": started["id"]}
    try:
        yield said("created", response=response)
        yield said("in_progress", response=response)
        item = {**started, "status": "in_progress"}
        yield said("output_item.added", output_index=0, item=item)
        yield said("image_generation_call.in_progress", **at)
        yield said("image_generation_call.generating", **at)
        for ordinal in range(job.partials):
            await asyncio.sleep(house.takes_s / (job.partials + 1))
            shown = pictures.encoded(pictures.picture(job.width // 4, job.height // 4))
            fields = {"partial_image_index": ordinal, "partial_image_b64": shown}
            yield said("image_generation_call.partial_image", **at, **fields)
        await asyncio.sleep(house.takes_s / (job.partials + 1))
    finally:
        _complete(house, request, job, response)
    call, message = response["output"]
    yield said("image_generation_call.completed", **at)
    yield said("output_item.done", output_index=0, item=call)
    at = {"output_index": 1, "item_id": message["id"]}
    part = message["content"][0]
    yield said("output_item.added", output_index=1, item={**message, "content": []})
    yield said("content_part.added", **at, content_index=0, part={**part, "text": ""})
    text = {"content_index": 0, "logprobs": []}
    yield said("output_text.delta", **at, **text, delta=part["text"])
    yield said("output_text.done", **at, **text, text=part["text"])
    yield said("content_part.done", **at, content_index=0, part=part)
    yield said("output_item.done", output_index=1, item=message)
    yield said("completed", response=response)
