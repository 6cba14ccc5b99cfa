"""How much of each rule is used now, to be shown. It holds nothing and locks nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import Organisation
from policies import budgets, periods, rules, tightest
from policies.models import BudgetRule, Hold, Window
from policies.spender import Quote, Spender


@dataclass(frozen=True, slots=True)
class Usage:
    """One window of a rule, or a rule that nobody has met in this period."""

    rule: BudgetRule
    subject: str
    settled: int
    reserved: int
    ends_at: datetime | None

    @classmethod
    def of(cls, rule: BudgetRule, window: Window) -> Usage:
        """`rule` is the window's, which whoever has the window often has already."""
        return cls(rule, window.subject, window.settled, window.reserved, window.ends_at)

    @property
    def used(self) -> int:
        return self.settled + self.reserved

    @property
    def percent(self) -> int:
        """Of the limit. Past it (a bill above its quote) stays past it; a limit of 0 is full."""
        return self.used * 100 // self.rule.limit if self.rule.limit else 100

    @property
    def state(self) -> str:
        if self.used >= self.rule.limit:
            return "full"
        return "near" if self.percent >= self.rule.warn_percent else "fine"


@dataclass(frozen=True, slots=True)
class Met:
    """A rule that a spend would meet, and what it says. `refusal` as a hold would raise it."""

    usage: Usage
    asked: int
    refusal: budgets.BudgetExceeded | None


def foreseen(*, spender: Spender, quote: Quote, now: datetime) -> list[Met]:
    """What `budgets.hold` would meet now: the refusal that it would tell first, then in its order.
    Nothing is promised: money that is free now may be gone when it is asked for."""
    held = budgets.drafted(spender, quote)
    met = rules.meeting(held, rules.in_force(spender.organisation))
    nos = [_no(rule, held, now=now) for rule in met]
    refusing = [no for no in nos if _refuses(no)]
    if refusing:
        told = tightest.of(refusing)
        nos.sort(key=lambda no: no is not told)
    return [_met(no, held, now=now) for no in nos]


def _no(rule: BudgetRule, held: Hold, *, now: datetime) -> tightest.No:
    starts_at, ends_at = periods.bounds(rule.period, zone=held.organisation.time_zone, now=now)
    subject = rules.subject_of(rule, held)
    window = Window.objects.filter(rule=rule, subject=subject, starts_at=starts_at).first()
    window = window or Window(subject=subject, starts_at=starts_at, ends_at=ends_at)
    asked = rules.weight(rule, amount_micro=held.amount_micro, pictures=held.pictures)
    return tightest.No(rule, window, asked)


def _refuses(no: tightest.No) -> bool:
    return no.rule.action == BudgetRule.Action.BLOCK and no.window.used + no.asked > no.rule.limit


def _met(no: tightest.No, held: Hold, *, now: datetime) -> Met:
    refusal = budgets.BudgetExceeded(**no._asdict(), held=held, now=now) if _refuses(no) else None
    return Met(Usage.of(no.rule, no.window), no.asked, refusal)


def of_rules(
    rules: Iterable[BudgetRule], *, organisation: Organisation, now: datetime
) -> dict[str, list[Usage]]:
    """By rule id, the fullest first. A window of a period gone by is not asked for."""
    known = {rule.pk: rule for rule in rules}
    found: dict[str, list[Usage]] = defaultdict(list)
    running = Q(ends_at=None) | Q(ends_at__gt=now)
    windows = Window.objects.of(organisation).filter(running, starts_at__lte=now)
    for window in windows.filter(rule_id__in=known):
        rule = known[window.rule_id]
        found[rule.pk].append(Usage.of(rule, window))
    for usages in found.values():
        usages.sort(key=lambda usage: (-usage.percent, usage.subject))
    return found


def unused(rule: BudgetRule) -> Usage:
    return Usage(rule, rule.subject, settled=0, reserved=0, ends_at=None)


def of_rule(rule: BudgetRule, *, now: datetime) -> list[Usage]:
    return of_rules([rule], organisation=rule.organisation, now=now).get(rule.pk, [])
