"""Providers, models, prices and defaults of an organisation: every change goes through here."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from accounts.tenancy import Tenant
from providers import credentials
from providers.models import Model, ModelDefault, Price, Provider, Tag
from providers.pricing import ENOUGH
from providers.registry import KINDS
from providers.shapes import Capabilities
from tale.lib.refusals import NotFound, Refusal

RIGHT = "manage_providers"
QUALITIES = ("low", "medium", "high", "xhigh", "max")
_SIZE = re.compile(r"[1-9]\d{1,4}x[1-9]\d{1,4}|512|[1-8]K", re.ASCII)


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
    row, before = _begin(actor, provider, Provider)
    was_at = _host(row)
    _set(row, fields, {"kind", "name", "base_url", "note", "is_enabled"})
    if row.kind not in KINDS:
        raise Refusal("invalid_choice", field="kind", choices=list(KINDS))
    has_key = row.pk and not row._state.adding and row.credentials.exists()
    if not (credential or forget_credential) and has_key and _host(row) != was_at:
        message = _("The key belongs to the former host. Enter one for this host.")
        raise Refusal("required", message, field="api_key")
    saved: Provider = _save(actor, row, before)
    if credential:
        credentials.set_key(actor=actor, provider=saved, secret=credential)
    elif forget_credential:
        credentials.forget(actor=actor, provider=saved)
    return saved


@transaction.atomic
def save_model(*, actor: Actor, model: Model | None = None, **fields: Any) -> Model:
    row, before = _begin(actor, model, Model)
    known = {"provider", "remote_id", "name", "tags", "capabilities", "is_enabled", "retires_on"}
    _set(row, fields, known)
    if row.provider.organisation_id != actor.organisation.pk:
        raise NotFound(field="provider")
    if not set(row.tags) <= set(Tag.values):
        raise Refusal("invalid_choice", field="tags", choices=Tag.values)
    try:
        Capabilities.of(row.capabilities)
    except (TypeError, AttributeError) as wrong:
        message = _("This names something a model does not have.")
        raise Refusal("unknown_field", message, field="capabilities") from wrong
    saved: Model = _save(actor, row, before)
    return saved


@transaction.atomic
def set_price(
    *,
    actor: Actor,
    model: Model,
    unit: str,
    amount_micro: int,
    now: datetime,
    size: str = "",
    quality: str = "",
    source: str = "",
) -> Price:
    """From now on. A price is never changed: the one before it ends when this one begins, and
    what was held under it is settled under it."""
    actor.require(RIGHT)
    _ours(actor, model)
    if unit not in Price.Unit.values:
        raise Refusal("invalid_choice", field="unit", choices=Price.Unit.values)
    if unit != Price.Unit.PICTURE and (size or quality):
        raise Refusal("incompatible_parameters", _("Only pictures have a size."), field="size")
    if size and not _SIZE.fullmatch(size):
        raise Refusal("invalid_value", _("Write a size such as 1024x1024."), field="size")
    if quality and quality not in QUALITIES:
        raise Refusal("invalid_choice", field="quality", choices=list(QUALITIES))
    of_same = Price.objects.filter(model=model, unit=unit, size=size, quality=quality)
    of_same.filter(valid_to=None).update(valid_to=now)
    price = Price.objects.create(
        organisation=actor.organisation,
        model=model,
        unit=unit,
        size=size,
        quality=quality,
        amount_micro=amount_micro,
        currency=actor.organisation.currency,
        valid_from=now,
        source=source,
    )
    audit.write(actor=actor, action="price.set", target=model, after=audit.picture_of(price))
    return price


def with_units(models: QuerySet[Model], *, now: datetime) -> QuerySet[Model]:
    """`has_picture`, `has_text_in` and so on: which units have a price that counts now. One in
    another currency does not."""
    in_force = Price.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=now),
        model=OuterRef("pk"),
        currency=OuterRef("organisation__currency"),
        valid_from__lte=now,
    )
    has = {f"has_{unit}": Exists(in_force.filter(unit=unit)) for unit in Price.Unit.values}
    return models.annotate(**has)


def is_priced(model: Any) -> bool:
    """Of a row of `with_units`: whether it can be called for everything it is tagged for."""
    return all(
        any(all(getattr(model, f"has_{unit}") for unit in units) for units in ENOUGH[tag])
        for tag in model.tags
    )


@transaction.atomic
def set_default(*, actor: Actor, tag: str, model: Model) -> ModelDefault:
    actor.require(RIGHT)
    _ours(actor, model)
    if tag not in Tag.values:
        raise Refusal("invalid_choice", field="tag", choices=Tag.values)
    if tag not in model.tags:
        message = _("This model is not tagged %(tag)s.") % {"tag": Tag(tag).label}
        raise Refusal("incompatible_parameters", message, field="model")
    known = ModelDefault.objects.of(actor.organisation).filter(tag=tag).first()
    before = audit.picture_of(known) if known else {}
    default, _is_new = ModelDefault.objects.update_or_create(
        organisation=actor.organisation, tag=tag, defaults={"model": model}
    )
    old, new = audit.changes(before, audit.picture_of(default))
    audit.write(actor=actor, action="model_default.changed", target=default, before=old, after=new)
    return default


@transaction.atomic
def forget_default(*, actor: Actor, default: ModelDefault) -> None:
    actor.require(RIGHT)
    _ours(actor, default)
    before = audit.picture_of(default)
    audit.write(actor=actor, action="model_default.deleted", target=default, before=before)
    default.delete()


def _begin(actor: Actor, row: Any, kind: type[Any]) -> tuple[Any, dict[str, Any]]:
    actor.require(RIGHT)
    if row is None:
        return kind(organisation=actor.organisation), {}
    _ours(actor, row)
    return row, audit.picture_of(row)


def _set(row: Tenant, fields: dict[str, Any], known: set[str]) -> None:
    for name, value in fields.items():
        if name not in known:
            raise Refusal("field_not_allowed", field=name)
        setattr(row, name, value)


def _save(actor: Actor, row: Any, before: dict[str, Any]) -> Any:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        field = "remote_id" if isinstance(row, Model) else "name"
        raise Refusal("already_exists", field=field) from taken
    old, new = audit.changes(before, audit.picture_of(row))
    if new:
        action = f"{row._meta.model_name}.{'changed' if before else 'created'}"
        audit.write(actor=actor, action=action, target=row, before=old, after=new)
    return row


def _host(provider: Provider) -> str | None:
    return urlsplit(provider.base_url).hostname


def _ours(actor: Actor, row: Tenant) -> None:
    if row.organisation_id != actor.organisation.pk:
        raise NotFound
