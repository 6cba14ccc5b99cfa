"""The connection test, against simulated providers: what it says, and that it spends nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation, User
from providers import credentials, probe
from providers.models import Model, Provider
from providers.probe import Report
from tale.lib.refusals import Refusal
from tests import upstream
from tests.people import actor_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as sim:
        yield sim


@pytest.fixture
def provider(acme: Organisation, alice: User, sim: Any) -> Provider:
    provider = Provider.objects.create(
        organisation=acme,
        kind="openai",
        name="OpenAI",
        base_url=sim.base_url,
        reaches_private=True,
        timeout_s=5,
    )
    credentials.add(actor=actor_for(alice), provider=provider, kind="key", secret=sim.key)
    return provider


def add_model(provider: Provider, remote_id: str, **more: Any) -> Model:
    return Model.objects.create(
        organisation=provider.organisation,
        provider=provider,
        remote_id=remote_id,
        name=remote_id,
        tags=["image-generation"],
        **more,
    )


def report_on(provider: Provider) -> Report:
    report = async_to_sync(probe.test)(provider)
    provider.refresh_from_db()
    return report


def test_it_works(provider: Provider, sim: Any) -> None:
    model = add_model(provider, sim.models[0])
    report = report_on(provider)
    assert report.ok
    assert report.code == ""
    assert [step.model for step in report.steps if step.model] == [model.pk]
    assert {each.remote_id for each in report.models} == set(sim.models)
    assert report.latency_ms >= 0
    assert (provider.health, provider.last_error) == ("ok", "")
    assert provider.worked_at is not None
    assert not list(sim.bill)
    assert {request.method for request in sim.requests} == {"GET"}


def test_a_model_that_is_no_longer_listed_is_named(provider: Provider, sim: Any) -> None:
    add_model(provider, sim.models[0])
    gone = add_model(provider, "dall-e-1")
    add_model(provider, "dall-e-0", is_enabled=False)
    report = report_on(provider)
    assert report.code == "model_not_found"
    assert [step.model for step in report.steps if not step.ok] == [gone.pk]
    assert provider.health == "ok"


def test_a_refused_key_is_told_apart_from_an_address_that_does_not_answer(
    provider: Provider, sim: Any
) -> None:
    sim.faults.always("invalid_api_key")
    report = report_on(provider)
    *before, last = report.steps
    assert report.code == "provider_auth"
    assert before
    assert all(step.ok for step in before)
    assert not last.ok
    assert (provider.health, provider.last_error) == ("failing", "provider_auth")
    sim.__exit__(None, None, None)
    report = report_on(provider)
    assert report.code == "provider_error"
    assert [step.ok for step in report.steps] == [False]
    assert (provider.health, provider.last_error) == ("failing", "provider_error")
    sim.__enter__()


def test_an_empty_account_is_told_apart_from_too_many_requests(
    provider: Provider, sim: Any
) -> None:
    sim.faults.next("rate_limited", retry_after_s=2)
    assert report_on(provider).code == "provider_rate_limited"
    sim.faults.next("insufficient_quota")
    assert report_on(provider).code == "out_of_credit"
    assert provider.last_error == "out_of_credit"
    assert provider.rests_until is not None
    assert provider.rests_until > timezone.now() + timedelta(minutes=20)


def test_one_that_rests_is_tested_and_wakes(provider: Provider) -> None:
    provider.failures, provider.health = 7, "failing"
    provider.rests_until = timezone.now() + timedelta(minutes=5)
    provider.save()
    assert report_on(provider).ok
    assert (provider.failures, provider.rests_until, provider.health) == (0, None, "ok")


def test_the_built_in_one_is_tested_without_a_network(acme: Organisation) -> None:
    studio = Provider.objects.create(organisation=acme, kind="studio", name="Studio")
    add_model(studio, "studio-image")
    assert report_on(studio).ok


def test_models_of_a_provider_that_is_not_saved_yet(sim: Any) -> None:
    listed = async_to_sync(probe.fetch_models)(
        kind="openai", base_url=sim.base_url, key=sim.key, reaches_private=True
    )
    assert {each.remote_id for each in listed} == set(sim.models)
    assert not list(sim.bill)


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"key": "sk-wrong"}, "provider_auth", ""),
        ({"kind": "nothing"}, "invalid_choice", "kind"),
        ({"kind": "openai_compatible", "base_url": ""}, "required", "base_url"),
        ({"base_url": "https://10.0.0.1/v1"}, "url_not_allowed", "base_url"),
        ({"reaches_private": False}, "url_not_allowed", "base_url"),
    ],
)
def test_what_cannot_be_asked_for_its_models(
    sim: Any, said: dict[str, Any], code: str, field: str
) -> None:
    known = {
        "kind": "openai",
        "base_url": sim.base_url,
        "key": sim.key,
        "reaches_private": True,
    }
    with pytest.raises(Refusal) as refused:
        async_to_sync(probe.fetch_models)(**{**known, **said})
    assert (refused.value.code, refused.value.field) == (code, field)
