"""Gemini: pictures inside an answer, refusals inside a 200, and signatures to be sent back."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from tests.upstream import bill, chat, pictures
from tests.upstream.chat import Chat
from tests.upstream.dialects import SIGNATURE, Step
from tests.upstream.messages import Answer, Refused, Request, event
from tests.upstream.server import Simulator

IMAGE_MODELS = ("gemini-3.1-flash-image", "gemini-3-pro-image")
CHAT_MODELS = ("gemini-3-flash",)
# Pixels at 1K; the other sizes are half, twice and four times that.
SHAPES = {
    "1:1": (1024, 1024), "2:3": (848, 1264), "3:2": (1264, 848), "3:4": (896, 1200),
    "4:3": (1200, 896), "4:5": (928, 1152), "5:4": (1152, 928), "9:16": (768, 1376),
    "16:9": (1376, 768), "21:9": (1584, 672),
}  # fmt: skip
MORE_SHAPES = {"1:4": (512, 2048), "4:1": (2048, 512), "1:8": (352, 2928), "8:1": (2928, 352)}
SCALES = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
TOKENS = {
    "gemini-3.1-flash-image": {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520},
    "gemini-3-pro-image": {"1K": 1120, "2K": 1120, "4K": 2000},
}
PICTURE_TOKENS = 258
FINISHES = {
    "image_safety": "IMAGE_SAFETY",
    "prohibited": "IMAGE_PROHIBITED_CONTENT",
    "recitation": "IMAGE_RECITATION",
    "other": "IMAGE_OTHER",
    "no_image": "NO_IMAGE",
    "safety": "SAFETY",
}
WAYS = {"picture", "picture_only", "text_only", "markdown", "prompt_blocked", *FINISHES}
KNOWN = {
    "contents", "generationConfig", "systemInstruction", "tools", "toolConfig",
    "safetySettings", "cachedContent",
}  # fmt: skip
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_CALL = re.compile(r"/v1beta/models/([^/:]+):(generateContent|streamGenerateContent)")
_BAD_KEY = "API key not valid. Please pass a valid API key."
_TYPES = "type.googleapis.com/google.rpc."
_NO_PLAN = {
    "@type": f"{_TYPES}QuotaFailure",
    "violations": [
        {
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            "quotaValue": "0",
        }
    ],
}


class Google(Simulator):
    key = "AIzaSim-4b8e1f60c2d7"
    prefix = "/v1beta"
    refusals: ClassVar[dict[str, dict[str, Any]]] = {
        "invalid_api_key": {"status": 400, "message": _BAD_KEY},
        "rate_limited": {"message": "You exceeded your current quota."},
        "insufficient_quota": {
            "message": "You exceeded your current quota, limit: 0.",
            "extra": {"details": [_NO_PLAN]},
        },
        "resource_blocked": {"message": "The caller does not have permission."},
    }

    def __init__(self, **options: Any) -> None:
        self.chat = Chat()
        self.chat_models: tuple[str, ...] = CHAT_MODELS
        self.ways: deque[str] = deque()
        super().__init__(**options)

    def answers(self, *ways: str) -> None:
        """How the next pictures come, if they come: one of WAYS each."""
        assert WAYS.issuperset(ways), f"there are {sorted(WAYS)}"
        self.ways.extend(ways)

    def envelope(self, refused: Refused) -> dict[str, Any]:
        details = list(refused.extra.get("details", []))
        if wait := refused.headers.pop("retry-after", ""):
            details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{wait}s"})
        error = {
            "code": refused.status,
            "message": refused.message,
            "status": STATUSES.get(refused.status, "UNKNOWN"),
        }
        return {"error": {**error, "details": details} if details else error}

    async def handle(self, request: Request) -> Answer:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = request.headers.get("x-goog-api-key") or request.query.get("key") or bearer
        if given != self.key:
            raise Refused(400 if given else 403, _BAD_KEY)
        if request.path == "/v1beta/openai/chat/completions":
            return await chat.complete(self, request)
        if request.method == "GET" and request.path == "/v1beta/models":
            return Answer.of({"models": [_listed(m) for m in (*IMAGE_MODELS, *self.chat_models)]})
        found = _CALL.fullmatch(request.path)
        if request.method != "POST" or not found:
            raise Refused(404, "Requested entity was not found.")
        model, verb = found[1], found[2]
        if model not in (*IMAGE_MODELS, *self.chat_models):
            raise Refused(404, f"models/{model} is not found for API version v1beta.")
        _check(request.json)
        if model in IMAGE_MODELS:
            await asyncio.sleep(self.takes_s)
            said = [self._draw(request, model)]
        else:
            await asyncio.sleep(self.chat.takes_s)
            said = self._talk(request, model)
        if verb == "streamGenerateContent":
            return Answer.events(_events(said))
        return Answer.of(_joined(said))

    def _draw(self, request: Request, model: str) -> dict[str, Any]:
        way = self.ways.popleft() if self.ways else "picture"
        width, height, scale = _shape(request.json, model)
        if way == "prompt_blocked":
            return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": model}
        if way in FINISHES:
            return self._ended(request, model, [], finish=FINISHES[way])
        text = {"text": "Here is what you asked for: a picture of it."}
        if way == "text_only":
            return self._ended(request, model, [text])
        made = [pictures.picture(width, height, weight=self.weight)]
        drawn = request.fault.drawn(made)
        tokens = TOKENS[model][scale] * len(drawn)
        data = [pictures.encoded(content) for content in drawn]
        if way == "markdown":
            parts: list[dict[str, Any]] = [
                {"text": f"![it](data:image/png;base64,{one})"} for one in data
            ]
        else:
            parts = [
                {
                    "inlineData": {"mimeType": "image/png", "data": one},
                    "thoughtSignature": SIGNATURE,
                }
                for one in data
            ]
        if way == "picture":
            parts = [text, *parts]
        size = f"{width}x{height}"
        return self._ended(
            request, model, parts, image_out=tokens, drawn=len(drawn), size=size, quality=scale
        )

    def _talk(self, request: Request, model: str) -> list[dict[str, Any]]:
        heard = " ".join(p["text"] for p in _parts(request.json) if "text" in p)
        step = self.chat.next([{"role": "user", "content": heard}])
        pieces = _spoken(step)
        return [self._ended(request, model, pieces)] if pieces else []

    def _ended(
        self,
        request: Request,
        model: str,
        parts: list[dict[str, Any]],
        *,
        finish: str = "STOP",
        image_out: int = 0,
        drawn: int = 0,
        size: str = "",
        quality: str = "",
    ) -> dict[str, Any]:
        given = _parts(request.json)
        counts = {
            "text_in": bill.text_tokens("".join(p.get("text", "") for p in given)),
            "image_in": PICTURE_TOKENS * sum("inlineData" in p for p in given),
            "image_out": image_out,
            "text_out": bill.text_tokens(
                "".join(
                    p.get("text", "") if "data:" not in p.get("text", "") else "" for p in parts
                )
            ),
        }
        if finish == "STOP":
            self.bill.add(
                at=time.time(),
                request_id=request.id,
                model=model,
                pictures=drawn,
                size=size,
                quality=quality,
                amount_micro=bill.amount_micro(model, **counts),
                **counts,
            )
        candidate: dict[str, Any] = {"index": 0, "finishReason": finish}
        if parts:
            candidate["content"] = {"role": "model", "parts": parts}
        said = {
            "candidates": [candidate],
            "usageMetadata": request.fault.usage(_usage(**counts)),
            "modelVersion": model,
            "responseId": request.id,
        }
        return {name: value for name, value in said.items() if value is not None}


def _listed(model: str) -> dict[str, Any]:
    return {
        "name": f"models/{model}",
        "displayName": model.replace("-", " ").title(),
        "inputTokenLimit": 65_536,
        "outputTokenLimit": 32_768,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for content in body.get("contents", []) for part in content.get("parts", [])]


def _check(body: dict[str, Any]) -> None:
    for name in body:
        if name not in KNOWN:
            message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            raise Refused(400, message)
    if not _parts(body):
        raise Refused(400, "* GenerateContentRequest.contents: contents is not specified")
    for content in body["contents"]:
        for part in content["parts"]:
            is_ours = content.get("role") == "model" and {"inlineData", "functionCall"} & set(part)
            if is_ours and part.get("thoughtSignature") != SIGNATURE:
                raise Refused(400, "A part is missing a thought_signature.")


def _shape(body: dict[str, Any], model: str) -> tuple[int, int, str]:
    config = body.get("generationConfig", {})
    if "IMAGE" not in config.get("responseModalities", ["TEXT", "IMAGE"]):
        raise Refused(400, "The model only supports responseModalities with IMAGE.")
    wanted = config.get("imageConfig", {})
    if unknown := set(wanted) - {"aspectRatio", "imageSize"}:
        raise Refused(400, f'Unknown name "{min(unknown)}" at generation_config.image_config')
    ratio, scale = wanted.get("aspectRatio", "1:1"), wanted.get("imageSize", "1K")
    shapes = {**SHAPES, **MORE_SHAPES} if "3.1" in model else SHAPES
    if ratio not in shapes or scale not in TOKENS[model]:
        raise Refused(400, f"Unsupported image config: {ratio}, {scale}.")
    width, height = shapes[ratio]
    return round(width * SCALES[scale]), round(height * SCALES[scale]), scale


def _spoken(step: Step) -> list[dict[str, Any]]:
    thought = [{"text": step.thinks, "thought": True}] if step.thinks else []
    texts = [{"text": step.text[at : at + 7]} for at in range(0, len(step.text), 7)]
    calls = [
        {
            "functionCall": {"name": call.name, "args": json.loads(call.arguments)},
            "thoughtSignature": SIGNATURE,
        }
        for call in step.calls
    ]
    return [*thought, *texts, *calls]


def _usage(*, text_in: int, image_in: int, image_out: int, text_out: int) -> dict[str, Any]:
    def details(text: int, image: int) -> list[dict[str, Any]]:
        pairs = (("TEXT", text), ("IMAGE", image))
        return [{"modality": name, "tokenCount": count} for name, count in pairs if count]

    return {
        "promptTokenCount": text_in + image_in,
        "candidatesTokenCount": text_out + image_out,
        "totalTokenCount": text_in + image_in + text_out + image_out,
        "promptTokensDetails": details(text_in, image_in),
        "candidatesTokensDetails": details(text_out, image_out),
    }


def _joined(said: list[dict[str, Any]]) -> dict[str, Any]:
    return said[0] if said else {"candidates": [{"index": 0, "finishReason": "STOP"}]}


async def _events(said: list[dict[str, Any]]) -> AsyncGenerator[bytes]:
    """One part in each event; how it ended and what it cost in the last."""
    whole = _joined(said)
    parts = [p for c in whole.get("candidates", []) for p in c.get("content", {}).get("parts", [])]
    for part in parts[:-1]:
        yield event({"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]})
    if parts:
        last = {"role": "model", "parts": parts[-1:]}
        whole = {**whole, "candidates": [{**whole["candidates"][0], "content": last}]}
    yield event(whole)
