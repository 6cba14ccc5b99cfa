"""Every kind of provider. To add one: a module in kinds/, a simulator, a line here."""

from importlib import import_module

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from providers import credentials
from providers.base import Adapter, Connection
from providers.models import Provider

KINDS: dict[str, tuple[Promise, str]] = {
    "studio": (_("Studio (built in)"), "providers.kinds.studio.Studio"),
}


def adapter_for(provider: Provider) -> Adapter:
    module, _, name = KINDS[provider.kind][1].rpartition(".")
    kind: type[Adapter] = getattr(import_module(module), name)
    return kind(
        Connection(
            base_url=provider.base_url or kind.default_url,
            secret=credentials.secret_of(provider),
            deadline_s=provider.timeout_s,
            reaches_private=provider.reaches_private,
            options=provider.options,
            refused=frozenset(provider.refused),
        )
    )
