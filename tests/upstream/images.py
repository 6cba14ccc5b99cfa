"""Images as OpenAI draws them: whole and streamed, with token counts by the formula."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import AsyncGenerator
from typing import Any, Protocol

from tests.upstream import bill, pictures, rules
from tests.upstream.messages import Answer, File, Refused, Request, event
from tests.upstream.rules import Job

ABOUT = 80
_WHOLE_NUMBERS = ("n", "partial_images", "output_compression", "frame_count", "frame_duration_ms")


class House(Protocol):
    """What drawing needs to know of the simulator it is done for."""

    bill: bill.Bill
    takes_s: float
    weight: int
    picture: bytes
    image_models: tuple[str, ...]
    transparent: tuple[str, ...]


async def generate(house: House, request: Request, **given: Any) -> Answer:
    body = {**request.json, **given}
    job = rules.job(body, models=house.image_models, transparent=house.transparent)
    return await _answer(house, request, job, "image_generation")


async def edit(house: House, request: Request, **given: Any) -> Answer:
    if request.is_multipart:
        body, images, mask = _from_form(request)
    else:
        body, images, mask = _from_json(request)
    rules.check_inputs(images, mask)
    job = rules.job(
        {**body, **given},
        models=house.image_models,
        transparent=house.transparent,
        inputs=len(images),
    )
    return await _answer(house, request, job, "image_edit")


def _from_form(request: Request) -> tuple[dict[str, Any], list[File], File | None]:
    body: dict[str, Any] = dict(request.form.fields)
    for name in _WHOLE_NUMBERS:
        if body.get(name, "").isdecimal():
            body[name] = int(body[name])
    if "stream" in body:
        body["stream"] = body["stream"] == "true"
    images = [file for file in request.form.files if file.field in ("image", "image[]")]
    return body, images, request.form.file("mask")


def _from_json(request: Request) -> tuple[dict[str, Any], list[File], File | None]:
    body = dict(request.json)
    images = [_pointed_at(each, "images") for each in body.pop("images", [])]
    mask = body.pop("mask", None)
    return body, images, _pointed_at(mask, "mask") if mask else None


def _pointed_at(reference: dict[str, Any], param: str) -> File:
    head, _, data = str(reference.get("image_url", "")).partition(",")
    try:
        if not head.startswith("data:image/"):
            raise ValueError
        return File(param, "", head[5:].partition(";")[0], base64.b64decode(data, validate=True))
    except (ValueError, binascii.Error) as error:
        message = "The simulator reads data URLs only."
        raise Refused(400, message, code="invalid_image_url", param=param) from error


async def _answer(house: House, request: Request, job: Job, kind: str) -> Answer:
    if job.stream:
        return Answer.events(_stream(house, request, job, kind))
    await asyncio.sleep(house.takes_s)
    drawn, usage = draw(house, request, job)
    said = {
        "created": int(time.time()),
        **_effective(job),
        "data": [{"b64_json": pictures.encoded(content)} for content in drawn],
        "usage": usage,
    }
    return Answer.of({name: value for name, value in said.items() if value is not None})


def _effective(job: Job) -> dict[str, str]:
    return {
        "background": job.background,
        "output_format": job.form,
        "quality": job.quality,
        "size": job.size,
    }


def draw(
    house: House, request: Request, job: Job, *, partials: int = 0
) -> tuple[list[bytes], dict[str, Any] | None]:
    """Charges for what it hands out, whether or not it arrives."""
    made = [
        house.picture
        or pictures.picture(
            job.width,
            job.height,
            job.form,
            transparent=job.background == "transparent",
            ordinal=ordinal,
            weight=house.weight,
        )
        for ordinal in range(job.n)
    ]
    drawn = request.fault.drawn(made)
    each = bill.picture_tokens(job.model, job.quality, job.width, job.height)
    counts = {
        "text_in": bill.text_tokens(job.prompt),
        "image_in": job.inputs * bill.REFERENCE_TOKENS,
        "image_out": each * len(drawn) + partials * bill.PARTIAL_TOKENS,
    }
    house.bill.add(
        at=time.time(),
        request_id=request.id,
        model=job.model,
        pictures=len(drawn),
        size=job.size,
        quality=job.quality,
        about=job.prompt[:ABOUT],
        amount_micro=bill.amount_micro(job.model, **counts),
        **counts,
    )
    return drawn, request.fault.usage(usage_of(**counts))


def usage_of(*, text_in: int, image_in: int, image_out: int) -> dict[str, Any]:
    return {
        "input_tokens": text_in + image_in,
        "input_tokens_details": {"text_tokens": text_in, "image_tokens": image_in},
        "output_tokens": image_out,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": image_out},
        "total_tokens": text_in + image_in + image_out,
    }


async def _stream(house: House, request: Request, job: Job, kind: str) -> AsyncGenerator[bytes]:
    fault = request.fault.name
    count = max(0, job.partials - 1) if fault == "fewer_partials" else job.partials
    if fault == "stream_error":
        error = {"message": "It broke.", "type": "server_error", "code": None, "param": None}
        yield event({"type": "error", "error": error}, "error")
        return
    previews = [_preview(job, kind, ordinal) for ordinal in range(count)]
    early, late = ([], previews) if fault == "final_first" else (previews, [])
    pause_s = house.takes_s / (len(early) + 1)
    try:
        for preview in early:
            await asyncio.sleep(pause_s)
            yield preview
        await asyncio.sleep(pause_s)
    finally:  # who hangs up at the first preview pays for the picture
        drawn, usage = draw(house, request, job, partials=count)
    for content in drawn if fault != "no_final" else []:
        final = {
            "type": f"{kind}.completed",
            "b64_json": pictures.encoded(content),
            "created_at": int(time.time()),
            **_effective(job),
            "usage": usage,
        }
        yield event(final, str(final["type"]))
    for preview in late:
        yield preview


def _preview(job: Job, kind: str, ordinal: int) -> bytes:
    content = pictures.picture(job.width // 4, job.height // 4, job.form, ordinal=ordinal + 1)
    said = {
        "type": f"{kind}.partial_image",
        "b64_json": pictures.encoded(content),
        "partial_image_index": ordinal,
        "created_at": int(time.time()),
        **_effective(job),
    }
    return event(said, str(said["type"]))
