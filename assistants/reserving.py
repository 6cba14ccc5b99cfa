"""The money for a wish: a hold for each call it takes, all of them or none."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assistants import jobs, pulse, quotes
from assistants.models import ImageJob
from policies import budgets
from policies.models import Hold
from policies.spender import Quote, Spender
from providers.resolve import Choice
from providers.shapes import Plan, Wish
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
    planned = quotes.of_calls(choice, plan, wish, organisation=organisation, now=now)
    parts, quoted = zip(*planned, strict=True)

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
