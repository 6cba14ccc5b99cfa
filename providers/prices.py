"""Prices are written once: a new one ends the one before it, from a day on, and never backwards.

What was held under a price is settled under it, whatever is set meanwhile.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from providers import changes
from providers.models import Model, Price
from providers.overrides import QUALITIES, RESOLUTION, SIZE
from providers.pricing import ENOUGH, in_force
from tale.lib import money
from tale.lib.refusals import Refusal

# A thousand million, of a million tokens too: ten pictures of it still fit a database column.
MOST_MICRO = 10**15
LONGEST_SOURCE = 200
_SIZE = re.compile(f"{SIZE.pattern}|{RESOLUTION.pattern}", re.ASCII)


@transaction.atomic
def set_price(
    *,
    actor: Actor,
    model: Model,
    unit: str,
    amount_micro: int,
    now: datetime,
    size: str = "",
    quality: str = "",
    source: str = "",
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    currency: str = "",
    rate_micro: int | None = None,
) -> Price:
    """From now on, or from a later time. In another currency only with a rate: how much one of
    it is in the organisation's."""
    actor.require(changes.RIGHT)
    changes.ours(actor, model)
    price = Price(
        organisation=actor.organisation,
        model=model,
        unit=unit,
        size=size,
        quality=quality,
        source=source,
        valid_from=valid_from or now,
        valid_to=valid_to,
        **_in_our_currency(actor.organisation, amount_micro, currency, rate_micro, now=now),
    )
    _check(price, now=now)
    _take_its_time(price)
    price.save(force_insert=True)
    audit.write(actor=actor, action="price.set", target=model, after=audit.picture_of(price))
    return price


@transaction.atomic
def withdraw_price(*, actor: Actor, price: Price, now: datetime) -> None:
    """Only one that has not begun; the one before it goes on."""
    actor.require(changes.RIGHT)
    changes.ours(actor, price)
    if price.valid_from <= now:
        raise Refusal("append_only")
    before = audit.picture_of(price)
    audit.write(actor=actor, action="price.withdrawn", target=price.model, before=before)
    price.delete()
    _of_same(price).filter(valid_to=price.valid_from).update(valid_to=price.valid_to)


def with_units(models: QuerySet[Model], *, now: datetime) -> QuerySet[Model]:
    """`has_picture`, `has_text_in` and so on: which units have a price that counts now. One in
    another currency does not."""
    rows = Price.objects.filter(
        in_force(now), model=OuterRef("pk"), currency=OuterRef("organisation__currency")
    )
    has = {f"has_{unit}": Exists(rows.filter(unit=unit)) for unit in Price.Unit.values}
    return models.annotate(**has)


def priced(models: Iterable[Model], rows: Iterable[Price], *, now: datetime) -> list[Model]:
    """As `with_units`, with those of the `rows` that count now: who reckons with them asks no
    more."""
    of_model: dict[str, list[Price]] = defaultdict(list)
    for row in rows:
        if row.valid_from <= now and _reaches(row, now):
            of_model[row.model_id].append(row)
    found: list[Any] = list(models)
    for model in found:
        model.prices_now = of_model[model.pk]
        units = {row.unit for row in model.prices_now}
        for unit in Price.Unit.values:
            setattr(model, f"has_{unit}", unit in units)
    return found


def is_priced(model: Any) -> bool:
    """Of a row of `with_units` or `priced`: whether it can be called for all it is tagged
    for."""
    return all(
        any(all(getattr(model, f"has_{unit}") for unit in units) for units in ENOUGH[tag])
        for tag in model.tags
    )


def gaps(organisation: Organisation, *, now: datetime) -> list[Price]:
    """Prices that count now or later and end without another that goes on from there: from then
    on the model is not called."""
    rows = Price.objects.of(organisation).filter(valid_to__gt=now).select_related("model")
    begins = {
        (*_key(row), row.valid_from)
        for row in Price.objects.of(organisation).filter(valid_from__gt=now)
    }
    ending = [row for row in rows if (*_key(row), row.valid_to) not in begins]
    return sorted(ending, key=lambda row: (row.valid_to is None, row.valid_to))


