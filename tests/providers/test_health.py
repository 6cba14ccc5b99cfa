"""A provider that fails rests, and one call tries after it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from providers import health, registry
from providers.errors import (
    Declined,
    Doubtful,
    NoCredit,
    NotBilled,
    ProviderFailed,
    Retry,
    Unfit,
)
from providers.models import Provider
from providers.shapes import (
    Checked,
    Happening,
)
from tests.providers.painter import (
    DONE,
    Upstream,
    draw,
    drawn,
    fail,
    let_it_have_rested,
    provider,
    rest_s,
    upstream,
)

__all__ = ["provider", "upstream"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("fault", [Doubtful("provider_timeout"), NotBilled("provider_error")])
def test_after_five_faults_in_a_row_it_rests_and_is_not_asked(
    provider: Provider, upstream: Upstream, fault: ProviderFailed
) -> None:
    upstream.calls = [[fault]]
    fail(provider, 4)
    assert (provider.failures, provider.rests_until) == (4, None)
    assert not health.is_resting(provider, now=timezone.now())
    fail(provider)
    assert health.is_resting(provider, now=timezone.now())
    assert provider.health == "failing"
    assert 25 < rest_s(provider) <= 30
    refused = fail(provider)
    assert isinstance(refused, NotBilled)
    assert (refused.code, refused.retry) == ("provider_error", Retry.ELSEWHERE)
    assert f"{provider.rests_until:%H:%M}" in str(refused.message)
    assert len(upstream.keys) == 5


def test_one_that_works_in_between_begins_the_count_again(
    provider: Provider, upstream: Upstream
) -> None:
    broken = [Doubtful()]
    upstream.calls = [broken, broken, broken, broken, [DONE], broken]
    fail(provider, 4)
    draw(provider)
    fail(provider)
    assert provider.failures == 1


def test_faults_long_ago_do_not_count(provider: Provider, upstream: Upstream) -> None:
    upstream.calls = [[Doubtful()]]
    fail(provider, 4)
    Provider.objects.filter(organisation=provider.organisation).update(
        failed_at=timezone.now() - timedelta(hours=1)
    )
    fail(provider)
    assert provider.failures == 1


def test_many_calls_that_meet_one_outage_make_one_step(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[0.2, Doubtful()]]

    async def many() -> list[object]:
        calls = [drawn(registry.adapter_for(provider)) for _ in range(20)]
        return await asyncio.gather(*calls, return_exceptions=True)

    assert {type(each) for each in async_to_sync(many)()} == {Doubtful}
    assert 25 < rest_s(provider) <= 30
    assert provider.failures == 5


def test_after_its_rest_one_call_tries_and_the_others_leave_it_to_that(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[Doubtful()]]
    fail(provider, 5)
    let_it_have_rested(provider)
    upstream.calls = [[0.3, DONE]]

    async def many() -> list[Any]:
        calls = [drawn(registry.adapter_for(provider)) for _ in range(6)]
        return await asyncio.gather(*calls, return_exceptions=True)

    upstream.keys.clear()
    outcomes = async_to_sync(many)()
    assert outcomes.count([DONE]) == 1
    assert len(upstream.keys) == 1
    provider.refresh_from_db()
    assert (provider.failures, provider.rests_until, provider.health) == (0, None, "ok")


def test_who_tries_in_vain_sends_it_to_rest_for_twice_as_long(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[Doubtful()]]
    fail(provider, 5)
    for longest in (60, 120, 240, 480, 600, 600):
        let_it_have_rested(provider)
        fail(provider)
        assert longest - 5 < rest_s(provider) <= longest


@pytest.mark.parametrize("refusal", [Declined(), Unfit("invalid_value")])
def test_a_refusal_shows_that_it_works(
    provider: Provider, upstream: Upstream, refusal: ProviderFailed
) -> None:
    upstream.calls = [[refusal]]
    fail(provider, 6)
    assert provider.failures == 0
    upstream.calls = [[Doubtful()]]
    fail(provider, 5)
    let_it_have_rested(provider)
    upstream.calls = [[refusal]]
    fail(provider)
    assert (provider.failures, provider.rests_until) == (0, None)


def test_an_account_out_of_credit_rests_at_once_and_for_long(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[NoCredit()], [DONE]]
    assert isinstance(fail(provider), NoCredit)
    assert provider.last_error == "out_of_credit"
    assert rest_s(provider) > 25 * 60
    assert "out of credit" in str(fail(provider).message)
    assert len(upstream.keys) == 1


def test_what_was_ordered_is_fetched_even_from_one_that_rests(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[Doubtful()]]
    fail(provider, 5)
    upstream.calls = [[DONE]]

    async def resumed() -> list[Happening]:
        return [each async for each in registry.adapter_for(provider).resume({"id": "1"})]

    assert async_to_sync(resumed)() == [DONE]
    assert health.is_resting(provider, now=timezone.now())


def test_a_test_of_the_connection_ends_a_rest(provider: Provider, upstream: Upstream) -> None:
    upstream.calls = [[Doubtful()]]
    fail(provider, 5)
    assert async_to_sync(registry.adapter_for(provider).check)() == Checked(("asked",), 5)
    provider.refresh_from_db()
    assert (provider.failures, provider.rests_until, provider.health) == (0, None, "ok")
