"""Keys and profiles by which a provider knows us. Secrets go in and never come out again."""

from __future__ import annotations

from urllib.parse import urlsplit

from providers.models import Credential, Provider


def secret_of(provider: Provider) -> str:
    for credential in provider.credentials.filter(is_enabled=True):
        return credential.unseal("secret")
    return ""


def set_key(provider: Provider, secret: str) -> None:
    forget(provider)
    credential = Credential(organisation=provider.organisation, provider=provider)
    credential.host = urlsplit(provider.base_url).hostname or ""
    credential.seal("secret", secret)
    credential.save()


def forget(provider: Provider) -> None:
    provider.credentials.filter(kind=Credential.Kind.KEY).delete()
