"""OpenAI in November 2026: images, chat, models, and the Responses API as far as pictures go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.upstream import chat, images, responses
from tests.upstream.chat import Chat
from tests.upstream.messages import Answer, Refused, Request
from tests.upstream.responses import Responses
from tests.upstream.rules import gone
from tests.upstream.server import Simulator

IMAGE_MODELS = (
    "gpt-image-2",
    "gpt-image-2-2026-04-21",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-flare",
    "gpt-image-2.5-sunburst-2026-09-08",
    "gpt-image-2.5-flare-2026-09-08",
    "gpt-image-2.6-sunburst",
    "gpt-image-2.6-flare",
    "gpt-image-1.5",
    "gpt-image-1-mini",
)
CHAT_MODELS = ("gpt-5", "gpt-4.1-mini")


class OpenAI(Simulator):
    prefix = "/v1"
    image_models: tuple[str, ...] = IMAGE_MODELS
    chat_models: tuple[str, ...] = CHAT_MODELS
    transparent: tuple[str, ...] = ("gpt-image-1.5", "gpt-image-1-mini")  # families that can

    def __init__(self, **options: Any) -> None:
        self.chat = Chat()
        self.responses = Responses()
        self.accepts: Callable[[str], bool] = lambda token: False  # OAuth.is_valid, for one
        super().__init__(**options)

    @property
    def models(self) -> tuple[str, ...]:
        return (*self.image_models, *self.chat_models)

    async def handle(self, request: Request) -> Answer:
        self.check_key(request)
        answer = await self.route(request, request.path.removeprefix(self.prefix))
        answer.headers |= {
            "openai-processing-ms": str(round(1000 * self.takes_s)),
            "openai-organization": "org-sim",
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-reset-requests": "120ms",
        }
        return answer

    def check_key(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token != self.key and not self.accepts(token):
            message = "Incorrect API key provided: " + token[-4:].rjust(12, "*")
            raise Refused(401, message, code="invalid_api_key")

    async def route(self, request: Request, path: str) -> Answer:
        match request.method, path:
            case "POST", "/images/generations":
                return await images.generate(self, request)
            case "POST", "/images/edits":
                return await images.edit(self, request)
            case "POST", "/chat/completions":
                return await chat.complete(self, request)
            case _ if path.startswith("/responses"):
                return await responses.answer(self, request, path)
            case "GET", "/models":
                return Answer.of({"object": "list", "data": [_listed(m) for m in self.models]})
            case "GET", _ if path.startswith("/models/"):
                name = path.removeprefix("/models/")
                if name not in self.models:
                    raise gone(name)
                return Answer.of(_listed(name))
        message = f"Invalid URL ({request.method} {request.path})"
        raise Refused(404, message)


def _listed(model: str) -> dict[str, Any]:
    listed = {"id": model, "object": "model", "created": 1776729600, "owned_by": "system"}
    if model in ("gpt-image-1.5", "gpt-image-1-mini"):
        listed["shutdown_date"] = "2026-12-01"
    return listed
