"""OpenAI itself, and what its likes share: the same wire, spoken in three manners."""

import time
from collections.abc import AsyncIterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from providers import families, imagery, portions, speech
from providers.base import Adapter
from providers.line import Line, Request
from providers.shapes import Capabilities, Checked, Happening, Listed, Order, Piece, Question

MOST_ID_CHARS = 120
_CONTEXT = ("context_length", "max_model_len", "max_context_length", "context_window")


class OpenAI(Adapter):
    default_url = "https://api.openai.com/v1"
    request_header = "x-client-request-id"  # found in its logs, also where no answer came
    deadline_s = 300  # twice the 95th percentile of gpt-image-2, seen by an aggregator in 2026

    def capabilities(self, model: str) -> Capabilities:
        return families.capabilities(model)

    def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        # A stream brings one picture, so previews of several are several streams.
        most = 1 if order.partials else self.capabilities(order.model).pictures_per_call
        return portions.drawn(portions.portioned(order, most=most), self._drawn)

    def _drawn(self, order: Order) -> AsyncIterator[Happening]:
        path = "/images/edits" if order.references else "/images/generations"
        request = Request(self.path(path, order.model), self.picture_fields(order))
        return imagery.drawn(self.line(), request, order)

    def answer(self, question: Question) -> AsyncIterator[Piece]:
        path = self.path("/chat/completions", question.model)
        return speech.said(self.line(), Request(path, self.chat_fields(question)), question)

    async def models(self) -> list[Listed]:
        rows = await self.line().listed(self.path("/models", ""))
        named = [row for row in rows if isinstance(row.get("id"), str)]
        return [listed(row) for row in named if len(row["id"]) <= MOST_ID_CHARS]

    async def check(self) -> Checked:
        began = time.monotonic()
        rows = await self.line().listed(self.path("/models", ""))
        latency_ms = round((time.monotonic() - began) * 1000)
        steps = [
            _("The address answered."),
            _("The key was accepted."),
            ngettext("It lists %(count)d model.", "It lists %(count)d models.", len(rows))
            % {"count": len(rows)},
            *self.warnings(rows),
        ]
        return Checked(tuple(steps), latency_ms)

    def warnings(self, rows: list[dict[str, Any]]) -> list[str]:
        return []

    def bound_of(self, model: str) -> str:
        """How the longest answer is called: models that reason know the new name only."""
        return "max_completion_tokens"

    def line(self) -> Line:
        return Line(self.connection, self.headers(), self.deadline_s)

    def headers(self) -> dict[str, str]:
        headers = {}
        if self.connection.secret:
            headers["authorization"] = f"Bearer {self.connection.secret}"
        for name in ("organization", "project"):
            if value := self.connection.options.get(name):
                headers[f"openai-{name}"] = str(value)
        return headers | self.named()

    def named(self) -> dict[str, str]:
        name = self.connection.request_name() if self.request_header else ""
        return {self.request_header: name} if name else {}

    def path(self, path: str, model: str) -> str:
        return path

    def picture_fields(self, order: Order) -> dict[str, Any]:
        plan = order.plan
        fields: dict[str, Any] = {
            "model": order.model,
            "prompt": plan.prompt,
            "n": plan.n,
            "size": plan.size,
        }
        if plan.quality:
            fields["quality"] = plan.quality
        if plan.style:
            fields["style"] = plan.style
        if plan.background != "auto":
            fields["background"] = plan.background
        if plan.format != "png":  # which is what comes unasked
            fields["output_format"] = plan.format
        if order.user:
            fields["user"] = order.user
        if order.partials:
            fields |= {"stream": True, "partial_images": order.partials}
        return fields

    def chat_fields(self, question: Question) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "model": question.model,
            "messages": list(question.messages),
            self.bound_of(question.model): question.most_tokens,
        }
        if question.tools:
            fields["tools"] = list(question.tools)
        if question.tools and question.tool_choice:
            fields["tool_choice"] = chosen(question.tool_choice)
        if question.temperature is not None and not families.reasons(question.model):
            fields["temperature"] = question.temperature
        if not (question.tools and self.connection.options.get("no_streaming_with_tools")):
            fields |= {"stream": True, "stream_options": {"include_usage": True}}
        return fields


def chosen(tool_choice: str) -> Any:
    if tool_choice in ("auto", "none", "required"):
        return tool_choice
    return {"type": "function", "function": {"name": tool_choice}}


def listed(row: dict[str, Any]) -> Listed:
    model = row["id"]
    context = next((row[name] for name in _CONTEXT if isinstance(row.get(name), int)), None)
    return Listed(model, name=model, tags=families.tags(model), context_tokens=context)
