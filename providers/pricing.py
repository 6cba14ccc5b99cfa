"""What a call may cost at most, and what it did cost. Without a price nothing is spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from providers.models import Model, Price
from providers.shapes import Plan, Question, Usage
from tale.lib import money
from tale.lib.refusals import Refusal

# A token is never shorter than a byte, and a message's frame costs a few.
FRAME_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price rows that apply to one call, frozen at the time of the hold."""

    currency: str
    picture_micro: int = 0
    text_in_micro: int = 0
    text_out_micro: int = 0

    def bill(self, usage: Usage) -> int:
        tokens = money.per_million(
            usage.text_in * self.text_in_micro + usage.text_out * self.text_out_micro
        )
        return usage.pictures * self.picture_micro + tokens


def for_pictures(model: Model, plan: Plan, *, currency: str, now: datetime) -> Tariff:
    rows = _in_force(model, currency, now).filter(
        unit=Price.Unit.PICTURE, size__in=["", plan.size], quality__in=["", plan.quality]
    )
    exact = sorted(rows, key=lambda row: (bool(row.size), bool(row.quality)), reverse=True)
    if not exact:
        raise Refusal("price_unknown", model=model.name)
    return Tariff(exact[0].currency, picture_micro=exact[0].amount_micro)


def for_chat(model: Model, *, currency: str, now: datetime) -> Tariff:
    units = (Price.Unit.TEXT_IN, Price.Unit.TEXT_OUT)
    rows = {row.unit: row for row in _in_force(model, currency, now).filter(unit__in=units)}
    if len(rows) < len(units):
        raise Refusal("price_unknown", model=model.name)
    return Tariff(
        rows[Price.Unit.TEXT_IN].currency,
        text_in_micro=rows[Price.Unit.TEXT_IN].amount_micro,
        text_out_micro=rows[Price.Unit.TEXT_OUT].amount_micro,
    )


def at_most(question: Question) -> Usage:
    said = str(question.messages) + str(question.tools)
    frames = FRAME_TOKENS * (len(question.messages) + len(question.tools))
    return Usage(text_in=len(said.encode()) + frames, text_out=question.most_tokens)


def _in_force(model: Model, currency: str, now: datetime) -> QuerySet[Price]:
    """A price in another currency is no price until there is a rate."""
    begun = Price.objects.filter(model=model, currency=currency, valid_from__lte=now)
    return begun.filter(Q(valid_to=None) | Q(valid_to__gt=now))
