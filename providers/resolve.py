"""Which model is meant by a tag, and why this one: one list for the caller and for the admin.

asked for by name > the chat's choice > the assistant's > the organisation's default >
a provider's default > the first one tagged

What cannot be used now is passed over and says why. Two things end the search: a name that was
asked for, which stands for nothing else, and a chosen model that is retired, because whoever
chose it must hear what replaces it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation
from providers import abilities, catalogue, health, registry, shelves
from providers.base import Adapter
from providers.models import Alias, Fallback, Model, ModelDefault, Tag
from providers.shapes import Capabilities
from tale.lib.refusals import Refusal, Text

Permitted = Callable[[Model], bool]
# What an assistant or a chat keeps: the row, or the name an admin wrote into a file.
Named = Model | str | None

ASKED = gettext_lazy("It was asked for by name.")
CHOSEN = gettext_lazy("It was chosen in this chat.")
PREFERRED = gettext_lazy("The assistant asks for it.")
DEFAULT = gettext_lazy("It is the organisation's default.")
PROVIDERS = gettext_lazy("It is its provider's default.")
FIRST = gettext_lazy("It is the first one tagged for this.")
NAMED_BY_SOMEBODY = (ASKED, CHOSEN, PREFERRED)
STEPS_IN = gettext_lazy("It steps in when another one has a fault.")
LATER = gettext_lazy("It could be used, but another one comes first.")
DEMANDED = gettext_lazy(  # word for word what admins know from elsewhere
    "Image generation internal tool requested but no image generation model configured"
)
_ID = "model_"
_PICTURES = (Tag.IMAGE_GENERATION, Tag.IMAGE_EDIT)
_KIND_OF = {"openai-codex": "openai"}  # how OpenClaw writes a model reached by a sign-in


@dataclass(frozen=True, slots=True)
class Choice:
    model: Model
    reason: Text
    is_asked: bool = False  # by name: nothing may stand in for it

    @property
    def adapter(self) -> Adapter:
        return registry.adapter_for(self.model.provider)

    @property
    def capabilities(self) -> Capabilities:
        return abilities.of(self.model)


@dataclass(frozen=True, slots=True)
class Considered:
    model: Model
    taken: bool
    reason: Text
    code: str = ""  # of the refusal, where it cannot be used
    ends_it: bool = False  # nothing after it may be taken


def resolve(
    organisation: Organisation,
    tag: str,
    *,
    asked: str = "",
    chosen: Named = None,
    preferred: Named = None,
    permitted: Permitted = lambda model: True,
    demanded: bool = False,
    now: datetime | None = None,
) -> Choice:
    """`demanded`: somebody switched the tool on and said so, not a model of its own accord."""
    now = now or timezone.now()
    considered = why(
        organisation,
        tag,
        asked=asked,
        chosen=chosen,
        preferred=preferred,
        permitted=permitted,
        now=now,
    )
    for one in considered:
        if one.taken:
            return Choice(one.model, one.reason, is_asked=bool(asked))
    raise _refusal(considered, tag, asked=asked, demanded=demanded, now=now)


def why(
    organisation: Organisation,
    tag: str,
    *,
    asked: str = "",
    chosen: Named = None,
    preferred: Named = None,
    permitted: Permitted = lambda model: True,
    now: datetime | None = None,
) -> list[Considered]:
    """Every model that comes into question, best first, with what speaks for or against it."""
    shelf = _Shelf(organisation, tag, permitted, now or timezone.now(), asked=asked)
    wanted = [(asked, ASKED)] if asked else [(chosen, CHOSEN), (preferred, PREFERRED)]
    considered: dict[str, Considered] = {}
    is_over = False
    for model, reason in shelf.in_order(wanted, is_asked=bool(asked)):
        if model.pk in considered:
            continue
        code, against = shelf.against(model)
        if not code and not is_over:
            considered[model.pk] = Considered(model, True, reason)
            is_over = True
            continue
        # Who named it hears that it is gone; a default that is gone just gives way.
        ends_it = not is_over and reason in NAMED_BY_SOMEBODY and shelf.is_gone(model)
        is_over = is_over or ends_it
        considered[model.pk] = Considered(model, False, against or LATER, code, ends_it)
    return list(considered.values())


def chain(
    choice: Choice,
    organisation: Organisation,
    tag: str,
    *,
    fallbacks: Sequence[Named] = (),
    permitted: Permitted = lambda model: True,
    now: datetime | None = None,
) -> list[Choice]:
    """The choice, and who may step in after a fault: the assistant's `fallbacks`, then the
    organisation's. Nobody for a model that was asked for by name."""
    if choice.is_asked:
        return [choice]
    rows = list(Fallback.objects.of(organisation).filter(tag=tag).order_by("position"))
    if not (fallbacks or rows):
        return [choice]
    shelf = _Shelf(organisation, tag, permitted, now or timezone.now())
    named = (shelf.named(name) for name in fallbacks)
    others = [*named, *(shelf.by_id.get(row.model_id) for row in rows)]
    links = {choice.model.pk: choice}
    for model in others:
        if model is not None and not shelf.against(model)[0]:
            links.setdefault(model.pk, Choice(model, STEPS_IN))
    return list(links.values())


