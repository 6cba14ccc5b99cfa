"""Around every kind: rests, the line, credentials, and what is learned of a provider."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import Organisation, User
from providers import credentials, guarded, health, registry
from providers.base import Adapter
from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    NoCredit,
    NotBilled,
    ProviderFailed,
    Retry,
    Unfit,
)
from providers.models import Credential, Provider, Slot
from providers.shapes import (
    Capabilities,
    Checked,
    Ended,
    Finished,
    Happening,
    Order,
    Piece,
    Plan,
    Progressed,
    Question,
    Queued,
    Text,
    Usage,
)
from tests.people import actor_for

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = Order("painter", Plan("a fox", 1, 64, 64, "low"))
DONE = Finished((), Usage(pictures=1))
Step = Happening | ProviderFailed | float


@dataclass
class Upstream:
    """What the next calls meet, in turn; the last of them for ever."""

    calls: list[list[Step]] = field(default_factory=lambda: [[DONE]])
    keys: list[str] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    good_key: str = ""
    unknown: str = ""


UPSTREAM = Upstream()


class Painter(Adapter):
    deadline_s = 4

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities(typical_s=(0.1, 1))

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        UPSTREAM.keys.append(self.connection.secret)
        UPSTREAM.deadlines.append(self.deadline_s)
        if UPSTREAM.good_key not in ("", self.connection.secret):
            raise BadKey
        if UPSTREAM.unknown:
            self.connection.on_refused(UPSTREAM.unknown)
        steps = UPSTREAM.calls[0] if len(UPSTREAM.calls) == 1 else UPSTREAM.calls.pop(0)
        for step in steps:
            if isinstance(step, ProviderFailed):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield step

    def resume(self, handle: dict[str, Any]) -> AsyncIterator[Happening]:
        return self.make_pictures(ORDER)

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        yield Text("Hello")
        yield Ended()

    async def check(self) -> Checked:
        return Checked(("asked",), 5)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Upstream:
    fresh = Upstream()
    monkeypatch.setattr("tests.providers.test_guarded.UPSTREAM", fresh)
    where = ("Painter", "tests.providers.test_guarded.Painter")
    monkeypatch.setitem(registry.KINDS, "painter", where)  # type: ignore[arg-type]
    return fresh


@pytest.fixture
def provider(acme: Organisation, upstream: Upstream) -> Provider:
    return Provider.objects.create(organisation=acme, kind="painter", name="Painter")


async def drawn(adapter: Adapter) -> list[Happening]:
    return [happening async for happening in adapter.make_pictures(ORDER)]


def draw(provider: Provider) -> list[Happening]:
    provider.refresh_from_db()
    return async_to_sync(drawn)(registry.adapter_for(provider))


def fail(provider: Provider, times: int = 1) -> ProviderFailed:
    for _ in range(times):
        with pytest.raises(ProviderFailed) as failed:
            draw(provider)
    provider.refresh_from_db()
    return failed.value


def let_it_have_rested(provider: Provider) -> None:
    provider.rests_until = timezone.now() - timedelta(seconds=1)
    provider.save(update_fields=["rests_until"])


def rest_s(provider: Provider) -> float:
    provider.refresh_from_db()
    assert provider.rests_until is not None
    return (provider.rests_until - timezone.now()).total_seconds()


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


def test_a_provider_that_works_costs_no_statement_but_for_its_credential(
    provider: Provider, django_assert_num_queries: Any
) -> None:
    draw(provider)
    provider.refresh_from_db()
    adapter = registry.adapter_for(provider)
    with django_assert_num_queries(0):  # in this thread: the database threads have their own
        registry.adapter_for(provider).capabilities("painter")
    adapter.find_credentials = tuple  # type: ignore[attr-defined]
    with guarded_from_the_database():
        assert async_to_sync(drawn)(adapter) == [DONE]


class guarded_from_the_database:
    """Any statement on any thread is an error."""

    def __enter__(self) -> None:
        self.was = guarded.in_db

        async def only_found(work: Callable[[], Any], *args: Any, **more: Any) -> Any:
            assert work is tuple, f"asked the database: {work}"
            return work()

        guarded.in_db = only_found  # type: ignore[assignment]

    def __exit__(self, *error: object) -> None:
        guarded.in_db = self.was


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
    broken: list[Step] = [Doubtful()]
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
    provider: Provider, upstream: Upstream
) -> None:
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
