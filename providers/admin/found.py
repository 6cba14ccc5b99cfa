"""Which of a service's models become ours: what it lists, what we know of each, what is ticked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.actor import Actor
from providers import catalogue, defaults, published, refreshing
from providers.errors import ProviderFailed
from providers.models import Model, ModelDefault, Price, Provider, Tag
from providers.shapes import Listed
from tale.lib import money
from tale.lib.refusals import Refusal

TAGS = tuple(Tag.choices)
MOST, LONGEST = 100, 120
DOLLAR = "USD"
GROUPS: tuple[tuple[str, Promise], ...] = (
    (Tag.IMAGE_GENERATION, _("They make pictures")),
    (Tag.CHAT, _("They chat")),
    ("", _("Others")),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page."""

    remote_id: str
    name: str
    tags: tuple[str, ...]
    price: str
    retires_on: date | None
    replacement: str
    is_ours: bool
    is_retired: bool


def groups(provider: Provider, listed: Iterable[Listed]) -> list[dict[str, Any]]:
    ours = set(provider.models.values_list("remote_id", flat=True))
    rows = [_row(provider, each, ours) for each in listed]
    sorted_in: dict[str, list[Row]] = {tag: [] for tag, _title in GROUPS}
    for row in sorted(rows, key=lambda row: (row.is_retired, bool(row.retires_on), row.remote_id)):
        group = next((tag for tag, _title in GROUPS if tag in row.tags), "")
        sorted_in[group].append(row)
    return [{"title": title, "rows": sorted_in[tag]} for tag, title in GROUPS if sorted_in[tag]]


def _row(provider: Provider, listed: Listed, ours: set[str]) -> Row:
    known = published.proposed(provider.kind, listed.remote_id)
    tags = known.tags or listed.tags
    if not refreshing.is_at_home(provider, published.shipped()):
        known = published.Proposal()  # another host has prices and last days of its own
    return Row(
        remote_id=listed.remote_id,
        name=listed.name or listed.remote_id,
        tags=tags,
        price=_said(known.prices),
        retires_on=known.retires_on,
        replacement=known.replacement,
        is_ours=listed.remote_id in ours,
        is_retired=known.retires_on is not None and known.retires_on <= timezone.localdate(),
    )


def _said(prices: Iterable[published.ListPrice]) -> str:
    """The cheapest and the dearest of what it is priced by: enough to know what one gets into."""
    by_unit: dict[str, list[published.ListPrice]] = {}
    for price in prices:
        by_unit.setdefault(price.unit, []).append(price)
    parts = []
    for unit, rows in by_unit.items():
        amounts = sorted({row.amount_micro for row in rows})
        shown = [money.show(amount, rows[0].currency) for amount in (amounts[0], amounts[-1])]
        label = str(Price.Unit(unit).label)
        parts.append(f"{' – '.join(dict.fromkeys(shown))} {label}")
    return " · ".join(parts)


def needs_rate(provider: Provider) -> bool:
    """Prices are published in dollars."""
    return provider.organisation.currency != DOLLAR and refreshing.is_at_home(
        provider, published.shipped()
    )


@transaction.atomic
def take(actor: Actor, provider: Provider, sent: Any) -> list[Model]:
    chosen = [*sent.getlist("take"), *filter(None, [sent.get("other", "").strip()])]
    if not chosen:
        raise Refusal("required", _("Tick at least one model, or write its id."), field="take")
    if len(chosen) > MOST:
        raise Refusal("too_many_items", field="take", most=MOST)
    rates = _rates(actor, sent.get("rate", ""))
    other = sent.get("other", "").strip()
    made = [
        catalogue.save_model(
            actor=actor,
            provider=provider,
            remote_id=remote_id[:LONGEST],
            name=(sent.get(f"name:{remote_id}") or remote_id)[:LONGEST],
            tags=sent.getlist("other_tags" if remote_id == other else f"tags:{remote_id}"),
        )
        for remote_id in dict.fromkeys(chosen)
    ]
    refreshing.refresh(
        actor=actor,
        published=published.shipped(),
        now=timezone.now(),
        rates=rates,
        only=made,
    )
    _lead(actor, made)
    return made


def _lead(actor: Actor, made: list[Model]) -> None:
    """The first model of a tag is what is taken for it: said, so that a second changes nothing."""
    led = set(
        ModelDefault.objects.of(actor.organisation)
        .filter(provider=None)
        .values_list("tag", flat=True)
    )
    for model in made:
        for tag in model.tags:
            if tag not in led and not defaults.is_retired(model):
                defaults.set_default(actor=actor, tag=tag, model=model)
                led.add(tag)


def _rates(actor: Actor, text: str) -> dict[tuple[str, str], int]:
    if not text.strip():
        return {}
    try:
        rate = money.parse(text.strip().replace(",", "."))
    except Refusal as no:
        raise Refusal("invalid_number", _("Write a rate such as 0.92."), field="rate") from no
    if rate <= 0:
        raise Refusal("out_of_range", _("Write a rate such as 0.92."), field="rate")
    return {(DOLLAR, actor.organisation.currency): rate}


def fault(failed: ProviderFailed | Refusal) -> str:
    """Why the list could not be had."""
    if failed.code == "unsupported_for_model":
        return _t("This service does not tell which models you have there.")
    return str(failed if isinstance(failed, Refusal) else failed.as_refusal())


def told(made: list[Model]) -> str:
    number = len(made)
    text = ngettext("%(number)d model is ours now.", "%(number)d models are ours now.", number)
    return text % {"number": number}


def consequences(hit: catalogue.Affected) -> str:
    """Who is affected, before it is too late."""
    parts = [_t("What was booked stays booked.")]
    lists = (
        (_t("Its models go with it: %(names)s."), hit.models),
        (_t("These defaults point at it: %(names)s."), hit.defaults),
        (_t("These fallbacks point at it: %(names)s."), hit.fallbacks),
        (_t("These aliases point at it: %(names)s."), hit.aliases),
        (_t("Nobody else serves: %(names)s."), hit.unserved),
    )
    parts += [text % {"names": ", ".join(names)} for text, names in lists if names]
    return " ".join(parts)