class _Shelf:
    """All models of an organisation. Of one that is asked for by its id, it alone."""

    def __init__(
        self,
        organisation: Organisation,
        tag: str,
        permitted: Permitted,
        now: datetime,
        *,
        asked: str = "",
    ) -> None:
        self.organisation, self.tag, self.permitted, self.now = organisation, tag, permitted, now
        only = asked if asked.startswith(_ID) else ""
        found = shelves.models_of(organisation, now=now, only=only)
        if only and not found:
            found = shelves.models_of(organisation, now=now)
        self.by_id = {model.pk: model for model in found}
        self._aliases: dict[str, str] | None = None

    def in_order(
        self, wanted: Sequence[tuple[Named, Text]], *, is_asked: bool
    ) -> Iterator[tuple[Model, Text]]:
        for name, reason in wanted:
            if (model := self.named(name)) is not None:
                yield model, reason
        if is_asked:
            return
        defaults = ModelDefault.objects.of(self.organisation).filter(tag=self.tag)
        of_provider: dict[str | None, str] = {row.provider_id: row.model_id for row in defaults}
        if model := self._by_id(of_provider.get(None)):
            yield model, DEFAULT
        tagged = [model for model in self.by_id.values() if self.tag in model.tags]
        for provider in dict.fromkeys(model.provider_id for model in tagged):
            if model := self._by_id(of_provider.get(provider)):
                yield model, PROVIDERS
        for model in tagged:
            yield model, FIRST

    def _by_id(self, pk: str | None) -> Model | None:
        return self.by_id.get(pk) if pk else None

    def named(self, name: Named) -> Model | None:
        """By id, alias, provider's name and id, kind and id, or the bare id, in that order."""
        if not name or isinstance(name, Model):
            return self.by_id.get(name.pk) if name else None
        if name in self.by_id:
            return self.by_id[name]
        if self._aliases is None:
            rows = Alias.objects.of(self.organisation).values_list("name", "model_id")
            self._aliases = dict(rows)
        if name in self._aliases:
            return self.by_id.get(self._aliases[name])
        first, _slash, rest = name.partition("/")
        kind = _KIND_OF.get(first, first)
        names: tuple[Callable[[Model], bool], ...] = (
            lambda model: (model.provider.name, model.remote_id) == (first, rest),
            lambda model: (model.provider.kind, model.remote_id) == (kind, rest),
            lambda model: model.remote_id == name,
        )
        called = [m for is_it in names for m in self.by_id.values() if is_it(m)]
        usable = (model for model in called if not self.against(model)[0])
        return next(usable, called[0] if called else None)

    def is_gone(self, model: Model) -> bool:
        retired = model.retires_on is not None and model.retires_on <= self.now.date()
        return retired or model.vanished_at is not None

    def against(self, model: Model) -> tuple[str, str]:
        """What speaks against using it now: a code and a sentence, both empty if nothing does."""
        provider, now = model.provider, self.now
        if self.is_gone(model):
            return "model_not_found", _gone(model, now)
        if self.tag not in model.tags:
            text = _("%(model)s is not tagged %(tag)s.")
            return "unsupported_for_model", text % {
                "model": model.name,
                "tag": Tag(self.tag).label,
            }
        if not (model.is_enabled and provider.is_enabled):
            name = provider.name if model.is_enabled else model.name
            return "model_not_found", _("%(name)s is switched off.") % {"name": name}
        if not self.permitted(model):
            text = _("%(model)s may not be used here. Ask an administrator.")
            return "model_not_allowed", text % {"model": model.name}
        if not catalogue.is_priced(model):
            text = _(
                "%(model)s has no price, so nothing may be spent on it. "
                "An administrator can set it under Providers & models, Prices."
            )
            return "price_unknown", text % {"model": model.name}
        if provider.rests_until is not None and health.is_resting(provider, now=now):
            until = date_format(timezone.localtime(provider.rests_until), "TIME_FORMAT")
            text = _("%(provider)s failed several times in a row and rests until %(time)s.")
            return "provider_error", text % {"provider": provider.name, "time": until}
        return "", ""


def _gone(model: Model, now: datetime) -> str:
    names = {"model": model.remote_id, "instead": model.replacement}
    if model.retires_on is not None and model.retires_on <= now.date():
        text = _("%(model)s was retired on %(date)s.") % (
            names | {"date": model.retires_on.isoformat()}
        )
    else:
        text = _("%(model)s is no longer listed by its provider.") % names
    if model.replacement:
        return f"{text} " + _("Ask for %(instead)s.") % names
    return f"{text} " + _("Choose another model.")


def _refusal(
    considered: list[Considered], tag: str, *, asked: str, demanded: bool, now: datetime
) -> Refusal:
    """Of several causes the one that mends itself first, then those an admin mends soonest."""
    order = ("provider_error", "price_unknown", "model_not_allowed")
    causes = [one for one in considered if asked or one.ends_it] or [
        one for code in order for one in considered if one.code == code
    ]
    if causes:
        return _because_of(causes[0], now)
    if tag not in _PICTURES or asked:
        return Refusal("model_not_found", considered[0].reason if considered else "", field="model")
    if demanded:
        return Refusal("image_generation_unavailable", DEMANDED)
    text: Text = ""
    if considered:
        why_not = {"reason": considered[0].reason}
        text = _("Image generation is unavailable. %(reason)s") % why_not
    return Refusal("image_generation_unavailable", text)


def _because_of(one: Considered, now: datetime) -> Refusal:
    rests_until = one.model.provider.rests_until
    rests_s = (rests_until - now).total_seconds() if rests_until else 0
    return Refusal(
        one.code,
        one.reason,
        field="model",
        retry_after_s=math.ceil(rests_s) if one.code == "provider_error" else 0,
    )
