"""Brings an organisation's models up to what their providers publish: prices and last days.

A price an administrator entered stays; only one that came from a list is followed by the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from accounts.actor import Actor
from providers import catalogue, changes
from providers.models import Model, Price, Provider
from providers.pricing import in_force
from providers.published import ListPrice, Proposal, Published
from tale.lib import money
from tale.lib.refusals import Refusal

MARK = "List price"

Rates = Mapping[tuple[str, str], int]  # (from, to): how much one of the first is in the second


@dataclass(frozen=True, slots=True)
class Step:
    """`done` is one of changed, kept and refused."""

    model: str
    what: str
    done: str
    why: str = ""


@transaction.atomic
def refresh(
    *,
    actor: Actor,
    published: Published,
    now: datetime,
    rates: Rates,
    only: Collection[Model] | None = None,
    dry_run: bool = False,
) -> list[Step]:
    """All models, or only some, as those just added. The same again changes nothing. A dry run is
    the real one, taken back."""
    actor.require(changes.RIGHT)
    models = Model.objects.of(actor.organisation).select_related("provider")
    if only is not None:
        models = models.filter(pk__in=[model.pk for model in only])
    steps = [
        step
        for model in models.order_by("provider__name", "remote_id")
        for step in _of_model(actor, model, published, rates, now=now)
    ]
    if dry_run:
        transaction.set_rollback(True)
    return steps


def _of_model(
    actor: Actor, model: Model, published: Published, rates: Rates, *, now: datetime
) -> Iterator[Step]:
    proposal = published.proposed(model.provider.kind, model.remote_id)
    if not proposal:
        return
    if not is_at_home(model.provider, published):
        yield Step(str(model), "", "kept", "the provider is at another host, with its own prices")
        return
    yield from _facts(actor, model, proposal)
    if proposal.retires_on is not None and proposal.retires_on <= now.date():
        return
    for row in proposal.prices:
        if step := _price(actor, model, row, proposal, rates, now=now):
            yield step


def _facts(actor: Actor, model: Model, proposal: Proposal) -> Iterator[Step]:
    said = {
        "retires_on": proposal.retires_on or model.retires_on,
        "replacement": proposal.replacement or model.replacement,
        "capabilities": {**proposal.capabilities, **model.capabilities},
    }
    news = {name: value for name, value in said.items() if value != getattr(model, name)}
    if news:
        catalogue.save_model(actor=actor, model=model, **news)
    for name, value in news.items():
        yield Step(str(model), f"{name} {value}", "changed")


def _price(
    actor: Actor,
    model: Model,
    row: ListPrice,
    proposal: Proposal,
    rates: Rates,
    *,
    now: datetime,
) -> Step | None:
    what = " ".join(filter(None, (row.unit, row.size, row.quality)))
    what = f"{what} {money.plain(row.amount_micro)} {row.currency}"
    ours = actor.organisation.currency
    rate = rates.get((row.currency, ours))
    if row.currency != ours and rate is None:
        return Step(str(model), what, "refused", f"needs --rate {row.currency}/{ours}=…")
    known = _in_force(model, row, now)
    if known is not None and not known.source.startswith(MARK):
        return Step(str(model), what, "kept", "an administrator set another source for it")
    if known is not None and _same(known, row, rate):
        return None
    try:
        catalogue.set_price(
            actor=actor,
            model=model,
            unit=row.unit,
            size=row.size,
            quality=row.quality,
            amount_micro=row.amount_micro,
            currency=row.currency,
            rate_micro=rate,
            source=f"{MARK} of {proposal.read_on}: {proposal.source}",
            now=now,
        )
    except Refusal as refusal:
        return Step(str(model), what, "refused", str(refusal))
    return Step(str(model), what, "changed")


def _in_force(model: Model, row: ListPrice, now: datetime) -> Price | None:
    of_same = Price.objects.filter(
        in_force(now), model=model, unit=row.unit, size=row.size, quality=row.quality
    )
    return of_same.first()


def _same(known: Price, row: ListPrice, rate: int | None) -> bool:
    if known.original_currency:
        theirs = (known.original_micro, known.original_currency, known.rate_micro)
        return theirs == (row.amount_micro, row.currency, rate)
    return (known.amount_micro, known.currency) == (row.amount_micro, row.currency)


def is_at_home(provider: Provider, published: Published) -> bool:
    host = urlsplit(provider.base_url).hostname
    return host is None or host == published.hosts.get(provider.kind)
