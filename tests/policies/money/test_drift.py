"""What is wrong is found, named, and left as it is; what is right is left alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from policies import budgets, drift, rules, tasks
from policies.models import BudgetRule, Entry, EntryHead, Hold, Window
from policies.spender import Quote, Spender
from tale.lib import append_only
from tale.lib.fields import new_id
from tests.people import actor_for

PRICE = {"picture_micro": 40_000}


@pytest.fixture
def office(acme: Organisation, alice: User) -> Organisation:
    """A rule a day and one in all, two pictures paid, one on its way, one given back."""
    for more in ({"scope": "user", "period": "day"}, {"scope": "organisation", "period": "total"}):
        rule = BudgetRule(capability="any", limit=10**9, **more)
        rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())
    holds = [hold(acme) for _ in range(4)]
    line = {"amount_micro": 40_000, "pictures": 1}
    for paid in holds[:2]:
        budgets.settle(hold=paid, lines=[line], now=timezone.now())
    budgets.release(hold=holds[3], now=timezone.now(), from_states=("sent",))
    return acme


def hold(organisation: Organisation) -> Hold:
    return budgets.hold(
        spender=Spender(organisation, user="who_a"),
        quote=Quote("image", "generate", "p", "m", 40_000, "EUR", PRICE, 1),
        reference="test",
        idempotency_key=new_id("test"),
        now=timezone.now(),
        sent_for=timedelta(minutes=5),
    )


def codes(organisation: Organisation, **later: int) -> set[str]:
    now = timezone.now() + timedelta(**later)
    return {each.code for each in drift.found(organisation=organisation, now=now)}


def unguarded(sql: str, *values: Any) -> None:
    """As somebody does it who owns the database."""
    with connection.cursor() as cursor:
        schema: Any = SimpleNamespace(connection=connection, execute=cursor.execute)
        append_only.lift(schema, "policies_entry")
        cursor.execute(sql, values)
        append_only.guard(schema, "policies_entry")


def windows(organisation: Organisation, period: str = "day") -> Any:
    return Window.objects.of(organisation).filter(rule__period=period)


def clone_a_window(organisation: Organisation) -> None:
    window = windows(organisation).get()
    window.pk, window.settled, window.reserved = None, 0, 0
    window.starts_at += timedelta(microseconds=1)  # in the first hour of a day, too
    window.save(force_insert=True)


def forget_a_window(organisation: Organisation) -> None:
    held = Hold.objects.of(organisation).filter(state="sent")
    held.update(windows=[windows(organisation).get().pk])


def add_a_line(organisation: Organisation) -> None:
    line = Entry.objects.of(organisation).order_by("-seq")[0]
    line.pk, line.hold, line.amount_micro, line.seq = None, "hold_of_nobody", 0, line.seq + 1
    line.pictures = 0
    line.save(force_insert=True)


LAST = " WHERE seq = 2"
DEFECTS: dict[str, tuple[Callable[[Organisation], Any], set[str]]] = {
    "reserved": (lambda it: windows(it).update(reserved=F("reserved") + 1), {"reserved"}),
    "settled": (lambda it: windows(it, "total").update(settled=F("settled") - 1), {"settled"}),
    "window gone": (lambda it: windows(it).delete(), {"reserved", "settled", "misplaced"}),
    "misplaced": (forget_a_window, {"misplaced"}),
    "overlap": (clone_a_window, {"overlap", "reserved", "settled", "misplaced"}),
    "line changed": (
        lambda it: unguarded("UPDATE policies_entry SET model = 'x'" + LAST),
        {"chain"},
    ),
    "amount changed": (
        lambda it: unguarded("UPDATE policies_entry SET amount_micro = 1" + LAST),
        {"chain", "settled"},
    ),
    "first line gone": (
        lambda it: unguarded("DELETE FROM policies_entry WHERE seq = 1"),
        {"chain", "settled", "unbooked"},
    ),
    "last line gone": (
        lambda it: unguarded("DELETE FROM policies_entry" + LAST),
        {"chain", "settled", "unbooked"},
    ),
    "line added": (add_a_line, {"chain", "unfounded"}),
    "head moved": (lambda it: EntryHead.objects.update(seq=1), {"chain"}),
    "no price": (
        lambda it: unguarded("UPDATE policies_entry SET price = '{}'" + LAST),
        {"chain", "unfounded"},
    ),
    "given back, and paid": (
        lambda it: Hold.objects.of(it).filter(state="settled").update(state="released"),
        {"unfounded"},
    ),
    "paid, and open": (
        lambda it: Hold.objects.of(it).filter(state="settled").update(state="unknown"),
        {"unfounded", "reserved"},
    ),
}


def test_what_is_right_is_left_alone(office: Organisation) -> None:
    assert codes(office) == set()
    assert codes(office, hours=24) == set()
    assert codes(office, hours=25) == {"overdue"}


@pytest.mark.parametrize("defect", DEFECTS)
def test_what_is_wrong_is_named(office: Organisation, defect: str) -> None:
    break_it, expected = DEFECTS[defect]
    break_it(office)
    assert codes(office) == expected


def test_the_command_says_so_with_its_status(office: Organisation, rival: Organisation) -> None:
    told = io.StringIO()
    call_command("money", "check", stdout=told)
    assert told.getvalue() == f"{office.pk}: all agrees\n{rival.pk}: all agrees\n"
    windows(office).update(settled=7)
    with pytest.raises(CommandError, match="Money does not add up: 1 found"):
        call_command("money", "check", office.pk, stdout=told)
    window = windows(office).get()
    assert f"settled {window.rule_id} who_a from" in told.getvalue()
    assert "7, expected 80000" in told.getvalue()
    call_command("money", "check", rival.pk, stdout=told)
    with pytest.raises(CommandError, match="no organisation org_x"):
        call_command("money", "check", "org_x", stdout=told)


def test_every_hour_somebody_is_told_and_nothing_is_mended(
    office: Organisation, caplog: pytest.LogCaptureFixture
) -> None:
    lines = AuditLine.objects.of(office).filter(action="money.drifted")
    tasks.check_money()
    assert "money_drift" not in caplog.text
    assert not lines.exists()
    windows(office).update(reserved=0)
    tasks.check_money()
    assert "money_drift" in caplog.text
    assert lines.get().detail.data["after"]["reserved"] == 1
    assert windows(office).get().reserved == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_sees_one_moment(office: Organisation) -> None:
    """A hold that is made between its two looks is in neither."""
    with drift._one_moment():
        assert windows(office).get().reserved == 40_000
        in_another_connection(hold, office)
        assert windows(office).get().reserved == 40_000
        assert codes(office) == set()
    assert windows(office).get().reserved == 80_000
    assert codes(office) == set()


def in_another_connection(work: Callable[[Organisation], Any], organisation: Organisation) -> None:
    def run() -> None:
        try:
            with transaction.atomic():
                work(organisation)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
