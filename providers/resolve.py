"""Which model is meant by a tag, and why this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from providers import registry
from providers.base import Adapter
from providers.models import Model, ModelDefault, Tag
from providers.shapes import Capabilities
from tale.lib.refusals import Refusal

Permitted = Callable[[Model], bool]


@dataclass(frozen=True, slots=True)
class Choice:
    model: Model
    reason: Promise

    @property
    def adapter(self) -> Adapter:
        return registry.adapter_for(self.model.provider)

    @property
    def capabilities(self) -> Capabilities:
        if self.model.capabilities:
            return Capabilities.of(self.model.capabilities)
        return self.adapter.capabilities(self.model.remote_id)


def resolve(
    organisation: Organisation,
    tag: str,
    *,
    asked: str = "",
    preferred: Model | None = None,
    permitted: Permitted = lambda model: True,
) -> Choice:
    """The model asked for; else the assistant's; else the organisation's default; else the first
    one tagged. What cannot be used now is passed over, but never what was asked for by name."""
    usable = [model for model in _usable(organisation, tag) if permitted(model)]
    if asked:
        return _asked(asked, usable)
    default = ModelDefault.objects.of(organisation).filter(tag=tag).first()
    in_order = (
        (preferred.pk if preferred else None, _("The assistant asks for it.")),
        (default.model_id if default else None, _("It is the organisation's default.")),
    )
    for pk, reason in in_order:
        for model in usable:
            if model.pk == pk:
                return Choice(model, reason)
    if not usable:
        raise Refusal("image_generation_unavailable" if tag in _PICTURES else "model_not_found")
    return Choice(usable[0], _("It is the first one tagged for this."))


def is_available(organisation: Organisation, tag: str) -> bool:
    return bool(_usable(organisation, tag))


def _asked(name: str, usable: list[Model]) -> Choice:
    for model in usable:
        if name in (model.pk, model.remote_id, f"{model.provider.kind}/{model.remote_id}"):
            return Choice(model, _("It was asked for by name."))
    raise Refusal("model_not_found", field="model")


def _usable(organisation: Organisation, tag: str) -> list[Model]:
    today = timezone.now().date()
    models = (
        Model.objects.of(organisation)
        .filter(is_enabled=True, provider__is_enabled=True)
        .select_related("provider")
        .order_by("provider__created_at", "created_at")
    )
    return [
        model
        for model in models
        if tag in model.tags and (model.retires_on is None or model.retires_on > today)
    ]


_PICTURES = (Tag.IMAGE_GENERATION, Tag.IMAGE_EDIT)
