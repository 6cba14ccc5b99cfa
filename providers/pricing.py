"""What a call may cost at most, and what it did cost. Without a price nothing is spent.

A picture is paid by tokens where the model's tokens have prices and it says how many it took, else
by the piece, else by the credit. What the provider tells as its own charge beats the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from providers import tokens
from providers.models import Model, Price, Tag
from providers.shapes import Capabilities, Plan, Question, Usage
from tale.lib import money
from tale.lib.refusals import Refusal

Unit = Price.Unit

# Each line is enough by itself. Pictures that come with an edit are image tokens too.
ENOUGH: dict[str, tuple[tuple[str, ...], ...]] = {
    Tag.CHAT: ((Unit.TEXT_IN, Unit.TEXT_OUT),),
    Tag.VISION: ((Unit.TEXT_IN, Unit.TEXT_OUT),),
    Tag.IMAGE_GENERATION: ((Unit.PICTURE,), (Unit.IMAGE_OUT, Unit.TEXT_IN), (Unit.CREDIT,)),
    Tag.IMAGE_EDIT: (
        (Unit.PICTURE,),
        (Unit.IMAGE_OUT, Unit.TEXT_IN, Unit.IMAGE_IN),
        (Unit.CREDIT,),
    ),
}


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price rows that apply to one call, frozen at the time of the hold. None: no such row."""

    currency: str
    picture_micro: int | None = None
    text_in_micro: int | None = None
    cached_in_micro: int | None = None
    image_in_micro: int | None = None
    text_out_micro: int | None = None
    image_out_micro: int | None = None
    credit_micro: int | None = None
    # What one picture of tokens is believed to cost, if its provider does not say how many.
    foreseen_micro: int | None = None
    refusals_billed: bool = False

    def bill(self, usage: Usage) -> int:
        if usage.told_micro is not None and self._is_told(usage):
            return usage.told_micro
        if self.foreseen_micro is None and self.picture_micro is None and self.credit_micro is None:
            return self._tokens(usage)
        # Words instead of a picture are billed too.
        is_words = not usage.pictures and usage.tokens_in + usage.tokens_out > 0
        if (usage.image_out or is_words) and self.image_out_micro is not None:
            return self._tokens(usage)
        if self.picture_micro is not None:
            return usage.pictures * self.picture_micro
        if self.foreseen_micro is not None:
            return usage.pictures * self.foreseen_micro
        return (usage.credits or usage.pictures) * (self.credit_micro or 0)

    def is_estimate(self, usage: Usage) -> bool:
        """Whether the provider left open what the bill stands on."""
        by_tokens = self.foreseen_micro is not None and self.picture_micro is None
        is_silent = by_tokens and usage.pictures > 0 and not usage.image_out
        return usage.is_estimate or (is_silent and not self._is_told(usage))

    def _is_told(self, usage: Usage) -> bool:
        return usage.told_micro is not None and usage.told_currency == self.currency

    def _tokens(self, usage: Usage) -> int:
        """A kind of token without a row of its own costs what its elder does: nothing is free by
        oversight. Text beside a picture is part of it where the model has no price for it."""
        text_in = self.text_in_micro or 0
        cached = min(usage.cached_in, usage.text_in)
        rates = (
            (usage.text_in - cached, text_in),
            (cached, _or(self.cached_in_micro, text_in)),
            (usage.image_in, _or(self.image_in_micro, text_in)),
            (usage.text_out, self.text_out_micro or 0),
            (usage.image_out, _or(self.image_out_micro, self.text_out_micro or 0)),
        )
        return money.per_million(sum(number * rate for number, rate in rates))


def _or(rate: int | None, elder: int) -> int:
    return elder if rate is None else rate


def lines(usage: Usage, *, amount_micro: int) -> list[dict[str, Any]]:
    """The bill of one call, a line for each picture: nothing is lost between them."""
    number = max(usage.pictures, 1)
    columns = zip(
        shares(amount_micro, number),
        shares(usage.tokens_in, number),
        shares(usage.tokens_out, number),
        strict=True,
    )
    return [
        {
            "amount_micro": amount,
            "pictures": min(usage.pictures, 1),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "provider_request_id": usage.request_id,
        }
        for amount, tokens_in, tokens_out in columns
    ]


def shares(whole: int, number: int) -> list[int]:
    """As even as whole numbers can be; the largest remainders come first."""
    each, rest = divmod(whole, number)
    return [each + (place < rest) for place in range(number)]


