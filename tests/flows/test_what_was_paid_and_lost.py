"""A picture that was paid for and that nobody got: in sight until somebody has decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from assistants import booking, images, reconcile, spool
from assistants.context import Context
from assistants.models import ImageJob
from policies import losses, rules
from policies.models import BudgetRule, Call, Entry, Hold, Loss, Window
from providers.errors import Doubtful, NotBilled
from providers.shapes import Finished, Picture, Usage, Wish
from tale.lib.refusals import Refusal
from tests.people import actor_for
from tests.upstream.scripted import Script, png

WHY = {"reason": "Ticket 4711"}


@pytest.fixture
def office(
    acme: Organisation, dana: User, workspace: Callable[[Organisation], None]
) -> Organisation:
    workspace(acme)
    rule = BudgetRule(scope="organisation", capability="image", limit=10**6)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    return acme


@async_to_sync
async def draw(user: Any, n: int = 1) -> Any:
    context = Context(actor=user, reference="test", home="")
    return await images.generate(wish=Wish("a fox", n=n), context=context, idempotency_key="once")


def booked(office: Organisation) -> list[tuple[str, int]]:
    return list(Entry.objects.of(office).order_by("seq").values_list("kind", "amount_micro"))


def page(client: Any, name: str = "changelist", loss: Loss | None = None) -> Any:
    return client.get(reverse(f"admin:policies_loss_{name}", args=[loss.pk] if loss else []))


def test_nowhere_to_keep_it_then_asked_for_then_refunded(
    office: Organisation, bob: User, dana: User, as_: Any, monkeypatch: Any
) -> None:
    def full(*_args: Any) -> None:
        raise spool.Full("no room")

    monkeypatch.setattr(spool, "keep", full)
    with pytest.raises(Refusal):
        draw(actor_for(bob))
    loss = losses.of(office).get()
    assert (loss.lost, loss.code, loss.claim) == (1, "storage_unavailable", "none")
    client = as_(dana)
    seen = page(client).content.decode()
    for told in ("0.04 EUR", "Studio", "req_1", "storage_unavailable"):
        assert told in seen
    assert "brought less than was paid for" in client.get("/admin/").content.decode()

    def do(deed: str, said: dict[str, str] = WHY) -> int:
        answer = client.post(reverse(f"admin:policies_loss_{deed}", args=[loss.pk]), said)
        return int(answer.status_code)

    assert do("refund", {"reason": " "}) == 400
    assert do("ask_provider") == 302
    assert do("ask_provider") == 410
    assert booked(office) == [("use", 40_000)]
    assert do("refund") == 302
    assert do("refund") == do("write_off") == 410
    assert booked(office) == [("use", 40_000), ("refund", -40_000)]
    assert Window.objects.of(office).get().settled == 0
    done = AuditLine.objects.of(office).filter(action__startswith="loss.", outcome="done")
    assert [line.action for line in done.order_by("seq")] == ["loss.asked", "loss.refunded"]
    assert page(client).status_code == 200  # it stays in sight, decided
    assert "brought less" not in client.get("/admin/").content.decode()


def test_nowhere_to_keep_the_first_of_two_and_the_second_fails(
    office: Organisation, bob: User, script: Script, monkeypatch: Any
) -> None:
    def full(*_args: Any) -> None:
        raise spool.Full("no room")

    ends = [None, NotBilled()]
    script.able = {"pictures_per_call": 1}
    monkeypatch.setattr(spool, "keep", full)
    monkeypatch.setattr(script, "failure_of", lambda _model: ends.pop(0))
    for _time in range(2):
        with pytest.raises(Refusal, match="nowhere to keep") as refused:
            draw(actor_for(bob), n=2)
        assert refused.value.code == "storage_unavailable"
    assert ImageJob.objects.of(office).get().state == "paid_not_stored"
    assert losses.of(office).get().lost == len(script.bill) == 1


def test_who_comes_second_and_finds_no_room_has_lost_nothing(
    office: Organisation, bob: User
) -> None:
    (made,) = draw(actor_for(bob))
    hold, late = Hold.objects.of(office).get(), Finished((), Usage(pictures=1))
    Call.objects.of(office).update(outcome="started", ended_at=None)
    booking.lose(job=made.job, hold=hold, finished=late, now=timezone.now())
    assert not losses.of(office).exists()
    assert Call.objects.of(office).get().outcome == "started"  # whoever was first will end it


def test_only_the_share_of_what_was_no_picture(
    office: Organisation, bob: User, dana: User, script: Script
) -> None:
    script.sends = [png(64, 64), b"no picture at all"]
    assert len(draw(actor_for(bob), n=2)) == 1
    loss = losses.of(office).get()
    assert loss.lost == 1
    actor = actor_for(dana)
    losses.refund(actor=actor, loss=loss, reason="Ticket", now=timezone.now())
    assert booked(office)[-1] == ("refund", -40_000)
    with pytest.raises(Refusal):
        losses.refund(actor=actor, loss=loss, reason="Ticket", now=timezone.now())


def test_what_came_was_no_picture_at_all(office: Organisation, bob: User, script: Script) -> None:
    used = Usage(pictures=2, is_estimate=True)
    script.fails = Doubtful("provider_bad_image", usage=used, request_id="req_9")
    with pytest.raises(Refusal):
        draw(actor_for(bob), n=2)
    lines = Entry.objects.of(office)
    assert {
        (line.amount_micro, line.pictures, line.confidence, line.provider_request_id)
        for line in lines
    } == {(40_000, 1, "estimated", "req_9")}
    assert lines.count() == losses.of(office).get().lost == 2


def test_presumed_and_never_came(office: Organisation, bob: User, script: Script) -> None:
    script.fails = Doubtful("provider_timeout")
    with pytest.raises(Refusal):
        draw(actor_for(bob))
    assert not losses.of(office).exists()  # nobody knows yet
    assert reconcile.presume(Hold.objects.of(office).get(), now=timezone.now())
    assert losses.of(office).get().lost == 1


def test_presumed_and_some_of_it_came(office: Organisation, bob: User, script: Script) -> None:
    script.fails = Doubtful("provider_timeout")
    with pytest.raises(Refusal):
        draw(actor_for(bob), n=3)
    hold, job = Hold.objects.of(office).get(), ImageJob.objects.of(office).get()
    assert reconcile.presume(hold, now=timezone.now())
    came = Finished((Picture(png(64, 64)),) * 2, Usage(pictures=2))
    async_to_sync(booking.complete)(job=job, hold=hold, finished=came, now=timezone.now())
    assert losses.of(office).get().lost == 1


def test_what_is_there_is_no_loss(office: Organisation, bob: User) -> None:
    draw(actor_for(bob), n=2)
    assert not losses.of(office).exists()
