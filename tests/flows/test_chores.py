"""What beat runs: nothing forgotten, nothing kept too long."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import arrivals, artifacts, attempts, beginning, booking, images, pulse, reconcile
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from chats import turns
from chats.models import Turn
from policies import budgets
from policies.models import Call, Entry, Hold
from providers.base import Adapter
from providers.shapes import Finished, Picture, Usage, Wish
from tale import health, tasks
from tale.lib.models import LiveState, RateWindow
from tests.people import actor_for
from tests.upstream.scripted import Script, Scripted, png


def begin(office: Organisation, user: User) -> attempts.Attempt:
    """Up to the moment in which the bytes leave."""
    context = Context(actor=actor_for(user), reference="test")
    begun = beginning.begin(
        Wish("a fox"), context, artifacts.Named(), idempotency_key="k", now=timezone.now()
    )
    assert isinstance(begun, beginning.Begun)
    (attempt,) = begun.attempts
    assert budgets.claim(hold=attempt.hold, lease=pulse.LEASE, now=timezone.now())
    return attempt


def came(*pictures: bytes) -> Finished:
    return Finished(tuple(map(Picture, pictures)), Usage(len(pictures), request_id="req_1"))


def let_its_lease_end(hold: Hold) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Hold.objects.of(hold.organisation).update(lease_until=past)


def test_a_picture_whose_worker_died_after_writing_it_is_booked_and_shown(
    acme: Organisation, bob: User, workspace: Callable[[Organisation], None], script: Script
) -> None:
    workspace(acme)
    begun = begin(acme, bob)
    arrivals.write(begun.hold.pk, came(png(1024, 1024)))
    let_its_lease_end(begun.hold)
    async_to_sync(reconcile.sweep)()
    assert Hold.objects.of(acme).get().state == "settled"
    assert ImageJob.objects.of(acme).get().state == "done"
    assert Artifact.objects.of(acme).count() == Entry.objects.of(acme).count() == 1
    assert Call.objects.of(acme).get().outcome == "done"
    async_to_sync(reconcile.sweep)()
    assert Entry.objects.of(acme).count() == 1


def test_what_a_dead_worker_wrote_is_looked_at_and_booked_as_it_would_have(
    acme: Organisation, bob: User, workspace: Callable[[Organisation], None], script: Script
) -> None:
    workspace(acme)
    begun = begin(acme, bob)
    arrivals.write(begun.hold.pk, came(b"<svg/>"))
    let_its_lease_end(begun.hold)
    async_to_sync(reconcile.sweep)()
    job = ImageJob.objects.of(acme).get()
    assert (job.state, job.refusal) == ("refused", {"code": "provider_bad_image"})
    assert Artifact.objects.of(acme).get().state == "aside"
    entry = Entry.objects.of(acme).get()
    assert (entry.kind, entry.provider_request_id) == ("use", "req_1")
    assert Call.objects.of(acme).get().code == "provider_bad_image"


def test_a_picture_in_doubt_keeps_its_money_for_a_day_and_is_then_presumed(
    acme: Organisation, bob: User, workspace: Callable[[Organisation], None], script: Script
) -> None:
    workspace(acme)
    begun = begin(acme, bob)
    let_its_lease_end(begun.hold)
    async_to_sync(reconcile.sweep)()
    assert Hold.objects.of(acme).get().state == "unknown"
    assert ImageJob.objects.of(acme).get().state == "unknown"
    Hold.objects.of(acme).update(sent_at=timezone.now() - timedelta(hours=25))
    let_its_lease_end(begun.hold)
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
    assert Hold.objects.of(acme).get().state == "unknown"  # a frozen caller may still send it
    Hold.objects.of(acme).update(
        sent_at=timezone.now() - timedelta(seconds=Scripted.deadline_s + 61)
    )
    let_its_lease_end(begun.hold)
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


def test_what_a_process_left_lying_once_all_was_booked_is_thrown_away(
    acme: Organisation, bob: User, workspace: Callable[[Organisation], None], script: Script
) -> None:
    workspace(acme)
    begun = begin(acme, bob)
    (row,) = async_to_sync(booking.complete)(
        job=begun.job, hold=begun.hold, finished=came(png(64, 64)), now=timezone.now()
    )
    arrivals.write(begun.hold.pk, came(png(64, 64)))
    artifacts.put(f"{artifacts.folder_of(begun.hold.pk)}/0-never-booked", b"marked")
    long_ago = timezone.now() - timedelta(minutes=1)
    Call.objects.of(acme).update(ended_at=None, started_at=long_ago)
    async_to_sync(reconcile.sweep)()
    assert len(artifacts.files_in(artifacts.folder_of(begun.hold.pk))) == 3  # it may yet do so
    Hold.objects.of(acme).update(ended_at=long_ago)
    async_to_sync(reconcile.sweep)()
    assert artifacts.files_in(artifacts.folder_of(begun.hold.pk)) == [row.path]
    assert Call.objects.of(acme).get().outcome == "done"


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