def _check(price: Price, *, now: datetime) -> None:
    if price.unit not in Price.Unit.values:
        raise Refusal("invalid_choice", field="unit", choices=Price.Unit.values)
    if price.unit != Price.Unit.PICTURE and (price.size or price.quality):
        raise Refusal("incompatible_parameters", _("Only pictures have a size."), field="size")
    if price.size and not _SIZE.fullmatch(price.size):
        raise Refusal("invalid_value", _("Write a size such as 1024x1024 or 2K."), field="size")
    if price.quality and price.quality not in QUALITIES:
        text = _("Write a quality: %(choices)s.") % {"choices": ", ".join(QUALITIES)}
        raise Refusal("invalid_choice", text, field="quality", choices=list(QUALITIES))
    if len(price.source) > LONGEST_SOURCE:
        raise Refusal("too_long", field="source", most=LONGEST_SOURCE)
    if price.valid_from < now:
        text = _("A price cannot begin in the past: what was spent then is booked.")
        raise Refusal("invalid_range", text, field="valid_from")
    if price.valid_to is not None and price.valid_to <= price.valid_from:
        raise Refusal("invalid_range", field="valid_to")


def _in_our_currency(
    organisation: Organisation,
    amount_micro: int,
    currency: str,
    rate_micro: int | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    _bounded(amount_micro, "amount")
    if currency in ("", organisation.currency):
        return {"amount_micro": amount_micro, "currency": organisation.currency}
    if rate_micro is None:
        text = _("This price is in %(theirs)s. Enter how much one %(theirs)s is in %(ours)s.")
        words = {"theirs": currency, "ours": organisation.currency}
        raise Refusal("required", text % words, field="rate")
    if rate_micro < 1:
        raise Refusal("out_of_range", _("This rate is too small."), field="rate")
    converted = money.per_million(amount_micro * _bounded(rate_micro, "rate"))
    return {
        "amount_micro": _bounded(converted, "amount"),
        "currency": organisation.currency,
        "original_micro": amount_micro,
        "original_currency": currency,
        "rate_micro": rate_micro,
        "rate_on": now.date(),
    }


def _bounded(micro: int, field: str) -> int:
    if not 0 <= micro <= MOST_MICRO:
        text = _("Write an amount from 0 to %(most)s.") % {"most": money.plain(MOST_MICRO)}
        raise Refusal("out_of_range", text, field=field)
    return micro


def _take_its_time(price: Price) -> None:
    """The one before ends where this begins, and this ends where the next, set earlier, begins.
    An end that somebody chose is not moved."""
    # One at a time for a model: two who look at once would both find room.
    list(Model.objects.of(price.organisation).filter(pk=price.model_id).select_for_update())
    rows = list(_of_same(price).order_by("valid_from"))
    later = [row for row in rows if row.valid_from >= price.valid_from]
    if later and price.valid_to is None:
        price.valid_to = later[0].valid_from
    if later and price.valid_to is not None and price.valid_to > later[0].valid_from:
        raise _overlaps(later[0])
    if price.valid_to == price.valid_from:
        raise _overlaps(later[0])
    before = [row for row in rows if row.valid_from < price.valid_from]
    if not before or not _reaches(before[-1], price.valid_from):
        return
    if before[-1].valid_to is not None and not (later and before[-1].valid_to == price.valid_to):
        raise _overlaps(before[-1])
    before[-1].valid_to = price.valid_from
    before[-1].save(update_fields=["valid_to"])


def _reaches(row: Price, at: datetime) -> bool:
    return row.valid_to is None or row.valid_to > at


def _day(at: datetime) -> str:
    return formats.date_format(timezone.localdate(at))


def _overlaps(row: Price) -> Refusal:
    text = _("Another price is set from %(begins)s to %(ends)s. Choose a time outside it.") % {
        "begins": _day(row.valid_from),
        "ends": _day(row.valid_to) if row.valid_to else "…",
    }
    return Refusal("invalid_range", text, field="valid_from", price=row.pk)


def _of_same(price: Price) -> QuerySet[Price]:
    same = Price.objects.filter(model=price.model, unit=price.unit)
    return same.filter(size=price.size, quality=price.quality)


def _key(price: Price) -> tuple[str, str, str, str]:
    return price.model_id, price.unit, price.size, price.quality
