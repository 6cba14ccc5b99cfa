"""A budget that comes near its limit says so: to each who spends from it, and to who governs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import AuditLine, Event, Organisation, User
from chats import answering
from chats.models import Turn
from policies import rules, tasks, thresholds
from policies.models import BudgetRule, Window
from tests.people import actor_for
from tests.upstream.scripted import Script

TWO = '{"prompt": "a fox in the snow", "n": 2}'
TOAST = 'data-error-code="budget_near"'


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def rule(office: Organisation, dana: User) -> BudgetRule:
    mine = BudgetRule(scope="organisation", capability="image", limit=100_000, warn_percent=80)
    return rules.save(actor=actor_for(dana), rule=mine, now=timezone.now())


def ask(client: Client, script: Script, token: str, arguments: str = TWO) -> str:
    script.calls(arguments)
    script.says("Done.")
    answer = client.post("/chats", {"text": "foxes", "client_token": token})
    turn = Turn.unscoped.get(chat_id=answer["Location"].rpartition("/")[2], number=1)
    async_to_sync(answering.answer)(turn.pk)
    return str(client.get(answer["Location"]).content.decode())


def told(office: Organisation) -> tuple[int, int]:
    lines = AuditLine.objects.of(office).filter(action="budget_rule.near")
    return Event.objects.of(office).filter(kind="budget.near").count(), lines.count()


def test_who_spends_is_told_once(
    office: Organisation, rule: BudgetRule, bob: User, as_: Any, script: Script
) -> None:
    client = as_(bob)
    page = ask(client, script, "token-0001")
    assert page.count(TOAST) == 1
    assert "0.08 EUR of 0.10 EUR used, 80 %." in page
    assert "toast--warning" in page
    assert told(office) == (1, 1)
    again = ask(client, script, "token-0002", '{"prompt": "a fox in the snow", "n": 1}')
    assert TOAST not in again
    assert told(office) == (1, 1)


def test_below_the_point_nobody_is(
    office: Organisation, rule: BudgetRule, bob: User, as_: Any, script: Script
) -> None:
    page = ask(as_(bob), script, "token-0001", '{"prompt": "a fox", "n": 1}')
    assert TOAST not in page
    assert thresholds.look(now=timezone.now()) == 0


def test_what_programs_spend_is_told_to_who_governs(
    office: Organisation,
    rule: BudgetRule,
    bob: User,
    dana: User,
    api: Any,
    key_for: Any,
    as_: Any,
) -> None:
    sent = {"prompt": "a fox", "n": 2}
    assert api(key_for(bob)).post("/openai/v1/images/generations", sent).status_code == 200
    for _ in range(2):
        tasks.warn()
    assert told(office) == (1, 1)
    assert "A budget comes to its end." in as_(dana).get("/admin/").content.decode()


def test_another_limit_is_told_anew_and_a_count_anew_is_not(
    office: Organisation, rule: BudgetRule, dana: User
) -> None:
    now = timezone.now()

    def spent(amount: int) -> int:
        if not Window.objects.filter(rule=rule).update(settled=amount):
            window(office, rule, amount)
        return thresholds.look(now=now)

    assert spent(90_000) == 1
    Window.objects.filter(rule=rule).delete()  # as a rule that is saved counts anew
    assert spent(90_000) == 0
    rule.limit = 200_000
    rules.save(actor=actor_for(dana), rule=rule, now=now)
    assert spent(90_000) == 0
    assert spent(160_000) == 1
    rule.limit = 10**18  # what a form takes at most: no overflow stops the chore
    rules.save(actor=actor_for(dana), rule=rule, now=now)
    assert spent(160_000) == 0


def window(office: Organisation, rule: BudgetRule, amount: int) -> Window:
    starts_at = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window.objects.create(
        organisation=office,
        rule=rule,
        subject="organisation",
        starts_at=starts_at,
        settled=amount,
    )


@pytest.mark.django_db(transaction=True)
def test_of_many_who_look_at_once_one_tells(office: Organisation, rule: BudgetRule) -> None:
    window(office, rule, 90_000)

    def look(_number: int) -> int:
        try:
            return thresholds.look(now=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(8))) == 1
    assert told(office) == (1, 1)
