"""Many at once, money for few: the provider hears exactly of those that fit."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import images
from assistants.context import Context
from policies import rules
from policies.models import BudgetRule, Entry, Hold, Window
from providers.shapes import Wish
from tale.lib.refusals import Refusal
from tests.people import actor_for
from tests.upstream.scripted import Script

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 20


def test_money_for_three(
    acme: Organisation,
    alice: User,
    bob: User,
    workspace: Callable[[Organisation], None],
    script: Script,
) -> None:
    workspace(acme)
    owner = actor_for(alice)
    for scope in ("user", "organisation"):
        rule = BudgetRule(scope=scope, capability="image", limit=3 * 40_000 + 39_999)
        rules.save(actor=owner, rule=rule, now=timezone.now())
    script.takes_s = 0.05
    context = Context(actor=actor_for(bob), reference="test")

    async def ask(number: int) -> str:
        try:
            await images.generate(
                wish=Wish(f"fox {number}"), context=context, idempotency_key=f"ask-{number}"
            )
        except Refusal as refusal:
            return refusal.code
        return "made"

    async def everybody() -> list[str]:
        return await asyncio.gather(*map(ask, range(AT_ONCE)))

    outcomes = async_to_sync(everybody)()
    assert Counter(outcomes) == {"budget_exceeded": AT_ONCE - 3, "made": 3}
    assert len(script.bill) == 3
    assert Entry.objects.of(acme).count() == 3
    assert not Hold.objects.of(acme).filter(state__in=Hold.OPEN).exists()
    seen = {(window.settled, window.reserved) for window in Window.objects.of(acme)}
    assert seen == {(120_000, 0)}


def test_somebody_new_has_the_rule_for_those_without_one(
    acme: Organisation,
    alice: User,
    bob: User,
    workspace: Callable[[Organisation], None],
    script: Script,
) -> None:
    """Nobody has counted anything of theirs before, and eight come first at once."""
    workspace(acme)
    rule = BudgetRule(scope="user", capability="image", measure="pictures", limit=3)
    rule.is_default = True
    rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())
    script.takes_s = 0.05
    context = Context(actor=actor_for(bob), reference="test")

    async def eight() -> list[object]:
        one = (
            images.generate(
                wish=Wish(f"fox {number}"), context=context, idempotency_key=f"{number}"
            )
            for number in range(8)
        )
        return await asyncio.gather(*one, return_exceptions=True)

    made = [end for end in async_to_sync(eight)() if isinstance(end, list)]
    assert len(made) == len(script.bill) == 3
    window = Window.objects.of(acme).get()
    assert (window.settled, window.reserved) == (3, 0)


def test_the_same_key_at_once_pays_once(
    acme: Organisation,
    bob: User,
    workspace: Callable[[Organisation], None],
    script: Script,
) -> None:
    workspace(acme)
    script.takes_s = 0.2
    context = Context(actor=actor_for(bob), reference="test")

    async def everybody() -> list[object]:
        one = [
            images.generate(wish=Wish("a fox"), context=context, idempotency_key="k", join=True)
            for _ in range(8)
        ]
        return await asyncio.gather(*one)

    made = async_to_sync(everybody)()
    assert len(script.bill) == 1
    assert len({artifacts[0].pk for artifacts in made}) == 1  # type: ignore[index]
