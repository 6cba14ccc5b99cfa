"""Providers, models, prices and defaults of an organisation: every change goes through here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from providers import changes, credentials, defaults, overrides
from providers.changes import RIGHT
from providers.defaults import (
    forget_alias,
    forget_default,
    set_alias,
    set_default,
    set_fallbacks,
)
from providers.models import Alias, Fallback, Model, ModelDefault, Provider, Tag
from providers.prices import gaps, is_priced, set_price, with_units, withdraw_price
from providers.registry import KINDS, kind_of
from tale.lib import http
from tale.lib.refusals import NotFound, Refusal

__all__ = [
    "RIGHT",
    "Affected",
    "affected_by",
    "delete_provider",
    "forget_alias",
    "forget_default",
    "gaps",
    "is_priced",
    "save_model",
    "save_provider",
    "set_alias",
    "set_default",
    "set_fallbacks",
    "set_price",
    "with_units",
    "withdraw_price",
]
_OF_PROVIDER = {
    "kind",
    "name",
    "base_url",
    "reaches_private",
    "options",
    "note",
    "region",
    "timeout_s",
    "most_at_once",
    "per_minute",
    "is_enabled",
}
_OF_MODEL = {
    "provider",
    "remote_id",
    "name",
    "tags",
    "context_tokens",
    "output_tokens",
    "capabilities",
    "bills_refusals",
    "is_enabled",
    "retires_on",
    "replacement",
}


@dataclass(frozen=True, slots=True)
class Affected:
    """What goes with a provider, by name, and which tags nobody would serve any more."""

    models: tuple[str, ...]
    defaults: tuple[str, ...]
    fallbacks: tuple[str, ...]
    aliases: tuple[str, ...]
    unserved: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.models)


@transaction.atomic
def save_provider(
    *,
    actor: Actor,
    provider: Provider | None = None,
    credential: str = "",
    forget_credential: bool = False,
    **fields: Any,
) -> Provider:
    """An empty credential keeps the one that is there."""
    row, before = changes.begin(actor, provider, Provider)
    was_at = row.host
    changes.put(row, fields, _OF_PROVIDER)
    if row.kind not in KINDS:
        raise Refusal("invalid_choice", field="kind", choices=list(KINDS))
    _check_address(row)
    has_key = row.pk and not row._state.adding and row.credentials.exists()
    if not (credential or forget_credential) and has_key and row.host != was_at:
        message = _("The key belongs to the former host. Enter one for this host.")
        raise Refusal("required", message, field="api_key")
    saved: Provider = changes.save(actor, row, before)
    if credential:
        credentials.set_key(actor=actor, provider=saved, secret=credential)
    elif forget_credential:
        credentials.forget(actor=actor, provider=saved)
    return saved


@transaction.atomic
def save_model(*, actor: Actor, model: Model | None = None, **fields: Any) -> Model:
    row, before = changes.begin(actor, model, Model)
    changes.put(row, fields, _OF_MODEL)
    if row.provider.organisation_id != actor.organisation.pk:
        raise NotFound(field="provider")
    if not row.tags and ("tags" in fields or not before):
        raise Refusal("required", _("Say what this model is for: one tag at least."), field="tags")
    if not set(row.tags) <= set(Tag.values):
        raise Refusal("invalid_choice", field="tags", choices=Tag.values)
    overrides.checked(row.capabilities)
    saved: Model = changes.save(actor, row, before, unique="remote_id")
    if not before:
        defaults.give_way(actor=actor, model=saved)
    return saved


def affected_by(provider: Provider) -> Affected:
    organisation = provider.organisation
    served = [set(model.tags) for model in Model.objects.filter(provider=provider)]
    others = Model.objects.of(organisation).exclude(provider=provider)
    still = [set(model.tags) for model in others.filter(is_enabled=True, provider__is_enabled=True)]
    lost = set().union(*served) - set().union(*still)
    of_it = {"model__provider": provider}
    return Affected(
        models=tuple(str(row) for row in Model.objects.filter(provider=provider)),
        defaults=tuple(
            str(row)
            for row in ModelDefault.objects.of(organisation).filter(**of_it).select_related("model")
        ),
        fallbacks=tuple(
            str(row)
            for row in Fallback.objects.of(organisation).filter(**of_it).select_related("model")
        ),
        aliases=tuple(row.name for row in Alias.objects.of(organisation).filter(**of_it)),
        unserved=tuple(str(Tag(tag).label) for tag in Tag.values if tag in lost),
    )


@transaction.atomic
def delete_provider(*, actor: Actor, provider: Provider, confirmed: bool = False) -> Affected:
    """With its models, their prices and all that points at them. What was booked stays booked."""
    actor.require(RIGHT)
    changes.ours(actor, provider)
    hit = affected_by(provider)
    if hit and not confirmed:
        text = _("%(name)s is in use. See what goes with it, then confirm.")
        words = {"name": provider.name}
        raise Refusal("required", text % words, field="confirmed", **asdict(hit))
    changes.delete(actor, provider, after=asdict(hit))
    return hit


def _check_address(provider: Provider) -> None:
    if "?" in provider.base_url:
        message = _("Leave the part after ? out of the address.")
        raise Refusal("url_not_allowed", message, field="base_url")
    if provider.base_url:
        http.check_url(provider.base_url, reach=http.Reach(private=provider.reaches_private))
    elif not (kind := kind_of(provider.kind)).default_url and not kind.is_local:
        message = _("This kind of service has no address of its own. Enter one.")
        raise Refusal("required", message, field="base_url")
