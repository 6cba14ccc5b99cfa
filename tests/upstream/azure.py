"""Azure OpenAI: deployments under two forms of address, and the content filter's own words."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from tests.upstream import chat, dialects, images
from tests.upstream.messages import Answer, Refused, Request
from tests.upstream.openai import OpenAI

CLASSIC = re.compile(r"/openai/deployments/([^/]+)(/.+)")
NEWER = "/openai/v1"
FILTERED = {**dialects.FILTERED, "violence": {"filtered": True, "severity": "high"}}


class Azure(OpenAI):
    prefix = NEWER
    refusals: ClassVar[dict[str, dict[str, Any]]] = {
        "moderation_blocked": {
            "code": "contentFilter",
            "message": "Your task failed as a result of our safety system.",
            "extra": {
                "inner_error": {
                    "code": "ResponsibleAIPolicyViolation",
                    "content_filter_results": FILTERED,
                    "revised_prompt": "",
                }
            },
        },
        "content_policy_violation": {
            "extra": {
                "inner_error": {
                    "code": "ResponsibleAIPolicyViolation",
                    "content_filter_results": FILTERED,
                }
            }
        },
        "content_filter": {
            "param": "prompt",
            "extra": {
                "status": 400,
                "innererror": {
                    "code": "ResponsibleAIPolicyViolation",
                    "content_filter_result": FILTERED,
                },
            },
        },
        "invalid_api_key": {
            "code": "401",
            "message": "Access denied due to invalid subscription key or wrong API endpoint.",
        },
        "rate_limited": {
            "code": "429",
            "message": "Requests have exceeded call rate limit of your current tier.",
        },
        "model_not_found": {
            "code": "DeploymentNotFound",
            "message": "The API deployment for this resource does not exist.",
        },
    }

    def __init__(self, **options: Any) -> None:
        self.deployments = {
            "pictures": "gpt-image-2",
            "old-pictures": "gpt-image-1.5",
            "talk": "gpt-4.1-mini",
        }
        super().__init__(**options)
        self.chat.quirks = {"prompt_filter"}

    def check_key(self, request: Request) -> None:
        """A key, or a token of Entra."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.headers.get("api-key") != self.key and not self.accepts(token):
            words = self.refusals["invalid_api_key"]
            raise Refused(401, **words)

    async def handle(self, request: Request) -> Answer:
        answer = await super().handle(request)
        answer.headers["apim-request-id"] = request.id
        return answer

    async def route(self, request: Request, path: str) -> Answer:
        if found := CLASSIC.fullmatch(request.path):
            if not request.query.get("api-version"):
                raise Refused(404, "Resource not found", code="404")
            return await self._deployed(request, found[2], found[1])
        if not request.path.startswith(NEWER):
            raise Refused(404, "Resource not found", code="404")
        if request.method == "GET":
            return await super().route(request, path)
        named = request.form.fields if request.is_multipart else request.json
        return await self._deployed(request, path, str(named.get("model", "")))

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self.deployments)

    async def _deployed(self, request: Request, path: str, name: str) -> Answer:
        model = self.deployments.get(name)
        if model is None:
            raise Refused(404, **self.refusals["model_not_found"])
        match path:
            case "/images/generations":
                return await images.generate(self, request, model=model)
            case "/images/edits":
                return await images.edit(self, request, model=model)
            case "/chat/completions":
                return await chat.complete(self, request, model=model)
        raise Refused(404, "Resource not found", code="404")
