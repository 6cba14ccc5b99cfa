"""All models of an organisation with their providers and prices, read again when one of them
changed.

PostgreSQL tells the versions of rows apart by who wrote them and where they lie (xmin, ctid). As
long as all of them are what they were, so is what they say: one short statement stands for two
long ones. SQLite does not tell them, and is asked each time.
"""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from accounts.models import Organisation
from providers import prices
from providers.models import Model, Price

MOST_KNOWN = 500
_VERSIONS = """
    SELECT model.id, model.xmin::text, model.ctid::text, provider.xmin::text, provider.ctid::text,
        (SELECT string_agg(price.xmin::text || price.ctid::text, ' ' ORDER BY price.id)
         FROM providers_price price WHERE price.model_id = model.id)
    FROM providers_model model JOIN providers_provider provider ON provider.id = model.provider_id
    WHERE model.organisation_id = %s AND (%s = '' OR model.id = %s) ORDER BY model.id
"""


class Shelf(NamedTuple):
    versions: list[Any]
    models: list[Model]
    prices: list[Price]


_known: dict[tuple[str, str, str], Shelf] = {}


def models_of(organisation: Organisation, *, now: datetime, only: str = "") -> list[Model]:
    """In their order, each with the prices that count now (see prices.priced). `only`: the one of
    this id."""
    on_postgresql = connection.vendor == "postgresql"
    shelf = _as_it_was(organisation, only) if on_postgresql else _read(organisation, only)
    providers = {model.provider_id: copy.copy(model.provider) for model in shelf.models}
    mine = [copy.copy(model) for model in shelf.models]  # theirs to write on
    for model in mine:
        model.provider = providers[model.provider_id]
    return prices.priced(mine, shelf.prices, now=now)


def _as_it_was(organisation: Organisation, only: str) -> Shelf:
    """The versions are read before the rows: what changes in between is read again next time."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [organisation.pk, only, only])
        versions = cursor.fetchall()
    name = (organisation.pk, organisation.currency, only)
    shelf = _known.get(name)
    if shelf is None or shelf.versions != versions:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        shelf = _known[name] = _read(organisation, only)._replace(versions=versions)
    return shelf


def _read(organisation: Organisation, only: str) -> Shelf:
    models = Model.objects.of(organisation).select_related("provider")
    rows = Price.objects.of(organisation).filter(currency=organisation.currency)
    if only:
        models, rows = models.filter(pk=only), rows.filter(model=only)
    in_order = models.order_by("provider__created_at", "created_at")
    return Shelf([], list(in_order), list(rows))
