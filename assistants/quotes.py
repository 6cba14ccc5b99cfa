"""What a picture may cost at most, before anything is set aside for it.

A wish for more pictures than its model draws at once is several calls, each rounded by itself. What
is shown is the sum of what will be held: both ask `of_calls`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from accounts.models import Organisation
from policies.spender import Quote
from providers import portions, pricing
from providers.resolve import Choice
from providers.shapes import Order, Plan, Wish


def of_wish(
    choice: Choice, plan: Plan, wish: Wish, *, organisation: Organisation, now: datetime
) -> Quote:
    calls = of_calls(choice, plan, wish, organisation=organisation, now=now)
    return together([quote for _part, quote in calls])


def of_calls(
    choice: Choice, plan: Plan, wish: Wish, *, organisation: Organisation, now: datetime
) -> list[tuple[Plan, Quote]]:
    """What each call brings, and its quote: the same for as many pictures."""
    parts = _parts(choice, plan)
    quoted = {
        n: _of_call(choice, part, wish, organisation=organisation, now=now)
        for n, part in {part.n: part for part in parts}.items()
    }
    return [(part, quoted[part.n]) for part in parts]


def _of_call(
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


def _parts(choice: Choice, plan: Plan) -> list[Plan]:
    """What one request to the provider can bring."""
    told = choice.adapter.capabilities(choice.model.remote_id).pictures_per_call
    most = max(1, min(told, choice.capabilities.pictures_per_call))
    whole = Order(choice.model.remote_id, plan)
    return [order.plan for order in portions.portioned(whole, most=most)]
