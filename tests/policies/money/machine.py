"""Anything may happen to money, in any order, at any time; the model says what must be so after.

Where each invariant of money.md is looked at:

    I1   hold: refused if and only if the model says that a cap would be passed
    I2   true_counters, and drift `reserved`, `misplaced`
    I3   true_counters, and drift `settled`; it holds for rules saved in the middle of a period
    I4   kept_lines, and drift `chain`
    I5   see: what nobody looks at has ended in time; drift `overdue`
    I6   kept_lines: a line for each that was billed, none twice; drift `unbooked`
    I7   drift `unfounded`
    I8   claim: one of two wins
    I9   true_counters: windows of every scope are counted from the same spends
    I10  hold, claim, settle, release and doubt are each said again, and change nothing
    I11  kept_states: what has ended stays as it ended
    I12  true_counters, and drift `overlap`, over days of 23 and 25 hours
    I15  hold: who is refused leaves no row behind
    I16  drift `negative`

I6 of pictures, I13 and I14 are looked at by the simulator; what only processes show (a kill between
two statements, two sweepers) by the kill harness. To crash here is not to do the rest.
"""

from __future__ import annotations

from contextlib import ExitStack
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple
from unittest import mock
from unittest.mock import AsyncMock

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.models import Organisation, User
from assistants import reconcile
from policies import budgets, drift, periods, rules
from policies.models import BudgetRule, Entry, Hold, Window
from policies.spender import Quote, Spender
from providers.base import Adapter, Connection
from tale.lib import clock
from tests.people import actor_for
from tests.policies.money.model import Model, Spend

LEASE = timedelta(minutes=5)
LIMITS = (0, 1, 3, 5, 9)
OWN_AND_DEFAULT = {3, 8}  # a default yields to the other
LOST_IN_FLOATS = (1_001, 1_956, 125_014)  # euros as binary fractions are less
WAITS = {
    "at once": timedelta(),
    "soon": timedelta(seconds=30),
    "later": timedelta(minutes=16),
    "25 h": timedelta(hours=25),
}
CAPS: tuple[dict[str, Any], ...] = (
    {"scope": "organisation", "capability": "image", "period": "day"},
    {"scope": "organisation", "capability": "any", "is_per_member": True, "period": "week"},
    {"scope": "user", "capability": "image", "measure": "pictures"},
    {"scope": "user", "subject": "who_a", "capability": "any", "period": "day"},
    {"scope": "team", "capability": "any", "period": "total"},
    {"scope": "team", "capability": "image", "is_per_member": True, "period": "month"},
    {"scope": "key", "subject": "key_a", "capability": "chat", "period": "week"},
    {"scope": "assistant", "capability": "any", "period": "month", "action": "warn"},
    {"scope": "user", "capability": "any", "period": "day", "is_default": True},
)
# Clocks go forward and back in the days after; in some of these zones at midnight.
BEGINNINGS = (
    ("Europe/Berlin", datetime(2026, 3, 28, 9, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 24, 9, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 3, 7, 9, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 10, 31, 9, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 4, 9, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 9, tzinfo=UTC)),
)
people = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["who_a", "who_b", ""]),
        "team": st.sampled_from(["team_a", ""]),
        "key": st.sampled_from(["", "key_a"]),
        "assistant": st.sampled_from(["asst_a", "asst_b"]),
    }
)
amounts = st.one_of(st.integers(0, 150_000), st.sampled_from(LOST_IN_FLOATS))
asks = st.tuples(
    people,
    st.integers(1, 3),
    st.sampled_from(["image", "image", "chat"]),
    st.sampled_from([True, True, False]),  # sent at once
    st.sampled_from([None, True, False]),  # what the provider says when it is asked
    st.booleans(),  # billed at once
)
Ask = tuple[dict[str, str], int, str, bool, bool | None, bool]
lines = st.lists(st.tuples(amounts, st.integers(0, 1)), min_size=1, max_size=3)
some = st.integers(0, 40)


class Known(NamedTuple):
    hold: Hold
    spend: Spend


