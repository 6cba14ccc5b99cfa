"""Any order of holds, settlements, releases and new rules leaves every counter true.

The model is what money.md says, in plain Python: a list of holds and a list of lines. After each
step each window equals what the model counts for it, and no admission ever passed a cap.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actor import Actor
from accounts.models import Organisation, User
from policies import budgets, counters, late, ledger, rules
from policies.counters import Place
from policies.models import BudgetRule, Entry, Hold, Window
from policies.spender import Quote, Spender
from tale.lib.fields import new_id
from tests.people import actor_for

WHO = ("who_a", "who_b")
CAPS = (
    {"scope": "organisation", "capability": "image"},
    {"scope": "organisation", "capability": "any", "is_per_member": True},
    {"scope": "user", "capability": "image", "measure": "pictures"},
    {"scope": "team", "capability": "any", "period": "total"},
    {"scope": "user", "subject": "who_a", "capability": "image", "period": "day"},
)
step = st.one_of(
    st.tuples(
        st.just("hold"),
        st.sampled_from(WHO),
        st.integers(1, 4),
        st.sampled_from(["image", "chat"]),
    ),
    st.tuples(st.just("settle"), st.integers(0, 30), st.integers(0, 130)),
    st.tuples(st.just("release"), st.integers(0, 30)),
    st.tuples(st.just("doubt"), st.integers(0, 30)),
    st.tuples(st.just("cap"), st.integers(0, len(CAPS) - 1), st.integers(0, 9)),
)


@dataclass
class Book:
    """What is open and what was billed, with nothing clever."""

    organisation: Organisation
    actor: Actor
    open: list[Hold] = field(default_factory=list)
    billed: list[tuple[Hold, int, int]] = field(default_factory=list)
    caps: dict[int, BudgetRule] = field(default_factory=dict)

    def used(self, rule: BudgetRule, subject: str) -> tuple[int, int]:
        reserved = sum(
            rules.weight(rule, amount_micro=hold.amount_micro, pictures=hold.pictures)
            for hold in self.open
            if rules.subject_of(rule, hold) == subject
        )
        settled = sum(
            rules.weight(rule, amount_micro=amount, pictures=pictures)
            for hold, amount, pictures in self.billed
            if rules.subject_of(rule, hold) == subject
        )
        return settled, reserved

    def hold(self, who: str, n: int, capability: str) -> None:
        pictures = n if capability == "image" else 0
        quote = Quote(capability, "generate", "p", "m", n * 100, "EUR", {}, pictures)
        spender = Spender(self.organisation, user=who, team="team_x" if n % 2 else "")
        would_pass = [
            rule
            for rule in self.caps.values()
            if (subject := rules.subject_of(rule, as_spend(who, n, capability)))
            and sum(self.used(rule, subject)) + weight(rule, n, pictures) > rule.limit
        ]
        try:
            with transaction.atomic():
                made = budgets.hold(
                    spender=spender,
                    quote=quote,
                    reference="test",
                    idempotency_key=new_id("test"),
                    now=timezone.now(),
                    sent_for=timedelta(minutes=5),
                )
        except budgets.BudgetExceeded as exceeded:
            refused: str = exceeded.details["scope"]
        else:
            refused = ""
        assert bool(refused) == bool(would_pass)  # no cap is passed, and none stops too early
        assert not refused or refused in {rule.scope for rule in would_pass}
        if refused:
            return
        self.open.append(made)

    def settle(self, which: int, percent: int) -> None:
        if not self.open:
            return
        hold = self.open.pop(which % len(self.open))
        amount = hold.amount_micro * percent // 100
        line = {"amount_micro": amount, "pictures": hold.pictures}
        assert budgets.settle(hold=hold, lines=[line], now=timezone.now())
        assert not budgets.settle(hold=hold, lines=[line], now=timezone.now())  # I10, I11
        self.billed.append((hold, amount, hold.pictures))

    def release(self, which: int) -> None:
        if not self.open:
            return
        hold = self.open.pop(which % len(self.open))
        assert budgets.release(hold=hold, now=timezone.now(), from_states=("sent", "unknown"))
        assert not budgets.release(hold=hold, now=timezone.now(), from_states=Hold.OPEN)

    def doubt(self, which: int) -> None:
        if self.open:
            budgets.doubt(hold=self.open[which % len(self.open)])

    def cap(self, which: int, pictures: int) -> None:
        rule = copy(self.caps.get(which)) or BudgetRule(**CAPS[which])
        rule.limit = pictures if rule.measure == "pictures" else pictures * 100
        try:
            self.caps[which] = rules.save(actor=self.actor, rule=rule, now=timezone.now())
        except ValidationError as refused:
            if refused.error_dict["limit"][0].code != "without_effect":
                raise

    def check(self) -> None:
        for window in Window.objects.of(self.organisation).select_related("rule"):
            rule = self.caps[next(n for n, cap in self.caps.items() if cap.pk == window.rule_id)]
            assert (window.settled, window.reserved) == self.used(rule, window.subject)  # I2, I3
        entries = Entry.objects.of(self.organisation)
        assert sum(entry.amount_micro for entry in entries) == sum(a for _, a, _ in self.billed)


def as_spend(who: str, n: int, capability: str) -> Hold:
    return Hold(user=who, team="team_x" if n % 2 else "", capability=capability)


def weight(rule: BudgetRule, n: int, pictures: int) -> int:
    return rules.weight(rule, amount_micro=n * 100, pictures=pictures)


@pytest.mark.django_db
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, max_size=16))
def test_counters_stay_true(acme: Organisation, alice: User, steps: list[Any]) -> None:
    book = Book(acme, actor_for(alice))
    with transaction.atomic():
        for name, *arguments in steps:
            getattr(book, name)(*arguments)
            book.check()
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", ["UPDATE policies_entry SET amount_micro = 0", "DELETE FROM policies_entry"]
)
def test_a_line_of_the_ledger_cannot_change(acme: Organisation, alice: User, change: str) -> None:
    book = Book(acme, actor_for(alice))
    book.hold("who_a", 1, "image")
    book.settle(0, 100)
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        connection.cursor().execute(change)
    assert Entry.objects.of(acme).get().amount_micro == 100


@pytest.mark.django_db
def test_the_ledger_is_a_chain(acme: Organisation, alice: User) -> None:
    book = Book(acme, actor_for(alice))
    for _ in range(3):
        book.hold("who_a", 1, "image")
        book.settle(0, 100)
    entries = list(Entry.objects.of(acme).order_by("seq"))
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert [entry.prev_hash for entry in entries] == ["", entries[0].hash, entries[1].hash]
    assert all(ledger.hash_of(entry) == entry.hash for entry in entries)
    entries[1].amount_micro += 1
    assert ledger.hash_of(entries[1]) != entries[1].hash


@pytest.mark.django_db
def test_what_has_expired_is_not_sent(acme: Organisation) -> None:
    quote = Quote("image", "generate", "p", "m", 100, "EUR", {}, 1)
    now, lease = timezone.now(), timedelta(minutes=5)
    held = [
        budgets.hold(
            spender=Spender(acme, user="who_a"),
            quote=quote,
            reference="test",
            idempotency_key=new_id("test"),
            now=now,
        )
        for _ in range(2)
    ]
    assert budgets.claim(hold=held[0], lease=lease, now=now + budgets.UNCLAIMED)
    assert not budgets.claim(hold=held[1], lease=lease, now=now + budgets.UNCLAIMED * 2)
    assert Hold.objects.of(acme).get(pk=held[1].pk).state == "reserved"


class Fleeting(dict[Any, Any]):
    """Another thread forgets everything between two looks."""

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        self.clear()
        return found


def test_what_is_forgotten_between_two_looks_is_no_fault(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place("bud_1", "tem_1", timezone.now(), None)
    monkeypatch.setattr(counters, "_known", Fleeting({("now", *place[:3]): 7}))
    monkeypatch.setattr(counters, "_rule_of", Fleeting({("now", 7): "bud_1"}))
    assert counters.at([place], organisation=acme, edition="now") == [7]
    assert counters.rules_of([7], organisation=acme, edition="now") == {7: "bud_1"}


def test_an_alarm_is_given_once_however_often_its_transaction_is_tried(
    acme: Organisation, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    def booked(state: str) -> None:
        quote = Quote("image", "generate", "p", "m", 10, "EUR")
        spender, now = Spender(acme), timezone.now()
        key = new_id("once")
        lease = timedelta(minutes=1)
        held = budgets.hold(
            spender=spender,
            quote=quote,
            reference="t",
            idempotency_key=key,
            now=now,
            sent_for=lease,
        )
        Hold.objects.of(acme).filter(pk=held.pk).update(state=state)
        line = {"amount_micro": 20}
        for is_last in (False, True):
            with transaction.atomic():
                late.settle(hold=held, lines=[line], now=now)
                transaction.set_rollback(not is_last)

    for state, alarm in (("sent", "billed above the quote"), ("released", "billed_after_release")):
        with django_capture_on_commit_callbacks(execute=True):
            booked(state)
        assert caplog.text.count(alarm) == 1
