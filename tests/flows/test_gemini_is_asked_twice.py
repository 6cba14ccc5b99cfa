"""Gemini may say words instead of drawing, bills them, and is asked once more: the words stay
booked whatever becomes of the second time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import images
from assistants.context import Context
from assistants.models import Artifact
from policies import budgets
from policies.models import Entry, Hold
from providers import credentials
from providers.models import Model, Price, Provider
from providers.shapes import Wish
from tale import demo
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal
from tests import upstream
from tests.people import actor_for

UNIT = Price.Unit
PRO = "gemini-3-pro-image"
DOLLARS = {UNIT.TEXT_IN: 2, UNIT.IMAGE_IN: 2, UNIT.TEXT_OUT: 12, UNIT.IMAGE_OUT: 120}


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("google") as running:
        running.answers("text_only")
        running.faults.next("wrong_content_type")  # of the words, which harms nothing
        yield running


@pytest.fixture
def office(acme: Organisation, dana: User, sim: Any) -> Organisation:
    demo.set_up_workspace(acme)
    provider = Provider.objects.create(
        organisation=acme,
        kind="google",
        name="Google",
        base_url=sim.base_url,
        reaches_private=True,
        timeout_s=5,
    )
    for secret in (sim.key, "another"):
        credentials.add(actor=actor_for(dana), provider=provider, kind="key", secret=secret)
    model = Model.objects.create(
        organisation=acme,
        provider=provider,
        remote_id=PRO,
        name=PRO,
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


async def draw(user: User) -> list[Artifact]:
    actor = await in_db(actor_for, user, surface="api")
    context = Context(actor=actor, reference="test", image_model=PRO)
    return await images.generate(wish=Wish("a fox"), context=context, idempotency_key="key-1")


def booked(office: Organisation) -> int:
    return sum(entry.amount_micro for entry in Entry.objects.of(office))


def test_it_works(office: Organisation, bob: User, sim: Any) -> None:
    assert len(async_to_sync(draw)(bob)) == 1
    assert len(sim.requests) == len(sim.bill) == 2
    assert booked(office) == sum(charge.amount_micro for charge in sim.bill)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"name": "server_error"}, "provider_error"),
        ({"name": "rate_limited", "retry_after_s": 0.1}, "provider_rate_limited"),
        ({"name": "resource_blocked"}, "provider_auth"),
    ],
)
def test_words_stay_booked_when_it_fails_the_second_time(
    office: Organisation, bob: User, sim: Any, fault: dict[str, Any], code: str
) -> None:
    """Neither a pause nor another key makes it a new call, which would forget them."""
    sim.faults.next(**fault)
    with pytest.raises(Refusal) as refused:
        async_to_sync(draw)(bob)
    assert refused.value.code == code
    assert len(sim.requests) == 2
    assert Hold.objects.of(office).get().state == "settled"
    assert booked(office) == sim.bill[0].amount_micro > 0


def test_words_stay_booked_when_the_lease_is_lost_in_between(
    office: Organisation, bob: User, sim: Any
) -> None:
    sim.takes_s = 0.3
    sim.faults.next("rate_limited", retry_after_s=0.1)

    async def scenario() -> None:
        drawing = asyncio.create_task(draw(bob))
        async with asyncio.timeout(5):
            while not sim.requests:
                await asyncio.sleep(0.01)
        assert await in_db(budgets.doubt, hold=await in_db(Hold.objects.of(office).get))
        await drawing

    with pytest.raises(Refusal):
        async_to_sync(scenario)()
    assert len(sim.requests) == 2
    assert Hold.objects.of(office).get().state == "settled"
    assert booked(office) == sim.bill[0].amount_micro > 0
