"""Servers that are nearly OpenAI: LocalAI, Together and their like, each habit a switch."""

from __future__ import annotations

import asyncio
import re
import time
from types import TracebackType
from typing import Any, Self

from tests.upstream import images, pictures, rules
from tests.upstream.messages import Answer, Refused, Request
from tests.upstream.openai import OpenAI
from tests.upstream.rules import Job
from tests.upstream.server import Simulator

_SIZE = re.compile(r"(\d+)x(\d+)", re.ASCII)


class ResultHost(Simulator):
    """Where finished pictures lie: it must never see the key of the host that made them."""

    def __init__(self, secrets: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        self.secrets = secrets
        self.files: dict[str, bytes] = {}

    async def handle(self, request: Request) -> Answer:
        if request.path not in self.files:
            raise Refused(404, "Not found")
        return Answer(body=self.files[request.path], media_type="image/png")

    @property
    def leaks(self) -> list[Request]:
        return [request for request in self.requests if self._tells(request)]

    def _tells(self, request: Request) -> bool:
        told = f"{request.target} {request.headers} {request.body!r}"
        return any(secret in told for secret in self.secrets)


class Compatible(OpenAI):
    image_models: tuple[str, ...] = ("flux-dev", "sd-3.5")
    chat_models: tuple[str, ...] = ("llama-3.3-8b", "qwen-vl")
    delivery = "b64_json"  # or url: on another host
    usage = "zero"  # zero, none, or tokens
    sizes = "text"  # text: "512x512", unparsable falls back; pair: width and height, as Together
    splits_pipes = False  # "a fox|blurry" is a prompt and a negative prompt, as LocalAI has it
    needs_key = True
    result_host = "127.0.0.1"

    def __init__(self, **options: Any) -> None:
        self.refuses: set[str] = set()  # image parameters answered with a 400 naming them
        self.split: list[tuple[str, str]] = []
        super().__init__(**options)
        self.results = ResultHost((self.key,), host=self.result_host)

    def __enter__(self) -> Self:
        self.results.__enter__()
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        try:
            self.results.__exit__(kind, error, where)
        finally:
            super().__exit__(kind, error, where)

    @property
    def leaks(self) -> list[Request]:
        return self.results.leaks

    def check_key(self, request: Request) -> None:
        if self.needs_key:
            super().check_key(request)

    async def route(self, request: Request, path: str) -> Answer:
        if (request.method, path) == ("POST", "/images/generations"):
            return await self._generate(request)
        if path == "/images/edits":
            raise Refused(404, f"Invalid URL ({request.method} {request.path})")
        return await super().route(request, path)

    async def _generate(self, request: Request) -> Answer:
        body = request.json
        for name in body:
            if name in self.refuses:
                message = f"Unsupported parameter: '{name}'."
                raise rules.wrong(name, message, "unsupported_parameter")
        if body.get("model") not in self.image_models:
            raise rules.gone(str(body.get("model")))
        prompt = str(body.get("prompt", ""))
        if self.splits_pipes:
            prompt, _, negative = prompt.partition("|")
            self.split.append((prompt, negative))
        width, height = self._size(body)
        job = Job(
            model=body["model"],
            prompt=prompt,
            n=int(body.get("n", 1)),
            width=width,
            height=height,
            quality="medium",
            form="png",
            background="opaque",
            stream=False,
            partials=0,
            inputs=0,
        )
        await asyncio.sleep(self.takes_s)
        drawn, usage = images.draw(self, request, job)
        data = [self._delivered(request, at, content) for at, content in enumerate(drawn)]
        said = {"created": int(time.time()), "data": data, "usage": self._told(usage)}
        return Answer.of({name: value for name, value in said.items() if value is not None})

    def _size(self, body: dict[str, Any]) -> tuple[int, int]:
        if self.sizes == "pair":
            if "size" in body:
                raise rules.wrong("size", "Unrecognized key: 'size'.", "unknown_parameter")
            return body.get("width", 1024), body.get("height", 1024)
        found = _SIZE.fullmatch(str(body.get("size", "")))
        return (int(found[1]), int(found[2])) if found else (512, 512)

    def _delivered(self, request: Request, ordinal: int, content: bytes) -> dict[str, Any]:
        if self.delivery != "url":
            return {"b64_json": pictures.encoded(content)}
        path = f"/generated-images/{request.id}-{ordinal}.png"
        self.results.files[path] = content
        return {"url": self.results.url + path}

    def _told(self, usage: dict[str, Any] | None) -> dict[str, Any] | None:
        if usage is None or self.usage == "none":
            return None
        if self.usage == "tokens":
            return usage
        return images.usage_of(text_in=0, image_in=0, image_out=0)
