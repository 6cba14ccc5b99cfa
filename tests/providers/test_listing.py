"""Every night: which models are gone, which are back, and which will soon be retired."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts.models import AuditLine, Event, Organisation, User
from providers import credentials, listing, tasks
from providers.models import Model, Provider
from providers.shapes import Listed
from tests import upstream
from tests.people import actor_for
from tests.providers.test_probe import add_model

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as sim:
        yield sim


@pytest.fixture
def provider(acme: Organisation, alice: User, sim: Any) -> Provider:
    where = {"base_url": sim.base_url, "reaches_private": True, "timeout_s": 5}
    provider = Provider.objects.create(organisation=acme, kind="openai", name="OpenAI", **where)
    credentials.add(actor=actor_for(alice), provider=provider, kind="key", secret=sim.key)
    return provider


def told(acme: Organisation) -> list[str]:
    events = list(Event.objects.of(acme).order_by("created_at").values_list("kind", flat=True))
    lines = AuditLine.objects.of(acme).filter(action__startswith="model.").order_by("seq")
    assert events == list(lines.values_list("action", flat=True))
    return events


def test_it_works(acme: Organisation, provider: Provider, sim: Any) -> None:
    stays, goes = add_model(provider, sim.models[0]), add_model(provider, "dall-e-1")
    for _night in range(2):
        tasks.look_at_lists()
    goes.refresh_from_db()
    stays.refresh_from_db()
    assert goes.vanished_at is not None
    assert stays.vanished_at is None
    assert told(acme) == ["model.vanished"]
    data = Event.objects.of(acme).get().data
    assert (data["model"], data["remote_id"]) == (goes.pk, "dall-e-1")
    sim.image_models = (*sim.image_models, "dall-e-1")
    for _night in range(2):
        tasks.look_at_lists()
    goes.refresh_from_db()
    assert goes.vanished_at is None
    assert told(acme) == ["model.vanished", "model.returned"]


def test_it_is_run_every_night() -> None:
    tasks_of_beat = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.look_at_lists.name in tasks_of_beat


def test_two_who_look_at_once_tell_once(acme: Organisation, provider: Provider) -> None:
    model = add_model(provider, "dall-e-1", retires_on=timezone.now().date() + timedelta(days=9))

    def look() -> None:
        listing.compare(provider=provider, listed=[Listed("other")], now=timezone.now())
        listing.warn(now=timezone.now())
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model.refresh_from_db()
    assert model.vanished_at is not None
    assert sorted(told(acme)) == ["model.retires", "model.vanished"]


def test_one_that_fails_keeps_nobody_from_the_next(
    acme: Organisation, provider: Provider, sim: Any
) -> None:
    down = Provider.objects.create(
        organisation=acme, kind="openai", name="Down", base_url="http://127.0.0.1:1/v1"
    )
    odd = Provider.objects.create(organisation=acme, kind="forgotten", name="Odd")
    kept = [add_model(each, "dall-e-1") for each in (down, odd)]
    goes = add_model(provider, "dall-e-1")
    tasks.look_at_lists()
    goes.refresh_from_db()
    assert goes.vanished_at is not None
    assert (
        not Model.objects.of(acme)
        .filter(pk__in=[each.pk for each in kept])
        .exclude(vanished_at=None)
    )


def test_an_empty_list_is_not_believed(acme: Organisation, provider: Provider, sim: Any) -> None:
    model = add_model(provider, "gpt-image-2")
    sim.image_models = sim.chat_models = ()
    tasks.look_at_lists()
    model.refresh_from_db()
    assert model.vanished_at is None
    assert told(acme) == []


@pytest.mark.parametrize("listed", ["llama3", "llama3:latest", "models/llama3"])
def test_one_name_of_a_model_is_as_good_as_another(provider: Provider, listed: str) -> None:
    model = add_model(provider, "llama3")
    listing.compare(provider=provider, listed=[Listed(listed)], now=timezone.now())
    model.refresh_from_db()
    assert model.vanished_at is None


def test_a_retirement_is_told_of_a_month_ahead_and_once(
    acme: Organisation, provider: Provider, sim: Any
) -> None:
    now = timezone.now()
    today = now.date()
    soon = add_model(provider, sim.models[0], retires_on=today + timedelta(days=30))
    add_model(provider, "later", retires_on=today + timedelta(days=31))
    add_model(provider, "past", retires_on=today)
    for _night in range(2):
        listing.warn(now=now)
    assert told(acme) == ["model.retires"]
    data = Event.objects.of(acme).get().data
    assert (data["model"], data["retires_on"]) == (soon.pk, soon.retires_on.isoformat())
    soon.retires_on = today + timedelta(days=20)
    soon.save()
    listing.warn(now=now)
    assert told(acme) == ["model.retires"] * 2
