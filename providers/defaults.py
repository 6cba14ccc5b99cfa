"""Which model is meant where nobody names one: the defaults, who steps in, and other names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from providers import changes
from providers.models import Alias, Fallback, Model, ModelDefault, Provider, Tag
from tale.lib.refusals import Refusal

MOST_FALLBACKS = 10
LONGEST_NAME = 120
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*", re.ASCII)


@transaction.atomic
def set_default(
    *, actor: Actor, tag: str, model: Model, provider: Provider | None = None
) -> ModelDefault:
    """The organisation's, or with a provider the one among that provider's models."""
    actor.require(changes.RIGHT)
    changes.ours(actor, model)
    _offered(model, tag)
    if provider is not None and model.provider_id != provider.pk:
        text = _("This model belongs to another provider.")
        raise Refusal("incompatible_parameters", text, field="model")
    known = ModelDefault.objects.of(actor.organisation).filter(tag=tag, provider=provider).first()
    before = audit.picture_of(known) if known else {}
    default = known or ModelDefault(organisation=actor.organisation, tag=tag, provider=provider)
    default.model = model
    saved: ModelDefault = changes.save(actor, default, before, unique="tag")
    return saved


def forget_default(*, actor: Actor, default: ModelDefault) -> None:
    with transaction.atomic():
        changes.delete(actor, default)


@transaction.atomic
def set_fallbacks(*, actor: Actor, tag: str, models: Sequence[Model]) -> list[Fallback]:
    """All of a tag at once, in the order they step in. An empty list: nobody does."""
    actor.require(changes.RIGHT)
    if len(models) > MOST_FALLBACKS:
        raise Refusal("too_many_items", field="models", most=MOST_FALLBACKS)
    for place, model in enumerate(models):
        changes.ours(actor, model)
        _offered(model, tag, field=f"models.{place}")
        if model in models[:place]:
            text = _("%(model)s is listed twice.") % {"model": model}
            raise Refusal("invalid_value", text, field=f"models.{place}")
    known = Fallback.objects.of(actor.organisation).filter(tag=tag).select_related("model")
    before = [str(row.model) for row in known]
    after = [str(model) for model in models]
    if [row.model for row in known] != list(models):
        known.delete()
        Fallback.objects.bulk_create(
            Fallback(organisation=actor.organisation, tag=tag, position=place, model=model)
            for place, model in enumerate(models)
        )
        audit.write(
            actor=actor,
            action="fallbacks.changed",
            before={"tag": tag, "models": before},
            after={"tag": tag, "models": after},
        )
    rows = Fallback.objects.of(actor.organisation).filter(tag=tag)
    return list(rows.select_related("model").order_by("position"))


@transaction.atomic
def set_alias(*, actor: Actor, name: str, model: Model, alias: Alias | None = None) -> Alias:
    """A new one, or with `alias` another name or another model for that one."""
    row, before = changes.begin(actor, alias, Alias)
    changes.ours(actor, model)
    _named(actor.organisation, name)
    row.name, row.model = name, model
    saved: Alias = changes.save(actor, row, before)
    return saved


def forget_alias(*, actor: Actor, alias: Alias) -> None:
    with transaction.atomic():
        changes.delete(actor, alias)


def is_retired(model: Model) -> bool:
    return model.retires_on is not None and model.retires_on <= timezone.now().date()


def give_way(*, actor: Actor, model: Model) -> None:
    """A model that comes under its own name takes the name back from whatever stood in for it."""
    for alias in Alias.objects.of(actor.organisation).filter(name=model.remote_id):
        changes.delete(actor, alias, after={"gave_way_to": str(model)})


def _offered(model: Model, tag: str, *, field: str = "model") -> None:
    words: dict[str, Any] = {"model": model}
    if tag not in Tag.values:
        raise Refusal("invalid_choice", field="tag", choices=Tag.values)
    if tag not in model.tags:
        text = _("%(model)s is not tagged %(tag)s.") % {**words, "tag": Tag(tag).label}
        raise Refusal("incompatible_parameters", text, field=field)
    if is_retired(model):
        words |= {"day": model.retires_on, "replacement": model.replacement or "–"}
        text = _("%(model)s was retired on %(day)s. Its replacement: %(replacement)s.") % words
        raise Refusal("unsupported_for_model", text, field=field)


def _named(organisation: Organisation, name: str) -> None:
    if not name.strip():
        raise Refusal("blank", field="name")
    if len(name) > LONGEST_NAME:
        raise Refusal("too_long", field="name", most=LONGEST_NAME)
    if not _NAME.fullmatch(name):
        text = _("A name is of letters, digits and . _ : / @ + - without spaces.")
        raise Refusal("invalid_characters", text, field="name")
    if Model.objects.of(organisation).filter(remote_id=name).exists():
        text = _("A model has this name itself.")
        raise Refusal("already_exists", text, field="name")
