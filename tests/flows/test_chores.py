"""What beat runs: nothing forgotten, nothing kept too long."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import artifacts, images, reconcile
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from chats import turns
from chats.models import Turn
from policies.models import Call, Entry, Hold
from providers.base import Adapter
from providers.shapes import Picture, Wish
from tale import health, tasks
from tale.lib.models import LiveState, RateWindow
from tests.people import actor_for
from tests.upstream.scripted import Script, png


def begin(office: Organisation, user: User) -> images.Begun:
    """Up to the moment in which the bytes leave."""
    context = Context(actor=actor_for(user), reference="test")
    begun = images._begin(Wish("a fox"), context, idempotency_key="k", now=timezone.now())
    assert isinstance(begun, images.Begun)
    return begun


def let_its_lease_end(hold: Hold) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Hold.objects.of(hold.organisation).update(lease_until=past)


def test_a_picture_whose_worker_died_after_writing_it_is_booked_and_shown(
    acme: Organisation, bob: User, workspace: Callable[[Organisation], None], script: Script
) -> None:
    workspace(acme)
    begun = begin(acme, bob)
    artifacts.write_files(begun.hold.pk, [Picture(png(1024, 1024))])
    let_its_lease_end(begun.hold)
    async_to_sync(reconcile.sweep)()
    assert Hold.objects.of(acme).get().state == "settled"
    assert ImageJob.objects.of(acme).get().state == "done"
    assert Artifact.objects.of(acme).count() == Entry.objects.of(acme).count() == 1
    assert Call.objects.of(acme).get().outcome == "done"
    async_to_sync(reconcile.sweep)()
    assert Entry.objects.of(acme).count() == 1


def test_a_picture_in_doubt_keeps_its_money_for_a_day_and_is_then_presumed(
    acme: Organisation, bob: User, workspace: Callable[[Organisation], None], script: Script
) -> None:
    workspace(acme)
    begun = begin(acme, bob)
    let_its_lease_end(begun.hold)
    async_to_sync(reconcile.sweep)()
    assert Hold.objects.of(acme).get().state == "unknown"
    Hold.objects.of(acme).update(sent_at=timezone.now() - timedelta(hours=25))
    async_to_sync(reconcile.sweep)()
    assert Hold.objects.of(acme).get().state == "settled"
    entry = Entry.objects.of(acme).get()
    assert (entry.kind, entry.confidence, entry.amount_micro) == ("presumed", "presumed", 40_000)


def test_a_picture_certainly_not_billed_gives_the_money_back_and_may_be_tried_again(
    acme: Organisation,
    bob: User,
    workspace: Callable[[Organisation], None],
    script: Script,
    monkeypatch: Any,
) -> None:
    async def never(self: Adapter, request_id: str) -> bool:
        return False

    workspace(acme)
    begun = begin(acme, bob)
    let_its_lease_end(begun.hold)
    monkeypatch.setattr("tests.upstream.scripted.Scripted.was_billed", never)
    async_to_sync(reconcile.sweep)()
    assert Hold.objects.of(acme).get().state == "released"
    call = Call.objects.of(acme).get()
    assert (call.outcome, call.code) == ("failed", "provider_timeout")
    again = images.generate(
        wish=Wish("a fox"),
        context=Context(actor=actor_for(bob), reference="test"),
        idempotency_key="k",
    )

    async def once_more() -> list[Artifact]:
        return await again

    assert len(async_to_sync(once_more)()) == 1
    assert Entry.objects.of(acme).count() == 1


def test_a_forgotten_turn_is_announced(
    acme: Organisation, bob: User, workspace: Callable[[Organisation], None], monkeypatch: Any
) -> None:
    workspace(acme)
    told: list[str] = []
    monkeypatch.setattr(turns, "announce", told.append)
    turn = turns.start_chat(actor=actor_for(bob), text="hello", client_token="token-1")
    now = timezone.now()
    assert turns.sweep(now=now) == 0
    assert turns.sweep(now=now + timedelta(seconds=6)) == 1
    assert told == [turn.pk]
    Turn.unscoped.update(state="done")
    assert turns.sweep(now=now + timedelta(hours=1)) == 0


def test_the_house_is_kept(db: None) -> None:
    old = timezone.now() - timedelta(hours=2)
    LiveState.objects.create(key="old", body="{}", updated_at=old)
    LiveState.objects.create(key="new", body="{}", updated_at=timezone.now())
    RateWindow.objects.create(key="old", opened_s=1, closes_s=2)
    tasks.keep_house()
    assert list(LiveState.objects.values_list("key", flat=True)) == ["new"]
    assert not RateWindow.objects.filter(key="old").exists()
    assert time.time() - cache.get(health.WORKER_SEEN) < 5
