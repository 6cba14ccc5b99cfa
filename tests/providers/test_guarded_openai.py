"""The guard around a real kind, over real sockets: what is asked twice, and what is not."""

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from accounts.models import Organisation, User
from providers import credentials, registry
from providers.errors import Doubtful, NoCredit, NotBilled, ProviderFailed
from providers.models import Provider
from providers.shapes import Finished, Happening, Order, Plan
from tests import upstream
from tests.people import actor_for

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = Order("gpt-image-2", Plan("a fox", 1, 1024, 1024, "low"))


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as sim:
        yield sim


@pytest.fixture
def provider(acme: Organisation, alice: User, sim: Any) -> Provider:
    where = {"base_url": sim.base_url, "reaches_private": True}
    provider = Provider.objects.create(organisation=acme, kind="openai", name="OpenAI", **where)
    credentials.add(actor=actor_for(alice), provider=provider, kind="key", secret=sim.key)
    return provider


def draw(provider: Provider) -> Happening:
    provider.refresh_from_db()

    async def last() -> Happening:
        adapter = registry.adapter_for(provider)
        return [each async for each in adapter.make_pictures(ORDER)][-1]

    return async_to_sync(last)()


def failure(provider: Provider) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        draw(provider)
    provider.refresh_from_db()
    return failed.value


def test_it_works(provider: Provider, sim: Any) -> None:
    assert isinstance(draw(provider), Finished)
    assert len(list(sim.bill)) == 1


def test_too_many_requests_costs_a_pause_and_one_picture(provider: Provider, sim: Any) -> None:
    sim.faults.next("rate_limited", retry_after_s=1)
    assert isinstance(draw(provider), Finished)
    first, second = sim.requests
    assert second.at - first.at >= 1
    assert len(list(sim.bill)) == 1


def test_an_empty_account_is_not_asked_again(provider: Provider, sim: Any) -> None:
    sim.faults.always("insufficient_quota")
    assert isinstance(failure(provider), NoCredit)
    assert provider.last_error == "out_of_credit"
    assert isinstance(failure(provider), NotBilled)
    assert len(sim.requests) == 1


def test_a_server_that_fails_is_left_alone_after_five_calls(provider: Provider, sim: Any) -> None:
    sim.faults.always("server_error")
    for _ in range(5):
        assert isinstance(failure(provider), Doubtful)
    refused = failure(provider)
    assert isinstance(refused, NotBilled)
    assert not isinstance(refused, Doubtful)
    assert len(sim.requests) == 5


def test_a_refused_key_is_followed_by_the_next(provider: Provider, alice: User, sim: Any) -> None:
    second = credentials.add(
        actor=actor_for(alice), provider=provider, kind="key", secret="sk-of-yesterday"
    )
    first = provider.credentials.exclude(pk=second.pk).get()
    credentials.reorder(actor=actor_for(alice), provider=provider, order=[second.pk, first.pk])
    assert isinstance(draw(provider), Finished)
    assert len(sim.requests) == 2
    assert len(list(sim.bill)) == 1
