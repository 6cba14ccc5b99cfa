"""What a picture may cost at most, before anything is set aside for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from accounts.models import Organisation
from policies.spender import Quote
from providers import pricing
from providers.resolve import Choice
from providers.shapes import Plan, Wish


def of_pictures(
    choice: Choice, plan: Plan, wish: Wish, *, organisation: Organisation, now: datetime
) -> Quote:
    able = choice.capabilities
    tariff = pricing.for_pictures(
        choice.model,
        able,
        plan,
        references=wish.references,
        currency=organisation.currency,
        now=now,
    )
    return Quote(
        capability="image",
        operation=plan.operation,
        provider=choice.model.provider.name,
        model=choice.model.remote_id,
        amount_micro=pricing.quote(tariff, able, plan, references=wish.references),
        currency=tariff.currency,
        price=asdict(tariff),
        pictures=plan.n,
        size=plan.size,
        quality=plan.quality,
    )


def together(quotes: Sequence[Quote]) -> Quote:
    """Of several calls for one wish."""
    return replace(
        quotes[0],
        amount_micro=sum(quote.amount_micro for quote in quotes),
        pictures=sum(quote.pictures for quote in quotes),
    )
