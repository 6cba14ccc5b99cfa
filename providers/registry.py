"""Every kind of provider. To add one: a module in kinds/, a simulator, a line here."""

from functools import partial
from importlib import import_module

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from providers import credentials
from providers.base import Adapter, Connection
from providers.guarded import Guarded
from providers.health import Standing
from providers.models import Provider
from providers.queueing.limits import Limits

KINDS: dict[str, tuple[Promise, str]] = {
    "studio": (_("Studio (built in)"), "providers.kinds.studio.Studio"),
    "openai": (_("OpenAI"), "providers.kinds.openai.OpenAI"),
    "openai_compatible": (
        _("OpenAI-compatible"),
        "providers.kinds.openai_compatible.OpenAICompatible",
    ),
    "azure_openai": (_("Azure OpenAI"), "providers.kinds.azure_openai.AzureOpenAI"),
    "clipdrop": (_("ClipDrop"), "providers.kinds.clipdrop.ClipDrop"),
    "google": (_("Google Gemini"), "providers.kinds.google.Google"),
}


def kind_of(name: str) -> type[Adapter]:
    module, _, kind = KINDS[name][1].rpartition(".")
    found: type[Adapter] = getattr(import_module(module), kind)
    return found


def adapter_for(provider: Provider) -> Adapter:
    """Asks the database nothing: a list of models asks this for each of them."""
    kind = kind_of(provider.kind)
    return Guarded(
        kind,
        Connection(
            base_url=provider.base_url or kind.default_url,
            deadline_s=provider.timeout_s,
            reaches_private=provider.reaches_private,
            options=provider.options,
            refused=frozenset(provider.refused),
        ),
        label=provider.kind,
        standing=Standing.of(provider),
        limits=Limits(
            provider.pk,
            name=provider.name,
            at_once=provider.most_at_once or 0,
            per_minute=provider.per_minute or 0,
        ),
        find_credentials=partial(credentials.candidates, provider),
    )
