"""Many try the same failed wish again at once: one of them buys it."""

import asyncio
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync

from accounts.models import Organisation, User
from assistants import images
from assistants.context import Context
from policies.models import Entry, Hold
from providers.errors import NotBilled
from providers.shapes import Wish
from tale.lib.refusals import Refusal
from tests.people import actor_for
from tests.upstream.scripted import Script

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_pays(
    acme: Organisation,
    bob: User,
    workspace: Callable[[Organisation], None],
    script: Script,
) -> None:
    workspace(acme)
    context = Context(actor=actor_for(bob), reference="test")

    async def ask() -> str:
        try:
            await images.generate(wish=Wish("a fox"), context=context, idempotency_key="one")
        except Refusal as refusal:
            return refusal.code
        return "made"

    async def eight() -> list[str]:
        return await asyncio.gather(*(ask() for _ in range(8)))

    script.fails = NotBilled("provider_error")
    assert async_to_sync(ask)() == "provider_error"
    script.fails, script.takes_s = None, 0.3
    outcomes = async_to_sync(eight)()
    assert sorted(outcomes) == ["made", *["request_in_progress"] * 7]
    assert len(script.bill) == Entry.objects.of(acme).count() == 1
    assert Hold.objects.of(acme).filter(state="settled").count() == 1
