"""Azure OpenAI: a model is asked for by the name of its deployment.

options   api_version: "2025-04-01-preview" for the older address, with the deployment in it
          families: {"my-pictures": "gpt-image-2"}, what a deployment is, if its name does not say
"""

from dataclasses import replace
from urllib.parse import quote

from providers import families
from providers.base import Adapter
from providers.kinds.openai import OpenAI
from providers.line import Line
from providers.shapes import Capabilities, Listed


class AzureOpenAI(OpenAI):
    default_url = ""
    request_header = "x-ms-client-request-id"
    deadline_s = 600  # high quality takes minutes there; so OpenClaw found too

    def capabilities(self, model: str) -> Capabilities:
        named = self.connection.options.get("families") or {}
        return families.capabilities(str(named.get(model, model)))

    async def models(self) -> list[Listed]:
        """Its list names models that could be deployed, not deployments that could be asked."""
        return await Adapter.models(self)

    def line(self) -> Line:
        base_url = self.connection.base_url.rstrip("/")
        base_url = base_url.removesuffix("/openai/v1").removesuffix("/openai")
        return Line(replace(self.connection, base_url=base_url), self.headers(), self.deadline_s)

    def headers(self) -> dict[str, str]:
        return {"api-key": self.connection.secret} | self.named()

    def path(self, path: str, model: str) -> str:
        version = self.connection.options.get("api_version")
        if not (version and model):
            return f"/openai/v1{path}"
        return f"/openai/deployments/{quote(model, safe='')}{path}?api-version={quote(version)}"
