"""The money for a wish: a hold for each call it takes, all of them or none."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assistants import jobs, pulse, quotes
from assistants.models import ImageJob
from policies import budgets
from policies.models import Hold
from policies.spender import Quote, Spender
from providers import portions
from providers.resolve import Choice
from providers.shapes import Order, Plan, Wish
from tale.lib.fields import new_id


def hold(
    job: ImageJob,
    choice: Choice,
    plan: Plan,
    wish: Wish,
    spender: Spender,
    *,
    first: str,
    now: datetime,
) -> list[tuple[Plan, Hold]]:
    """`first`: the id of the first of them."""
    organisation = spender.organisation
    parts = _parts(choice, plan)
    quoted = [
        quotes.of_pictures(choice, part, wish, organisation=organisation, now=now) for part in parts
    ]

    def one(quote: Quote, hold_id: str = "") -> Hold:
        return budgets.hold(
            spender=spender,
            quote=quote,
            reference=jobs.reference_of(job),
            idempotency_key=new_id("draw"),
            now=now,
            unclaimed_for=pulse.LEASE,
            hold_id=hold_id,
        )

    if len(quoted) == 1:
        return [(parts[0], one(quoted[0], first))]
    try:
        with transaction.atomic():
            held = [one(quoted[0], first), *map(one, quoted[1:])]
            return list(zip(parts, held, strict=True))
    except budgets.BudgetExceeded:
        with transaction.atomic():  # never kept: the refusal speaks of the whole wish
            one(quotes.together(quoted))
            raise


def _parts(choice: Choice, plan: Plan) -> list[Plan]:
    """What one request to the provider can bring."""
    told = choice.adapter.capabilities(choice.model.remote_id).pictures_per_call
    most = max(1, min(told, choice.capabilities.pictures_per_call))
    whole = Order(choice.model.remote_id, plan)
    return [order.plan for order in portions.portioned(whole, most=most)]
