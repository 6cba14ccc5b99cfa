"""When a model has a fault, another steps in, with its own quote, if nothing was paid."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from accounts.models import Organisation, User
from assistants import answers, images
from assistants.context import Context
from assistants.models import ImageJob
from policies.models import Call, Entry, Hold
from providers.errors import BadKey, Declined, Doubtful, Limited, NotBilled, ProviderFailed
from providers.models import Fallback, Model, Price, Tag
from providers.shapes import Text, Usage, Wish
from tale.lib.refusals import Refusal
from tests.people import actor_for
from tests.upstream.scripted import Script

FIRST, SECOND = "studio-image", "second-image"


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    for tag, of, name in (
        (Tag.IMAGE_GENERATION, FIRST, SECOND),
        (Tag.CHAT, "studio-chat", "second-chat"),
    ):
        model = Model.objects.of(acme).get(remote_id=of)
        prices = list(Price.objects.filter(model=model))
        twin = Model.objects.create(
            organisation=acme, provider=model.provider, remote_id=name, name=name, tags=[tag]
        )
        for price in prices:
            price.pk, price.model, price.amount_micro = None, twin, 2 * price.amount_micro
            price._state.adding = True
            price.save()
        Fallback.objects.create(organisation=acme, tag=tag, model=twin)
    return acme


def draw(user: User, **options: Any) -> Any:
    context = Context(actor=actor_for(user), reference="test", **options)
    wish = Wish("a fox")
    return async_to_sync(images.generate)(wish=wish, context=context, idempotency_key="key-1")


@pytest.mark.parametrize("failed", [BadKey(), Limited(after_s=30)])
def test_it_works(office: Organisation, bob: User, script: Script, failed: ProviderFailed) -> None:
    script.broken[FIRST] = failed
    assert len(draw(bob)) == 1
    holds = Hold.objects.of(office).order_by("held_at")
    assert [(hold.model, hold.state) for hold in holds] == [
        (FIRST, "released"),
        (SECOND, "settled"),
    ]
    entry = Entry.objects.of(office).get()
    assert (entry.model, entry.amount_micro) == (SECOND, 80_000)
    calls = Call.objects.of(office).order_by("started_at")
    assert [(call.model, call.outcome, call.code) for call in calls] == [
        (FIRST, "failed", failed.code),
        (SECOND, "done", ""),
    ]
    job = ImageJob.objects.of(office).get()
    assert (job.state, job.plan["model"]) == ("done", SECOND)


@pytest.mark.parametrize(
    ("failed", "state"),
    [
        (Declined(), "released"),
        (Doubtful("provider_timeout"), "unknown"),
    ],
)
def test_nobody_steps_in_after(
    office: Organisation, bob: User, script: Script, failed: ProviderFailed, state: str
) -> None:
    script.broken[FIRST] = failed
    with pytest.raises(Refusal) as refused:
        draw(bob)
    assert refused.value.code == failed.code
    assert [hold.state for hold in Hold.objects.of(office)] == [state]
    assert script.bill == []


def test_nobody_steps_in_for_a_model_asked_by_name(
    office: Organisation, bob: User, script: Script
) -> None:
    script.broken[FIRST] = NotBilled()
    with pytest.raises(Refusal) as refused:
        draw(bob, image_model=FIRST)
    assert refused.value.code == "provider_error"
    assert script.bill == []


def test_the_last_failure_is_told(office: Organisation, bob: User, script: Script) -> None:
    script.broken = {FIRST: NotBilled(), SECOND: BadKey()}
    with pytest.raises(Refusal) as refused:
        draw(bob)
    assert refused.value.code == "provider_auth"
    assert {hold.state for hold in Hold.objects.of(office)} == {"released"}
    assert ImageJob.objects.of(office).get().state == "failed"


def test_a_billed_refusal_is_booked(office: Organisation, bob: User, script: Script) -> None:
    Model.objects.of(office).filter(remote_id=FIRST).update(bills_refusals=True)
    script.broken[FIRST] = Declined()
    with pytest.raises(Refusal):
        draw(bob)
    entry = Entry.objects.of(office).get()
    assert (entry.amount_micro, entry.pictures) == (40_000, 1)
    assert entry.confidence == Entry.Confidence.ESTIMATED


def test_what_a_failure_cost_all_the_same_is_booked(
    office: Organisation, bob: User, script: Script
) -> None:
    script.broken[FIRST] = NotBilled("provider_error", usage=Usage(pictures=1))
    with pytest.raises(Refusal):
        draw(bob)
    entry = Entry.objects.of(office).get()  # and nobody steps in: one wish is paid once
    assert (entry.model, entry.amount_micro) == (FIRST, 40_000)
    assert script.bill == []


def test_another_chat_model_answers(office: Organisation, bob: User, script: Script) -> None:
    script.broken["studio-chat"] = NotBilled()
    script.says("Hello.")
    context = Context(actor=actor_for(bob), reference="test")

    async def said() -> str:
        pieces = answers.stream([{"role": "user", "content": "hi"}], [], context=context)
        return "".join([piece.text async for piece in pieces if isinstance(piece, Text)])

    assert async_to_sync(said)() == "Hello."
    holds = Hold.objects.of(office).order_by("held_at")
    assert [(hold.model, hold.state) for hold in holds] == [
        ("studio-chat", "released"),
        ("second-chat", "settled"),
    ]
