"""Which rules meet a spend, and what a hold asks of the database."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from policies import (
    budgets,
    corrections,
    counters,
    drift,
    ledger,
    periods,
    rules,
    terms,
    usage,
)
from policies.models import BudgetRule, Entry, Hold, Window
from policies.spender import Quote, Spender
from tale.lib import clock
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal
from tests.people import actor_for

pytestmark = pytest.mark.django_db


def ask(organisation: Organisation, *, amount: int = 40_000, who: str = "who_b", **of: Any) -> Hold:
    quote = Quote("image", "generate", "p", "m", amount, "EUR", {"unit": 1}, pictures=1)
    return budgets.hold(
        spender=Spender(organisation, user=who, **of),
        quote=quote,
        reference="test",
        idempotency_key=new_id("test"),
        now=timezone.now(),
        sent_for=timedelta(minutes=5),
    )


def limit(user: User, *, money: int = 10**6, **about: Any) -> BudgetRule:
    rule = BudgetRule(**{"scope": "user", "limit": money, **about})
    return rules.save(actor=actor_for(user), rule=rule, now=timezone.now())


def book(hold: Hold, amount: int) -> Entry:
    line = {"amount_micro": amount, "pictures": 1}
    assert budgets.settle(hold=hold, lines=[line], now=timezone.now())
    return Entry.objects.of(hold.organisation).get(hold=hold.pk)


def used(rule: BudgetRule) -> dict[str, int]:
    return {each.subject: each.used for each in usage.of_rule(rule, now=timezone.now())}


class TestDefaults:
    def test_it_yields_to_a_rule_of_ones_own(self, acme: Organisation, alice: User) -> None:
        limit(alice, money=50_000, is_default=True)
        limit(alice, money=200_000, subject="who_b")
        for _ in range(5):
            ask(acme, who="who_b")
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme, who="who_b")
        ask(acme, who="who_c")
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme, who="who_c")

    def test_only_for_the_same_thing(self, acme: Organisation, alice: User) -> None:
        limit(alice, money=50_000, is_default=True)
        limit(alice, money=10, subject="who_b", capability="chat")
        ask(acme)
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme)

    def test_it_comes_back_exact(self, acme: Organisation, alice: User) -> None:
        default = limit(alice, money=100_000, is_default=True)
        own = limit(alice, money=300_000, subject="who_b")
        book(ask(acme), 40_000)
        ask(acme)
        assert used(default) == {}
        rules.delete(actor=actor_for(alice), rule=own, now=timezone.now())
        assert used(default) == {"who_b": 80_000}
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme)

    @pytest.mark.parametrize("about", [{"subject": "who_b"}, {"scope": "organisation"}])
    def test_it_is_for_all_of_a_kind(
        self, acme: Organisation, alice: User, about: dict[str, str]
    ) -> None:
        with pytest.raises(ValidationError, match="default"):
            limit(alice, is_default=True, **about)


def until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


class TestWhatAHoldAsks:
    def four_caps(self, alice: User) -> None:
        for tighter, scope in enumerate(("organisation", "team", "assistant", "user")):
            limit(alice, scope=scope, money=10**9 - tighter)

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.postgres
    def test_five_round_trips_under_four_caps(self, acme: Organisation, alice: User) -> None:
        """BEGIN, lock, insert, counters, COMMIT: 600 holds a second hang on it."""
        self.four_caps(alice)
        ask(acme, team="team_x", assistant="asst_x")
        with CaptureQueriesContext(connection) as asked:
            ask(acme, team="team_x", assistant="asst_x")
        assert len(asked) == 5, [query["sql"][:80] for query in asked]

    def test_a_change_of_the_rules_is_seen_at_once(self, acme: Organisation, alice: User) -> None:
        rule = limit(alice, money=50_000)
        ask(acme)
        rule.limit = 100_000
        rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())
        ask(acme)
        rule.is_enabled = False
        rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())
        assert ask(acme).windows == []

    @pytest.mark.django_db(transaction=True)
    def test_counters_that_were_rolled_back_are_not_remembered(
        self, acme: Organisation, alice: User
    ) -> None:
        limit(alice, money=50_000)
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme, amount=60_000)
        assert ask(acme).windows
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme)

    @pytest.mark.django_db(transaction=True)
    def test_a_backup_played_in_is_noticed(self, acme: Organisation, alice: User) -> None:
        rule = limit(alice, money=50_000)
        ask(acme, amount=1)
        Window.objects.filter(rule=rule).delete()
        with pytest.raises(Window.DoesNotExist):
            ask(acme, amount=1)
        assert ask(acme, amount=1).windows == list(
            Window.objects.filter(rule=rule).values_list("pk", flat=True)
        )
        counters.forget()

    @pytest.mark.postgres
    def test_the_clock_of_the_database_counts(
        self, acme: Organisation, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit(alice, period="day")
        real = timezone.now
        monkeypatch.setattr(clock.timezone, "now", lambda: real() + timedelta(days=1, hours=1))
        try:
            held = ask(acme)
        finally:
            monkeypatch.undo()
            clock.heard(real())
        today = periods.bounds("day", zone=acme.time_zone, now=real())[0]
        assert Window.objects.of(acme).get().starts_at == today
        assert held.lease_until is not None
        assert timedelta(minutes=4) < held.lease_until - real() < timedelta(minutes=6)


class TestLines:
    def test_above_its_quote_is_booked_and_told(
        self,
        acme: Organisation,
        alice: User,
        caplog: pytest.LogCaptureFixture,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        rule = limit(alice, money=50_000)
        with django_capture_on_commit_callbacks(execute=True):
            entry = book(ask(acme), 70_000)
        assert entry.is_overrun
        assert "above the quote" in caplog.text
        assert used(rule) == {"who_b": 70_000}
        assert ledger.hash_of(entry) == entry.hash

    def test_what_is_above_its_quote_is_found_in_the_admin(
        self, acme: Organisation, alice: User, dana: User, as_: Any
    ) -> None:
        book(ask(acme, amount=40_000), 70_000)
        book(ask(acme, amount=50_000), 50_000)
        found = as_(dana).get("/admin/policies/entry/?is_overrun=True").content.decode()
        assert "0.07" in found
        assert "0.05" not in found

    def test_a_refund_gives_room_and_stays_a_line(self, acme: Organisation, alice: User) -> None:
        rule = limit(alice, money=50_000)
        entry = book(ask(acme), 40_000)
        line = self.correct(alice, entry, amount_micro=-30_000)
        assert used(rule) == {"who_b": 10_000}
        ask(acme)
        assert (line.hold, line.kind, line.prev_hash) == (entry.hold, "refund", entry.hash)
        assert ledger.hash_of(line) == line.hash
        told = AuditLine.objects.of(acme).get(action="entry.corrected")
        assert "bill 7" in str(told.detail.data)

    def test_twice(self, acme: Organisation, alice: User) -> None:
        entry = book(ask(acme), 40_000)
        self.correct(alice, entry, amount_micro=-30_000)
        with pytest.raises(Refusal) as no:
            self.correct(alice, entry, amount_micro=-30_000)
        assert (no.value.code, no.value.field) == ("out_of_range", "amount")
        self.correct(alice, entry, amount_micro=-10_000)
        assert sum(each.amount_micro for each in Entry.objects.of(acme)) == 0

    @pytest.mark.parametrize(
        ("field", "said"),
        [
            ("reason", {"reason": " "}),
            ("kind", {"kind": "use"}),
            ("amount", {"amount_micro": 0}),
            ("amount", {"amount_micro": 5}),
        ],
    )
    def test_what_is_no_correction(
        self, acme: Organisation, alice: User, field: str, said: dict[str, Any]
    ) -> None:
        entry = book(ask(acme), 40_000)
        with pytest.raises(Refusal) as no:
            self.correct(alice, entry, **said)
        assert no.value.field == field
        assert Entry.objects.of(acme).count() == 1

    def correct(self, user: User, entry: Entry, **said: Any) -> Entry:
        asked = {"kind": "refund", "amount_micro": -1, "reason": "bill 7", **said}
        return corrections.correct(actor=actor_for(user), entry=entry, now=timezone.now(), **asked)


class TestChanges:
    def change(self, alice: User, rule: BudgetRule, **fields: Any) -> BudgetRule:
        for name, value in fields.items():
            setattr(rule, name, value)
        return rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())

    def test_lowered_below_its_use(self, acme: Organisation, alice: User) -> None:
        """What runs ends and is booked; what is new is refused, and the bar is past its end."""
        rule = limit(alice, money=100_000)
        running = ask(acme)
        book(ask(acme), 40_000)
        self.change(alice, rule, limit=30_000)
        with pytest.raises(budgets.BudgetExceeded) as no:
            ask(acme, amount=1)
        assert no.value.details["smaller_fits"] is False
        assert no.value.details["used"] == 80_000
        book(running, 40_000)
        (seen,) = usage.of_rule(rule, now=timezone.now())
        assert (seen.settled, seen.reserved, seen.percent, seen.state) == (80_000, 0, 266, "full")

    def test_another_period_in_the_middle_of_one(self, acme: Organisation, alice: User) -> None:
        """Exact at once: what the new period saw before counts, open holds too."""
        rule = limit(alice, money=100_000, period="day")
        held = ask(acme)
        book(ask(acme), 40_000)
        rule = self.change(alice, rule, period="total")
        assert used(rule) == {"who_b": 80_000}
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme)
        assert budgets.release(hold=held, now=timezone.now(), from_states=("sent",))
        assert used(rule) == {"who_b": 40_000}

    def test_across_the_hour_that_comes_twice(self, acme: Organisation, alice: User) -> None:
        """One day of 25 hours is one window; settled after midnight it stays in its own."""
        rule = limit(alice, money=10**6, period="day")
        zone = ZoneInfo("Europe/Berlin")
        acme.time_zone = "Europe/Berlin"
        midnight = datetime(2026, 10, 25, tzinfo=zone).astimezone(UTC)
        for hours in (0, 2, 24):
            held = self.hold_at(acme, midnight + timedelta(hours=hours, minutes=30))
        line = {"amount_micro": 40_000, "pictures": 1}
        assert budgets.settle(hold=held, lines=[line], now=midnight + timedelta(hours=26))
        window = Window.objects.filter(rule=rule).get()
        assert window.ends_at is not None
        assert window.ends_at - window.starts_at == timedelta(hours=25)
        assert (window.reserved, window.settled) == (80_000, 40_000)

    def test_another_time_zone(self, acme: Organisation, alice: User) -> None:
        """The day begins at another moment: what falls into it is counted anew, nothing twice,
        and a process that knows the old zone holds in the new one."""
        rule = limit(alice, money=100_000, period="day")
        stale = Organisation.objects.get(pk=acme.pk)
        book(ask(acme), 40_000)
        terms.change(actor=actor_for(alice), now=timezone.now(), time_zone="Pacific/Kiritimati")
        ask(stale)
        with pytest.raises(budgets.BudgetExceeded):
            ask(acme)
        (window,) = Window.objects.filter(rule=rule)
        bounds = periods.bounds("day", zone="Pacific/Kiritimati", now=timezone.now())
        assert (window.starts_at, window.ends_at) == bounds
        acme.refresh_from_db()
        assert drift.found(organisation=acme, now=timezone.now()) == []

    @pytest.mark.postgres
    @pytest.mark.django_db(transaction=True)
    def test_who_waited_for_another_time_zone_counts_in_it(
        self, acme: Organisation, alice: User
    ) -> None:
        rule = limit(alice, money=100_000, period="day")
        ask(acme)
        with transaction.atomic():
            terms.change(actor=actor_for(alice), now=timezone.now(), time_zone="Pacific/Kiritimati")
            waiting = Thread(target=self.ask_elsewhere, args=(acme,))
            waiting.start()
            until_somebody_waits()
        waiting.join()
        (window,) = Window.objects.filter(rule=rule)
        assert window.reserved == 80_000
        acme.refresh_from_db()
        assert drift.found(organisation=acme, now=timezone.now()) == []

    def ask_elsewhere(self, organisation: Organisation) -> None:
        try:
            ask(organisation)
        finally:
            connection.close()

    def test_the_currency_stays_once_money_moved(self, acme: Organisation, alice: User) -> None:
        terms.change(actor=actor_for(alice), now=timezone.now(), currency="CHF")
        ask(acme)
        with pytest.raises(Refusal) as no:
            terms.change(actor=actor_for(alice), now=timezone.now(), currency="EUR")
        assert (no.value.code, no.value.field) == ("field_not_allowed", "currency")

    def hold_at(self, organisation: Organisation, now: datetime) -> Hold:
        return budgets.hold(
            spender=Spender(organisation, user="who_b"),
            quote=Quote("image", "generate", "p", "m", 40_000, "EUR", {}, pictures=1),
            reference="test",
            idempotency_key=new_id("test"),
            now=now,
            sent_for=timedelta(minutes=5),
        )
