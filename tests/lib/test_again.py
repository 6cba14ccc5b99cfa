"""What the database breaks off is done once more: a few times, and the outermost alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import Organisation, User
from policies import budgets, counters, rules
from policies.models import BudgetRule, Hold, Window
from tale.lib import again
from tale.lib.models import RateWindow
from tests.admin.conftest import hold_for
from tests.people import actor_for

pytestmark = pytest.mark.django_db(transaction=True)


class BrokenOff(Exception):
    sqlstate = "40P01"


def broken(text: str = "deadlock detected", sqlstate: str = "40P01") -> OperationalError:
    error, cause = OperationalError(text), BrokenOff()
    cause.sqlstate = sqlstate
    error.__cause__ = cause
    return error


def failing(times: int, error: OperationalError) -> tuple[Callable[[], int], list[int]]:
    tries: list[int] = []

    @again.atomic
    def work() -> int:
        assert connection.in_atomic_block
        tries.append(len(tries))
        if len(tries) <= times:
            raise error
        return len(tries)

    return work, tries


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "PAUSE_S", (0, 0.001))


@pytest.mark.parametrize(
    "error",
    [broken(), broken("could not serialize", "40001"), broken("database is locked", "")],
)
def test_it_works(error: OperationalError) -> None:
    work, _tries = failing(2, error)
    assert work() == 3


@pytest.mark.parametrize(
    ("error", "runs"), [(broken(), 3), (broken("the server went away", "57P01"), 1)]
)
def test_it_gives_up(error: OperationalError, runs: int) -> None:
    work, tries = failing(9, error)
    with pytest.raises(OperationalError):
        work()
    assert len(tries) == runs


def test_within_another_it_is_not_tried_again() -> None:
    work, tries = failing(1, broken())
    with pytest.raises(OperationalError), transaction.atomic():
        work()
    assert len(tries) == 1


def test_a_hold_that_was_broken_off_is_taken_once(
    acme: Organisation, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = BudgetRule(scope="organisation", capability="image", limit=10**6)
    rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())
    real, tries = counters.reserve, []

    def reserve(*args: Any, **options: Any) -> int:
        taken = real(*args, **options)
        tries.append(taken)
        if len(tries) < 3:
            raise broken()
        return taken

    monkeypatch.setattr(counters, "reserve", reserve)
    hold = hold_for(bob)
    assert len(tries) == 3
    assert [row.pk for row in Hold.objects.of(acme)] == [hold.pk]
    assert Window.objects.of(acme).get().reserved == 40_000
    assert budgets.settle(
        hold=hold, lines=[{"amount_micro": 40_000, "pictures": 1}], now=timezone.now()
    )


@pytest.mark.postgres
def test_of_two_who_wait_for_each_other_both_get_through() -> None:
    for name in ("a", "b"):
        RateWindow.objects.create(key=name, opened_s=0, closes_s=0)
    met = threading.Barrier(2)
    before = again.AGAIN.labels("deadlock")._value.get()

    @again.atomic
    def both(first: str, second: str, waits: list[bool]) -> None:
        RateWindow.objects.filter(key=first).update(taken=1)
        if waits:
            waits.pop()
            met.wait(10)
        RateWindow.objects.filter(key=second).update(taken=1)

    def run(*names: str) -> None:
        try:
            both(*names, [True])
            done.append(names)
        finally:
            connection.close()

    done: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=run, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2
    assert again.AGAIN.labels("deadlock")._value.get() == before + 1
