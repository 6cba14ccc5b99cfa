"""What providers list, against what we call there: looked at every night.

A model that is no longer listed is told of once and passed over until it is listed again; one that
will be retired is told of once, a month ahead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Event, Organisation
from providers import registry
from providers.errors import ProviderFailed
from providers.models import Model, Provider
from providers.shapes import Listed
from tale.lib.aio import in_db

log = structlog.get_logger(__name__)
AT_ONCE = 4
WARNED_AHEAD = timedelta(days=30)


async def look(*, now: datetime) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(provider: Provider) -> None:
        async with room:
            await _look_at(provider, now=now)

    await asyncio.gather(*map(one, await in_db(_providers)))
    await in_db(warn, now=now)


def is_listed(model: Model, ids: AbstractSet[str]) -> bool:
    """Ollama lists `llama3:latest` and answers to `llama3`; Google lists `models/…`."""
    name = model.remote_id
    return not ids.isdisjoint((name, f"{name}:latest", f"models/{name}"))


async def _look_at(provider: Provider, *, now: datetime) -> None:
    """What one provider does keeps nobody from looking at the next."""
    try:
        listed = await registry.adapter_for(provider).models()
        await in_db(compare, provider=provider, listed=listed, now=now)
    except ProviderFailed as failed:
        log.info("models not listed", provider=provider.pk, code=failed.code)
    except Exception:
        log.exception("models not compared", provider=provider.pk)


def _providers() -> list[Provider]:
    return [
        provider
        for organisation in Organisation.objects.filter(status=Organisation.Status.ACTIVE)
        for provider in Provider.objects.of(organisation).filter(is_enabled=True)
        if provider.kind in registry.KINDS
    ]


def compare(*, provider: Provider, listed: Iterable[Listed], now: datetime) -> None:
    """An empty list says that the list is broken, not that every model is gone."""
    ids = {each.remote_id for each in listed}
    if not ids:
        return
    for model in provider.models.filter(is_enabled=True):
        if is_listed(model, ids):
            _told(model, "model.returned", vanished_at=None)
        else:
            _told(model, "model.vanished", vanished_at=now)


@transaction.atomic
def _told(model: Model, kind: str, *, vanished_at: datetime | None) -> None:
    """Of two who look at once, one changes the row and tells."""
    mine = Model.objects.filter(organisation_id=model.organisation_id, pk=model.pk)
    other_way = mine.filter(vanished_at__isnull=vanished_at is not None)
    if other_way.update(vanished_at=vanished_at):
        _tell(model, kind)


def warn(*, now: datetime) -> None:
    today = now.date()
    for organisation in Organisation.objects.filter(status=Organisation.Status.ACTIVE):
        models = Model.objects.of(organisation).filter(is_enabled=True, provider__is_enabled=True)
        soon = models.filter(retires_on__gt=today, retires_on__lte=today + WARNED_AHEAD)
        for model in soon:
            _warn(model)


@transaction.atomic
def _warn(model: Model) -> None:
    """Once for each day it is said to retire on. The row is locked against a second who warns."""
    mine = Model.objects.filter(organisation_id=model.organisation_id, pk=model.pk)
    row = mine.select_for_update().first()
    if row is None or row.retires_on is None:
        return
    day = {"retires_on": row.retires_on.isoformat(), "replacement": row.replacement}
    events = Event.objects.filter(organisation_id=row.organisation_id, kind="model.retires")
    if not events.filter(data__model=row.pk, data__retires_on=day["retires_on"]).exists():
        _tell(row, "model.retires", **day)


def _tell(model: Model, kind: str, **more: str) -> None:
    organisation = model.organisation
    about = {"model": model.pk, "remote_id": model.remote_id, "provider": model.provider.name}
    Event.objects.create(organisation=organisation, kind=kind, data={**about, **more})
    actor = Actor(organisation, surface="system")
    audit.write(actor=actor, action=kind, target=model, after=more)
