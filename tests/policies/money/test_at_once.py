"""What only shows when many hold at once, each over a connection of its own: no cap is passed and
nobody waits for somebody who waits for them. The planted twins of both are seen."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import F
from django.utils import timezone

from accounts.models import Organisation, User
from policies import budgets, counters, drift, rules
from policies.counters import Step
from policies.models import BudgetRule, Hold, Window
from policies.spender import Quote, Spender
from tale.lib import again
from tale.lib.fields import new_id
from tests.people import actor_for

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AT_ONCE, EACH, ROOM = 6, 4, 10
COST = 40_000


@pytest.fixture
def office(acme: Organisation, alice: User) -> Organisation:
    """Four caps that everybody meets, each with room for ten."""
    for scope in ("user", "assistant", "team", "organisation"):
        rule = BudgetRule(scope=scope, capability="image", limit=ROOM * COST + COST // 2)
        rule.period = "total" if scope == "organisation" else "month"
        rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())
    return acme


def burst(office: Organisation) -> list[str]:
    """What became of each hold: admitted, refused, or the name of a fault."""
    told: list[str] = []
    gate = threading.Barrier(AT_ONCE)

    def run() -> None:
        try:
            gate.wait()
            told.extend(one(office) for _ in range(EACH))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def one(office: Organisation) -> str:
    try:
        budgets.hold(
            spender=Spender(office, user="who_a", assistant="asst_a", team="team_a"),
            quote=Quote("image", "generate", "p", "m", COST, "EUR", {"picture_micro": COST}, 1),
            reference="test",
            idempotency_key=new_id("test"),
            now=timezone.now(),
            sent_for=timedelta(minutes=5),
        )
    except budgets.BudgetExceeded:
        return "refused"
    except DatabaseError as fault:
        return type(fault.__cause__).__name__
    return "admitted"


def is_right(office: Organisation, told: list[str]) -> bool:
    used = {window.used for window in Window.objects.of(office)}
    return (
        sorted(told) == ["admitted"] * ROOM + ["refused"] * (AT_ONCE * EACH - ROOM)
        and used == {ROOM * COST}
        and Hold.objects.of(office).count() == ROOM
        and not drift.found(organisation=office, now=timezone.now())
    )


def test_exactly_as_many_as_there_is_money_for(office: Organisation) -> None:
    before = deadlocks()
    told = burst(office)
    assert is_right(office, told), told
    assert deadlocks() == before


def deadlocks() -> float:
    """Those too that were mended by another try."""
    number: float = again.AGAIN.labels("deadlock")._value.get()
    return number


def check_then_act(steps: Sequence[Step], *, organisation: Organisation) -> int:
    windows = {row.pk: row for row in Window.objects.of(organisation)}
    for place, step in enumerate(steps):
        if step.limit is not None and windows[step.window].used + step.asked > step.limit:
            return place
    time.sleep(0.01)
    for step in steps:
        add(step, Window.objects.of(organisation))
    return len(steps)


def in_any_order(steps: Sequence[Step], *, organisation: Organisation) -> int:
    for step in random.sample(steps, len(steps)):
        room = Window.objects.of(organisation)
        if step.limit is not None:
            room = room.filter(settled__lte=step.limit - step.asked - F("reserved"))
        if not add(step, room):
            return steps.index(step)
        time.sleep(0.01)
    return len(steps)


def add(step: Step, windows: Any) -> int:
    changed: int = windows.filter(pk=step.window).update(reserved=F("reserved") + step.asked)
    return changed


@pytest.mark.parametrize(
    ("careless", "what"), [(check_then_act, "admitted"), (in_any_order, "DeadlockDetected")]
)
def test_a_planted_defect_is_seen(
    office: Organisation,
    monkeypatch: pytest.MonkeyPatch,
    careless: Callable[..., int],
    what: str,
) -> None:
    monkeypatch.setattr(counters, "reserve", careless)
    monkeypatch.setattr(again, "TRIES", 1)
    told = burst(office)
    assert not is_right(office, told)
    assert told.count(what) > (ROOM if what == "admitted" else 0)
