"""One row per request to a model: what came of it, how long it took."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from policies import budgets, late, losses
from policies.models import Call, Entry, Hold
from providers import pricing
from providers.errors import Declined, NotBilled, ProviderFailed
from providers.pricing import Tariff
from providers.shapes import Usage

OUTCOMES = {"content_policy": "refused", "cancelled": "cancelled"}


def start(*, hold: Hold, now: datetime) -> Call:
    return Call.objects.create(
        organisation=hold.organisation,
        hold=hold.pk,
        provider=hold.provider,
        model=hold.model,
        capability=hold.capability,
        surface=hold.surface,
        started_at=now,
    )


def end(*, call: Call, now: datetime, outcome: str = "done", code: str = "") -> None:
    call.outcome, call.code, call.ended_at = outcome, code, now
    call.save(update_fields=["outcome", "code", "ended_at", "first_byte_at"])


def refuse(*, refused: Hold, code: str, now: datetime) -> None:
    """Nothing was sent: the wish counts, and is told apart from what was made."""
    end(call=start(hold=refused, now=now), now=now, outcome="refused", code=code)


def close(
    *,
    hold: Hold,
    outcome: str,
    code: str = "",
    now: datetime,
    first_byte_at: datetime | None = None,
) -> None:
    """For a caller who died before ending it: when it was answered, that one alone knew."""
    forgotten = Call.objects.of(hold.organisation).filter(hold=hold.pk, ended_at=None)
    forgotten.update(outcome=outcome, code=code, ended_at=now, first_byte_at=first_byte_at)


def fail(*, call: Call, hold: Hold, failed: ProviderFailed, now: datetime) -> None:
    """The money follows what the failure means."""
    usage = billed_all_the_same(hold, failed)
    if usage is not None:
        usage = replace(usage, request_id=failed.request_id or usage.request_id)
        lines, confidence = billed(hold, usage)
        booked = late.settle(hold=hold, lines=lines, now=now, confidence=confidence)
        if booked and failed.usage is not None:  # drawn; who bills refusals has drawn nothing
            losses.note(hold=hold, pictures=failed.usage.pictures)
    elif isinstance(failed, NotBilled):
        budgets.release(hold=hold, now=now, from_states=Hold.OPEN)
    else:
        budgets.doubt(hold=hold)
    outcome = OUTCOMES.get(failed.code, "failed")
    end(call=call, now=now, outcome=outcome, code=failed.code)


def billed(hold: Hold, usage: Usage) -> tuple[list[dict[str, Any]], str]:
    """The lines of a call, at the prices of its hold, and how sure they are."""
    tariff = Tariff(**hold.price)
    is_estimate = tariff.is_estimate(usage)
    confidence = Entry.Confidence.ESTIMATED if is_estimate else Entry.Confidence.EXACT
    return pricing.lines(usage, amount_micro=tariff.bill(usage)), confidence


def billed_all_the_same(hold: Hold, failed: ProviderFailed) -> Usage | None:
    """Some providers bill for looking at what they then refuse."""
    if failed.usage is not None:
        return failed.usage
    refusals_billed = Tariff(**hold.price).refusals_billed
    if isinstance(failed, Declined) and refusals_billed:
        return Usage(pictures=hold.pictures, credits=hold.pictures, is_estimate=True)
    return None
