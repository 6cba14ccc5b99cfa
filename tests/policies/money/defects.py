"""What a careless change could do to money, each as a patch around the functions of today. A suite
that stays green under one of them is not done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import F

from assistants import beginning, reconcile
from policies import budgets, counters, periods, rules
from policies.models import BudgetRule, Entry, Hold, Window
from tale.lib import append_only
from tale.lib.fields import new_id

# A mistake of logic is the same on both databases, and SQLite finds it in half the time.
ONCE = pytest.mark.skipif(connection.vendor != "sqlite", reason="planted on SQLite")
Defect = Callable[[], AbstractContextManager[None]]
settle, save = budgets.settle, rules.save


def row_of(hold: Hold) -> Any:
    return Hold.objects.of(hold.organisation).filter(pk=hold.pk)


@contextmanager
def no_claim_guard() -> Iterator[None]:
    def claim(*, hold: Hold, lease: Any, now: Any) -> bool:
        return bool(row_of(hold).update(state="sent", sent_at=now, lease_until=now + lease))

    with patch.object(budgets, "claim", claim):
        yield


@contextmanager
def settle_without_a_guard() -> Iterator[None]:
    def settled(*, hold: Hold, **more: Any) -> bool:
        row_of(hold).update(state="sent")
        more["kind"] = "late" if Entry.objects.filter(chain=hold.organisation_id) else "use"
        return settle(hold=hold, **more)

    with patch.object(budgets, "settle", settled):
        yield


@contextmanager
def settled_when_it_ended() -> Iterator[None]:
    """The window is chosen by the clock of whoever settles, not by when the money was held."""

    def settled(*, hold: Hold, now: Any, lines: Any, **more: Any) -> bool:
        if not settle(hold=hold, now=now, lines=lines, **more):
            return False
        held = row_of(hold).get()
        for window in Window.objects.of(hold.organisation).filter(pk__in=held.windows):
            rule = window.rule
            starts_at, ends_at = periods.bounds(rule.period, zone=zone_of(hold), now=now)
            now_running, _ = Window.objects.of(hold.organisation).get_or_create(
                organisation=hold.organisation,
                rule=rule,
                subject=window.subject,
                starts_at=starts_at,
                defaults={"ends_at": ends_at},
            )
            size = rules.weight(
                rule,
                amount_micro=sum(line["amount_micro"] for line in lines),
                pictures=sum(line["pictures"] for line in lines),
            )
            move(window, -size)
            move(now_running, size)
        return True

    with patch.object(budgets, "settle", settled):
        yield


def zone_of(hold: Hold) -> str:
    return hold.organisation.time_zone


def move(window: Window, size: int) -> None:
    rows = Window.objects.of(window.organisation).filter(pk=window.pk)
    rows.update(settled=F("settled") + size)


@contextmanager
def amounts_in_floats() -> Iterator[None]:
    def settled(*, lines: list[dict[str, Any]], **more: Any) -> bool:
        in_euro = [line["amount_micro"] / 1_000_000 for line in lines]
        for line, euro in zip(lines, in_euro, strict=True):
            line["amount_micro"] = int(euro * 1_000_000)
        return settle(lines=lines, **more)

    with patch.object(budgets, "settle", settled):
        yield


@contextmanager
def released_in_doubt() -> Iterator[None]:
    """A time-out is taken for "not billed"."""

    def doubt(*, hold: Hold) -> bool:
        return budgets.release(hold=hold, now=hold.held_at, from_states=("sent",))

    with patch.object(budgets, "doubt", doubt):
        yield


@contextmanager
def nobody_sweeps() -> Iterator[None]:
    async def sweep() -> None:
        pass

    with patch.object(reconcile, "sweep", sweep):
        yield


@contextmanager
def a_new_rule_forgets_what_is_open() -> Iterator[None]:
    def saved(*, rule: BudgetRule, **more: Any) -> BudgetRule:
        rule = save(rule=rule, **more)
        windows = Window.objects.filter(rule=rule)
        gone = set(windows.values_list("pk", flat=True))
        windows.update(reserved=0)
        for hold in Hold.objects.of(rule.organisation).filter(state__in=Hold.OPEN):
            row_of(hold).update(windows=[pk for pk in hold.windows if pk not in gone])
        return rule

    with patch.object(rules, "save", saved):
        yield


@contextmanager
def a_new_rule_forgets_what_was_spent() -> Iterator[None]:
    def saved(*, rule: BudgetRule, **more: Any) -> BudgetRule:
        rule = save(rule=rule, **more)
        Window.objects.filter(rule=rule).update(settled=0)
        return rule

    with patch.object(rules, "save", saved):
        yield


@contextmanager
def lines_are_corrected_in_place() -> Iterator[None]:
    """Past the trigger as well: the chain alone must tell."""

    def settled(*, hold: Hold, **more: Any) -> bool:
        if not settle(hold=hold, **more):
            return False
        with connection.cursor() as cursor:
            schema: Any = SimpleNamespace(connection=connection, execute=cursor.execute)
            append_only.lift(schema, "policies_entry")
            Entry.objects.of(hold.organisation).filter(hold=hold.pk).update(tokens_in=1)
            append_only.guard(schema, "policies_entry")
        return True

    with patch.object(budgets, "settle", settled):
        yield


@contextmanager
def nothing_is_presumed() -> Iterator[None]:
    def settled(*, lines: list[dict[str, Any]], kind: str = "use", **more: Any) -> bool:
        if kind == "presumed":
            lines = [line | {"amount_micro": 0, "pictures": 0} for line in lines]
        return settle(lines=lines, kind=kind, **more)

    with patch.object(budgets, "settle", settled):
        yield


@contextmanager
def the_rest_is_kept() -> Iterator[None]:
    """What was billed is booked, and the part of the hold that was not stays set aside."""

    def settled(*, hold: Hold, lines: list[dict[str, Any]], **more: Any) -> bool:
        if not settle(hold=hold, lines=lines, **more):
            return False
        rest = max(hold.amount_micro - sum(line["amount_micro"] for line in lines), 0)
        windows = row_of(hold).get().windows
        in_money = Window.objects.of(hold.organisation).filter(rule__measure="money")
        in_money.filter(pk__in=windows).update(reserved=F("reserved") + rest)
        return True

    with patch.object(budgets, "settle", settled):
        yield


@contextmanager
def bought_again() -> Iterator[None]:
    """A key that was used before is as good as a new one."""
    begin = beginning.begin

    def begun(*wish: Any, idempotency_key: str, **more: Any) -> Any:
        return begin(*wish, idempotency_key=new_id("key"), **more)

    with patch.object(beginning, "begin", begun):
        yield


@contextmanager
def caps_are_not_looked_at() -> Iterator[None]:
    reserve = counters.reserve

    def reserved(steps: Any, **more: Any) -> int:
        return reserve([step._replace(limit=None) for step in steps], **more)

    with patch.object(counters, "reserve", reserved):
        yield


OF_MONEY: tuple[Defect, ...] = (
    no_claim_guard,
    settle_without_a_guard,
    settled_when_it_ended,
    amounts_in_floats,
    released_in_doubt,
    nobody_sweeps,
    a_new_rule_forgets_what_is_open,
    a_new_rule_forgets_what_was_spent,
    lines_are_corrected_in_place,
    nothing_is_presumed,
    the_rest_is_kept,
    caps_are_not_looked_at,
)
OF_PICTURES: tuple[Defect, ...] = (
    released_in_doubt,
    nobody_sweeps,
    nothing_is_presumed,
    the_rest_is_kept,
    bought_again,
)