class Machine(RuleBasedStateMachine):
    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user
        self.now = BEGINNINGS[0][1]
        self.numbers, self.steps = count(), count()
        self.model = Model("UTC")
        self.caps: dict[int, BudgetRule] = {}
        self.known: list[Known] = []
        self.states: dict[str, str] = {}  # of every hold, as the model has it
        self.told: dict[str, bool | None] = {}  # what the provider says of a call in doubt
        self.seen: list[tuple[str, int]] = []  # every line there was
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(transaction.set_rollback, True)
        self.stack.enter_context(mock.patch("django.utils.timezone.now", self.clock))
        self.stack.enter_context(mock.patch.object(clock, "heard"))  # the database has its own
        self.stack.enter_context(mock.patch.object(reconcile, "_adapter_of", self.adapter_of))

    def clock(self) -> datetime:
        return self.now

    def teardown(self) -> None:
        self.stack.close()

    @initialize(
        beginning=st.sampled_from(BEGINNINGS),
        caps=st.sets(st.integers(0, len(CAPS) - 1), max_size=3).map(OWN_AND_DEFAULT.union),
    )
    def begin(self, beginning: tuple[str, datetime], caps: set[int]) -> None:
        zone, self.now = beginning
        self.actor = actor_for(self.user)
        self.office = self.actor.organisation
        self.office.time_zone = self.model.zone = zone
        self.office.save(update_fields=["time_zone"])
        self.caps = {which: BudgetRule(organisation=self.office, **CAPS[which]) for which in caps}
        for cap in self.caps.values():
            cap.limit = LIMITS[-1] if cap.measure == "pictures" else LIMITS[-1] * 100_000
        BudgetRule.objects.bulk_create(self.caps.values())  # nothing was spent that they count
        self.model.rules = list(self.caps.values())

    # --- What may happen -------------------------------------------------------------------------

    @rule(asked=st.lists(asks, min_size=1, max_size=3))
    def hold(self, asked: list[Ask]) -> None:
        for each in asked:
            self.hold_one(each)

    def hold_one(self, asked: Ask) -> None:
        who, n, capability, is_sent, told, is_billed = asked
        pictures = n if capability == "image" else 0
        spend = Spend(who, capability, n * 100_000, pictures, self.now)
        passed = [cap for cap in self.caps.values() if self.would_pass(cap, spend)]
        before = self.rows()
        key = f"key {next(self.numbers)}"
        if passed:
            with pytest.raises(budgets.BudgetExceeded) as exceeded:
                self.ask(spend, key, is_sent=is_sent)
            assert exceeded.value.details["scope"] in {cap.scope for cap in passed}
            assert self.rows() == before
            return
        made = self.ask(spend, key, is_sent=is_sent)
        self.known.append(Known(made, spend))
        self.model.spends.append(spend)
        self.states[made.pk], self.told[made.pk] = "sent" if is_sent else "reserved", told
        with pytest.raises(budgets.HoldExists) as again:
            self.ask(spend, key, is_sent=is_sent)
        assert again.value.hold == made
        if is_billed:
            self.finish(made, spend, [(spend.amount // 2, pictures)])

    @precondition(lambda self: self.known)
    @rule(which=some, billed=lines, when=st.sampled_from(["at once", "at once", "25 h", "day"]))
    def settle(self, which: int, billed: list[tuple[int, int]], when: str) -> None:
        """Also when its period is over, and when it was presumed or given back before."""
        self.wait(when, early=False)
        self.finish(*self.pick(which), billed)

    def finish(self, hold: Hold, spend: Spend, billed: list[tuple[int, int]]) -> None:
        sent = [{"amount_micro": amount, "pictures": pictures} for amount, pictures in billed]
        is_open = self.states[hold.pk] in ("sent", "unknown")
        assert budgets.settle(hold=hold, lines=sent, now=self.now) is is_open
        if is_open:
            spend.billed, self.states[hold.pk] = billed, "settled"
        assert not budgets.settle(hold=hold, lines=sent, now=self.now)

    @precondition(lambda self: self.known)
    @rule(which=some, turn=st.sampled_from(["claim", "claim", "doubt", "renew", "release"]))
    def turn(self, which: int, turn: str) -> None:
        getattr(self, turn)(*self.pick(which))

    def claim(self, hold: Hold, _spend: Spend) -> None:
        was = self.states[hold.pk]
        is_mine = was == "reserved" and self.now <= hold.expires_at
        assert budgets.claim(hold=hold, lease=LEASE, now=self.now) is is_mine
        self.states[hold.pk] = "sent" if is_mine else was
        assert not budgets.claim(hold=hold, lease=LEASE, now=self.now)

    def doubt(self, hold: Hold, _spend: Spend) -> None:
        is_sent = self.states[hold.pk] == "sent"
        assert budgets.doubt(hold=hold) is is_sent
        if is_sent:
            self.states[hold.pk] = "unknown"
        assert not budgets.doubt(hold=hold)

    def renew(self, hold: Hold, _spend: Spend) -> None:
        """Who waits in the line lives, too."""
        is_alive = self.states[hold.pk] in ("reserved", "sent")
        assert budgets.renew(hold=hold, lease=LEASE, now=self.now) is is_alive
        hold.refresh_from_db(fields=["expires_at"])

    def release(self, hold: Hold, spend: Spend) -> None:
        """From where it is not, from where it is, and again."""
        was, now = self.states[hold.pk], self.now
        others = tuple(state for state in Hold.OPEN if state != was)
        assert not budgets.release(hold=hold, now=now, from_states=others)
        is_open = was in Hold.OPEN
        assert budgets.release(hold=hold, now=now, from_states=Hold.OPEN) is is_open
        if is_open:
            self.give_back(hold, spend)
        assert not budgets.release(hold=hold, now=now, from_states=Hold.OPEN)

    @rule(
        which=st.integers(0, len(CAPS) - 1),
        limit=st.sampled_from(LIMITS),
        to=st.sampled_from(["on", "on", "on", "off", "gone"]),
    )
    def change_rule(self, which: int, limit: int, to: str) -> None:
        if to == "gone" and which in self.caps:
            rules.delete(actor=self.actor, rule=self.caps.pop(which), now=self.now)
            self.model.rules = [cap for cap in self.caps.values() if cap.is_enabled]
            return
        cap = copy(self.caps.get(which)) or BudgetRule(**CAPS[which])
        cap.limit = limit if cap.measure == "pictures" else limit * 100_000
        cap.is_enabled = to == "on"
        try:
            self.caps[which] = rules.save(actor=self.actor, rule=cap, now=self.now)
        except ValidationError:  # another always stops it first
            return
        self.model.rules = [cap for cap in self.caps.values() if cap.is_enabled]

    @rule(until=st.sampled_from([*WAITS, "day", "week", "month"]), early=st.booleans())
    def wait_until(self, until: str, early: bool) -> None:
        self.wait(until, early=early)

    @precondition(lambda self: self.has_open)
    @rule(after=st.sampled_from(["at once", "soon", "later", "25 h"]))
    def sweep(self, after: str) -> None:
        self.now += WAITS[after]
        async_to_sync(reconcile.sweep)()
        rows = {hold.pk: hold for hold in Hold.objects.of(self.office)}
        for hold, spend in self.known:
            self.see(rows[hold.pk], spend)

    def see(self, hold: Hold, spend: Spend) -> None:
        """When the sweeper looks is its own affair; what it may do is not."""
        was, told = self.states[hold.pk], self.told[hold.pk]
        if was == "reserved":
            assert hold.state == ("released" if hold.expires_at < self.now else "reserved")
        if was in ("sent", "unknown"):
            assert hold.state != "released" or told is False
            assert hold.state != "settled" or self.is_old(hold)
        is_looked_at = hold.lease_until is not None and hold.lease_until >= self.now
        assert hold.state != "sent" or is_looked_at
        is_overdue = self.now - hold.held_at > timedelta(hours=24, minutes=15)
        assert hold.state not in Hold.OPEN or is_looked_at or not is_overdue
        if hold.state == "settled" and was != "settled":
            spend.billed = [(spend.amount, spend.pictures)]
        if hold.state == "released" and was != "released":
            self.give_back(hold, spend)
        self.states[hold.pk] = hold.state if was in Hold.OPEN else was

    def is_old(self, hold: Hold) -> bool:
        return hold.sent_at is not None and self.now - hold.sent_at > timedelta(hours=24)

    # --- What must be so -------------------------------------------------------------------------

    @invariant()
    def no_drift(self) -> None:
        """Not after each step: it asks the database a dozen times."""
        if next(self.steps) % 8 == 7:
            assert self.drifts() in ({}, {"overdue": mock.ANY})

    @invariant()
    def true_counters(self) -> None:
        if not self.caps:
            return
        caps = {cap.pk: cap for cap in self.caps.values()}
        counted = set()
        for row in Window.objects.of(self.office):
            used = self.model.used(caps[row.rule_id], row.subject, row.starts_at)
            assert (row.settled, row.reserved) == used
            if row.starts_at <= self.now and (row.ends_at is None or self.now < row.ends_at):
                counted.add((row.rule_id, row.subject))
        for cap in caps.values():
            for spend in self.model.spends if cap.is_enabled else ():
                subject = self.model.subject(cap, spend)
                if subject and sum(self.model.used(cap, subject, self.now)):
                    assert (cap.pk, subject) in counted

    @invariant()
    def kept_states(self) -> None:
        if self.known:
            assert dict(Hold.objects.of(self.office).values_list("pk", "state")) == self.states

    @invariant()
    def kept_lines(self) -> None:
        if not self.known:
            return
        rows = Entry.objects.of(self.office).order_by("seq")
        there = list(rows.values_list("hash", "amount_micro"))
        assert there[: len(self.seen)] == self.seen
        billed = sorted(line[0] for spend in self.model.spends for line in spend.billed or ())
        assert sorted(amount for _hash, amount in there) == billed
        self.seen = there

    # --- Between the two -------------------------------------------------------------------------

    def ask(self, spend: Spend, key: str, *, is_sent: bool) -> Hold:
        quote = Quote(
            spend.capability,
            "generate",
            provider="p",
            model="m",
            amount_micro=spend.amount,
            currency="EUR",
            price={"picture_micro": 100_000},
            pictures=spend.pictures,
        )
        with transaction.atomic():
            return budgets.hold(
                spender=Spender(self.office, **spend.who),
                quote=quote,
                reference="test",
                idempotency_key=key,
                now=self.now,
                sent_for=LEASE if is_sent else None,
            )

    def would_pass(self, cap: BudgetRule, spend: Spend) -> bool:
        subject = self.model.subject(cap, spend)
        if not subject or not cap.is_enabled or cap.action == "warn":
            return False
        asked = spend.pictures if cap.measure == "pictures" else spend.amount
        return sum(self.model.used(cap, subject, self.now)) + asked > cap.limit

    @property
    def has_open(self) -> bool:
        return any(state in Hold.OPEN for state in self.states.values())

    def give_back(self, hold: Hold, spend: Spend) -> None:
        self.states[hold.pk] = "released"
        self.model.spends = [other for other in self.model.spends if other is not spend]

    def wait(self, until: str, *, early: bool) -> None:
        """For a while, or to the first moment of the next period, or to the last of this one."""
        if until in WAITS:
            self.now += WAITS[until]
            return
        _, end = periods.bounds(until, zone=self.model.zone, now=self.now)
        assert end is not None
        self.now = max(self.now, end - timedelta(microseconds=early))

    def adapter_of(self, hold: Hold) -> Adapter:
        adapter = Adapter(Connection())
        adapter.was_billed = AsyncMock(return_value=self.told[hold.pk])  # type: ignore[method-assign]
        return adapter

    def pick(self, which: int) -> Known:
        """Rather a young one; most of the old ones have ended."""
        return self.known[-1 - which % len(self.known)]

    def rows(self) -> list[int]:
        return [rows.objects.of(self.office).count() for rows in (Hold, Window, Entry)]

    def drifts(self) -> dict[str, list[str]]:
        office = Organisation.objects.get(pk=self.office.pk)
        by_code: dict[str, list[str]] = {}
        for each in drift.found(organisation=office, now=self.now):
            by_code.setdefault(each.code, []).append(str(each))
        return by_code
