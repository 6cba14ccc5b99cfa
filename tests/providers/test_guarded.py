"""Around every kind: the line, credentials, and what a failure of it means."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import User
from providers import credentials, guarded, health, registry
from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    ProviderFailed,
)
from providers.models import Credential, Provider, Slot
from providers.shapes import (
    Ended,
    Piece,
    Progressed,
    Question,
    Queued,
    Text,
    Usage,
)
from tale.lib import aio
from tests.people import actor_for
from tests.providers.painter import (
    DONE,
    ORDER,
    Upstream,
    draw,
    drawn,
    fail,
    provider,
    upstream,
)

__all__ = ["provider", "upstream"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_it_works(provider: Provider) -> None:
    assert draw(provider) == [DONE]
    provider.refresh_from_db()
    assert (provider.health, provider.failures, provider.last_error) == ("ok", 0, "")
    assert provider.worked_at is not None
    assert provider.latency_ms is not None


def test_an_answer_comes_through_whole(provider: Provider) -> None:
    async def said() -> list[Piece]:
        adapter = registry.adapter_for(provider)
        return [piece async for piece in adapter.answer(Question("m", ()))]

    assert async_to_sync(said)() == [Text("Hello"), Ended()]


def test_a_provider_that_works_costs_no_statement_but_for_its_credentials(
    provider: Provider, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(provider)
    provider.refresh_from_db()
    with django_assert_num_queries(0):
        adapter = registry.adapter_for(provider)
        adapter.capabilities("painter")
    asked: list[Any] = []

    async def in_db(work: Any, *args: Any, **more: Any) -> Any:
        asked.append(work)
        return await aio.in_db(work, *args, **more)

    monkeypatch.setattr(guarded, "in_db", in_db)
    assert async_to_sync(drawn)(adapter) == [DONE]
    assert asked == [adapter.find_credentials]  # type: ignore[attr-defined]


def test_too_many_requests_is_asked_once_more_after_the_pause(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[Limited(0.3)], [DONE]]
    assert draw(provider) == [DONE]
    assert len(upstream.keys) == 2
    provider.refresh_from_db()
    assert provider.failures == 0
    upstream.calls = [[Limited(0.1)]]
    assert isinstance(fail(provider), Limited)
    assert len(upstream.keys) == 4


@pytest.mark.parametrize("failed", [Limited(0.1), BadKey()])
def test_what_was_billed_is_told_and_not_asked_again(
    provider: Provider, upstream: Upstream, alice: User, failed: ProviderFailed
) -> None:
    for secret in ("first-key", "second-key"):
        credentials.add(actor=actor_for(alice), provider=provider, kind="key", secret=secret)
    failed.usage = Usage(text_out=9)
    upstream.calls = [[failed], [DONE]]
    assert fail(provider).usage == failed.usage
    assert len(upstream.keys) == 1


def test_a_pause_longer_than_the_deadline_is_told_and_spares_the_others(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[Limited(40)]]
    assert fail(provider).after_s == 40
    refused = fail(provider)
    assert isinstance(refused, Limited)
    assert 35 < refused.after_s <= 40
    assert len(upstream.keys) == 1
    assert not health.is_resting(provider, now=timezone.now())


def test_others_wait_for_the_end_of_a_pause(provider: Provider, upstream: Upstream) -> None:
    pause_ends = timezone.now() + timedelta(seconds=0.5)
    provider.rests_until = pause_ends
    provider.save()
    draw(provider)
    assert timezone.now() > pause_ends


def test_what_has_begun_to_speak_is_not_asked_again(provider: Provider, upstream: Upstream) -> None:
    upstream.calls = [[Progressed(0.5), Limited(0.1)], [DONE]]
    assert isinstance(fail(provider), Limited)
    assert len(upstream.keys) == 1


def test_a_refused_key_is_followed_by_the_next(
    provider: Provider, upstream: Upstream, alice: User
) -> None:
    provider.base_url = "https://painter.example"
    provider.save()
    for secret in ("first-key", "second-key"):
        credentials.add(actor=actor_for(alice), provider=provider, kind="key", secret=secret)
    upstream.good_key = "second-key"
    assert draw(provider) == [DONE]
    assert upstream.keys == ["first-key", "second-key"]
    first = Credential.objects.of(provider.organisation).get(position=0)
    assert first.health == "failing"
    draw(provider)
    assert upstream.keys[2:] == ["second-key"]
    upstream.good_key = "another"
    assert isinstance(fail(provider), BadKey)
    assert sorted(upstream.keys[3:]) == ["first-key", "second-key"]
    assert (provider.health, provider.last_error) == ("failing", "provider_auth")
    assert provider.rests_until is None


def test_a_slot_is_held_while_it_runs_and_free_when_the_caller_has_the_result(
    provider: Provider, upstream: Upstream, settings: Any
) -> None:
    settings.REDIS_URL = ""  # to see the row
    provider.most_at_once = 1
    provider.save()
    upstream.calls = [[Progressed(0.5), DONE]]

    async def call() -> list[int]:
        held = []
        async for _ in registry.adapter_for(provider).make_pictures(ORDER):
            held.append(await guarded.in_db(Slot.objects.exclude(ticket="").count))
        return held

    assert async_to_sync(call)() == [1, 0]


def test_a_slot_is_free_after_a_failure_and_after_a_caller_who_leaves(
    provider: Provider, upstream: Upstream
) -> None:
    provider.most_at_once = 1
    provider.save()
    upstream.calls = [[Doubtful()], [30.0, DONE], [DONE]]
    fail(provider)

    async def leave() -> None:
        task = asyncio.create_task(drawn(registry.adapter_for(provider)))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async_to_sync(leave)()
    assert not Slot.objects.exclude(ticket="").exists()
    assert draw(provider) == [DONE]
    provider.refresh_from_db()
    assert provider.failures == 0


def test_the_wait_for_a_slot_is_taken_off_the_time_of_the_call(
    provider: Provider, upstream: Upstream
) -> None:
    provider.most_at_once = 1
    provider.save()
    upstream.calls = [[0.5, DONE]]

    async def two() -> None:
        await asyncio.gather(*(drawn(registry.adapter_for(provider)) for _ in range(2)))

    async_to_sync(two)()
    first, second = sorted(upstream.deadlines, reverse=True)
    assert first > 3.8
    assert second < 3.6


def test_one_cut_off_by_its_deadline_is_a_fault_of_the_provider(
    provider: Provider, upstream: Upstream
) -> None:
    upstream.calls = [[30.0]]
    provider.timeout_s = 5
    provider.save()

    async def call(seconds: float) -> None:
        adapter = registry.adapter_for(provider)
        adapter.deadline_s = 0.5
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await drawn(adapter)

    async_to_sync(call)(0.1)
    provider.refresh_from_db()
    assert provider.failures == 0
    async_to_sync(call)(0.6)
    provider.refresh_from_db()
    assert (provider.failures, provider.last_error) == (1, "provider_timeout")


@pytest.mark.parametrize("failed", [BadKey(), Limited(1)])
def test_after_an_order_a_refused_question_leaves_the_bill_in_doubt(
    provider: Provider, upstream: Upstream, failed: ProviderFailed
) -> None:
    upstream.calls = [[Queued({"id": "1"}), failed]]
    assert isinstance(fail(provider), Doubtful)
    assert len(upstream.keys) == 1


def test_every_call_is_counted_by_what_came_of_it(provider: Provider, upstream: Upstream) -> None:
    def counted(outcome: str) -> float:
        return guarded.CALLS.labels("painter", outcome)._value.get()

    before = counted("done"), counted("content_policy")
    upstream.calls = [[DONE], [Declined()]]
    draw(provider)
    fail(provider)
    assert (counted("done"), counted("content_policy")) == (before[0] + 1, before[1] + 1)


def test_a_bill_that_cannot_be_asked_for_is_nobody_knows(
    provider: Provider,
) -> None:
    adapter = registry.adapter_for(provider)

    class Sick:
        async def token(self) -> str:
            raise BadKey

    adapter.find_credentials = lambda: (Sick(),)  # type: ignore[attr-defined]
    assert async_to_sync(adapter.was_billed)("req_1") is None


def test_what_it_does_not_know_is_remembered(provider: Provider, upstream: Upstream) -> None:
    upstream.unknown = "seed"
    draw(provider)
    upstream.unknown = "quality"
    draw(provider)
    provider.refresh_from_db()
    assert provider.refused == ["quality", "seed"]


def test_a_note_that_cannot_be_written_costs_nobody_the_picture(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(health, "worked", broken)
    assert draw(provider) == [DONE]
