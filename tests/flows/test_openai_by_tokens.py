"""What OpenAI charges is what is booked, to the micro-dollar, and never more than was set aside."""

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import images
from assistants.context import Context
from policies.models import Call, Entry, Hold
from providers import credentials
from providers.models import Model, Price, Provider
from providers.shapes import Wish
from tale import demo
from tale.lib.refusals import Refusal
from tests import upstream
from tests.people import actor_for

UNIT = Price.Unit
DOLLARS = {UNIT.TEXT_IN: 5, UNIT.IMAGE_IN: 8, UNIT.IMAGE_OUT: 30}


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as simulator:
        yield simulator


@pytest.fixture
def office(acme: Organisation, dana: User, sim: Any) -> Organisation:
    demo.set_up_workspace(acme)
    actor = actor_for(dana)
    provider = Provider.objects.create(
        organisation=acme,
        kind="openai",
        name="OpenAI",
        base_url=sim.base_url,
        reaches_private=True,
        timeout_s=5,
    )
    credentials.set_key(actor=actor, provider=provider, secret=sim.key)
    for name in ("gpt-image-2", "gpt-image-1.5"):
        model = Model.objects.create(
            organisation=acme,
            provider=provider,
            remote_id=name,
            name=name,
            tags=["image-generation", "image-edit"],
        )
        for unit, dollars in DOLLARS.items():
            Price.objects.create(
                organisation=acme,
                model=model,
                unit=unit,
                amount_micro=dollars * 1_000_000,
                currency=acme.currency,
                valid_from=timezone.now(),
            )
    return acme


def draw(user: User, *, model: str = "gpt-image-2", **wish: Any) -> Any:
    context = Context(actor=actor_for(user), reference="test", image_model=model)
    wished = Wish("a fox", **wish)
    return async_to_sync(images.generate)(wish=wished, context=context, idempotency_key="key-1")


@pytest.mark.parametrize(
    ("size", "quality"),
    [("auto", "low"), ("auto", "medium"), ("auto", "high"), ("9:16", "auto"), ("2048x2048", "low")],
)
def test_it_works(office: Organisation, bob: User, sim: Any, size: str, quality: str) -> None:
    assert len(draw(bob, n=2, quality=quality, size=size)) == 2
    (charge,) = sim.bill
    (hold,) = Hold.objects.of(office)
    booked = sum(entry.amount_micro for entry in Entry.objects.of(office))
    assert booked == charge.amount_micro
    assert booked <= hold.amount_micro
    assert (hold.state, hold.model) == ("settled", "gpt-image-2")


@pytest.mark.parametrize(
    ("fault", "state", "code"),
    [
        ("moderation_blocked", "released", "content_policy"),
        ("insufficient_quota", "released", "provider_error"),
        ("invalid_api_key", "released", "provider_auth"),
        ("drop", "unknown", "provider_error"),
        ("garbage", "unknown", "provider_bad_reply"),
    ],
)
def test_where_the_money_goes_after(
    office: Organisation, bob: User, sim: Any, fault: str, state: str, code: str
) -> None:
    sim.faults.next(fault)
    with pytest.raises(Refusal) as refused:
        draw(bob)
    assert refused.value.code == code
    assert [hold.state for hold in Hold.objects.of(office)] == [state]
    assert len(sim.requests) == 1


def test_pictures_nobody_can_use_are_paid(office: Organisation, bob: User, sim: Any) -> None:
    sim.faults.next("svg_picture")
    with pytest.raises(Refusal) as refused:
        draw(bob)
    assert refused.value.code == "provider_bad_image"
    assert Entry.objects.of(office).get().amount_micro == sim.bill[0].amount_micro


@pytest.mark.parametrize("fault", ["", "moderation_blocked"])
def test_a_call_is_named_to_the_provider_and_knows_its_first_byte(
    office: Organisation, bob: User, sim: Any, fault: str
) -> None:
    if fault:
        sim.faults.next(fault)
        with pytest.raises(Refusal):
            draw(bob)
    else:
        draw(bob)
    call = Call.objects.of(office).get()
    (request,) = sim.requests
    assert request.headers["x-client-request-id"] == f"{call.pk}-1"
    assert call.started_at < call.first_byte_at < call.ended_at
