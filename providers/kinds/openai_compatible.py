"""Anything that speaks nearly OpenAI's wire, at any address. Nothing is assumed, much is tolerated:
what a server refuses is left out from then on.

options   no_streaming_with_tools: true, where a streamed call arrives garbled
          image_api: "size" or "width_height", as Together wants it
"""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from providers import families
from providers.kinds.openai import OpenAI
from providers.shapes import Capabilities, Order


class OpenAICompatible(OpenAI):
    default_url = ""
    request_header = ""  # unknown to most, and refused by some

    def bound_of(self, model: str) -> str:
        return super().bound_of(model) if families.reasons(model) else "max_tokens"

    def capabilities(self, model: str) -> Capabilities:
        able = families.capabilities(model)
        if self._names_sides:
            return replace(able, seed=True, negative=True)
        return able

    @property
    def _names_sides(self) -> bool:
        return self.connection.options.get("image_api") == "width_height"

    def picture_fields(self, order: Order) -> dict[str, Any]:
        plan = order.plan
        fields = super().picture_fields(order)
        # LocalAI takes what stands behind a | for what is not wanted.
        fields["prompt"] = plan.prompt.replace("|", ",")
        if self._names_sides:
            del fields["size"]
            fields |= {"width": plan.width, "height": plan.height, "seed": plan.seed}
            if plan.negative:
                fields["negative_prompt"] = plan.negative
        if not order.partials:  # else it comes as an address, which lives for an hour or so
            fields["response_format"] = "base64" if self._names_sides else "b64_json"
        return fields

    def warnings(self, rows: list[dict[str, Any]]) -> list[str]:
        if any(row.get("owned_by") == "library" for row in rows):  # so Ollama says
            return [_("Ollama forgets all but 4096 tokens unless OLLAMA_CONTEXT_LENGTH is raised.")]
        return []
