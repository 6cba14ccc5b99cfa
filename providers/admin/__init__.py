"""Providers & models."""

from providers.admin.credentials import CredentialAdmin
from providers.admin.defaults import AliasAdmin, DefaultAdmin, FallbackAdmin
from providers.admin.models import ModelAdmin
from providers.admin.providers import ProviderAdmin
from providers.admin.reasons import REASONS

__all__ = [
    "REASONS",
    "AliasAdmin",
    "CredentialAdmin",
    "DefaultAdmin",
    "FallbackAdmin",
    "ModelAdmin",
    "ProviderAdmin",
]