def for_pictures(
    model: Model,
    able: Capabilities,
    plan: Plan,
    *,
    references: int = 0,
    partials: int = 0,
    currency: str,
    now: datetime,
) -> Tariff:
    rows = list(_in_force(model, currency, now))
    needed: list[str] = [Unit.TEXT_IN, Unit.IMAGE_OUT]
    if references:
        needed.append(Unit.IMAGE_IN)
    of_tokens = _by_unit(rows, *_OF_TOKENS)
    missing = [unit for unit in needed if unit not in of_tokens]
    if not missing and tokens.of_picture(able, plan) is None:
        missing = ["token_factors"]
    tariff = Tariff(
        currency,
        picture_micro=_dearest([row for row in rows if row.unit == Unit.PICTURE], able, plan),
        credit_micro=_by_unit(rows, Unit.CREDIT).get(Unit.CREDIT),
        refusals_billed=model.bills_refusals,
    )
    if not missing:
        rates: dict[str, Any] = {f"{unit}_micro": rate for unit, rate in of_tokens.items()}
        tariff = replace(tariff, **rates)
        most = quote(tariff, able, plan, references=references, partials=partials)
        return replace(tariff, foreseen_micro=most // plan.n)
    if tariff.picture_micro is None and tariff.credit_micro is None:
        has_some = Unit.IMAGE_OUT in of_tokens
        raise _unknown(model, missing if has_some else [_piece(rows, plan)])
    return tariff


def for_chat(model: Model, *, currency: str, now: datetime) -> Tariff:
    units = _by_unit(_in_force(model, currency, now), *_OF_TOKENS)
    missing = [unit for unit in ENOUGH[Tag.CHAT][0] if unit not in units]
    if missing:
        raise _unknown(model, missing)
    rates = {f"{unit}_micro": rate for unit, rate in units.items()}
    return Tariff(currency, **rates, refusals_billed=model.bills_refusals)


def quote(
    tariff: Tariff, able: Capabilities, plan: Plan, *, references: int = 0, partials: int = 0
) -> int:
    """What the plan may cost at most, in whichever way it comes to be billed."""
    most = [Usage(pictures=plan.n, credits=plan.n)]
    if tariff.image_out_micro is not None:
        most.append(tokens.at_most(able, plan, references=references, partials=partials))
        if tariff.text_out_micro is None:
            most[-1] = replace(most[-1], text_out=0)
    return _dearest_bill(tariff, most)


def quote_answer(tariff: Tariff, able: Capabilities, question: Question) -> int:
    return _dearest_bill(tariff, [tokens.of_question(able, question)])


def _dearest_bill(tariff: Tariff, most: list[Usage]) -> int:
    """Nothing is in the cache, or all is: either may be the dearer."""
    warm = [replace(usage, cached_in=usage.text_in) for usage in most]
    return max(tariff.bill(usage) for usage in (*most, *warm))


def _dearest(rows: list[Price], able: Capabilities, plan: Plan) -> int | None:
    """Of one picture. The row that says most about it counts; where the model chooses the quality
    itself, every quality needs a row and the dearest of them counts."""
    chosen_by_it = plan.quality in ("", "auto")
    qualities = (able.qualities or ("",)) if chosen_by_it else (plan.quality,)
    amounts = [_exact(rows, plan, quality) for quality in qualities]
    found = [amount for amount in amounts if amount is not None]
    return max(found) if len(found) == len(amounts) else None


def _exact(rows: list[Price], plan: Plan, quality: str) -> int | None:
    sizes = {"": 0, plan.resolution: 1 if plan.resolution else 0, plan.size: 2}
    fitting = [row for row in rows if row.size in sizes and row.quality in ("", quality)]
    if not fitting:
        return None
    return max(fitting, key=lambda row: (sizes[row.size], bool(row.quality))).amount_micro


def _by_unit(rows: Iterable[Price], *units: str) -> dict[str, int]:
    return {row.unit: row.amount_micro for row in rows if row.unit in units}


def in_force(now: datetime) -> Q:
    return Q(valid_from__lte=now) & (Q(valid_to=None) | Q(valid_to__gt=now))


def _in_force(model: Model, currency: str, now: datetime) -> Iterable[Price]:
    """A price in another currency is no price until there is a rate."""
    known: list[Price] | None = getattr(model, "prices_now", None)  # see prices.priced
    if known is not None:
        return [row for row in known if row.currency == currency]
    return Price.objects.filter(in_force(now), model=model, currency=currency)


def _piece(rows: list[Price], plan: Plan) -> str:
    has_others = any(row.unit == Unit.PICTURE for row in rows)
    return f"{Unit.PICTURE} {plan.size} {plan.quality}" if has_others else Unit.PICTURE.value


def _unknown(model: Model, missing: list[str]) -> Refusal:
    named = (str(Unit(unit).label) if unit in Unit.values else unit for unit in missing)
    message = _(
        "%(model)s has no price (%(missing)s), so nothing was spent. "
        "An administrator can set it under Providers & models, Prices."
    ) % {"model": model.name, "missing": ", ".join(named)}
    return Refusal("price_unknown", message, field="model", model=model.name, missing=missing)


_OF_TOKENS = (Unit.TEXT_IN, Unit.CACHED_IN, Unit.IMAGE_IN, Unit.TEXT_OUT, Unit.IMAGE_OUT)
