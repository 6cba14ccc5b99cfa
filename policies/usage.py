"""How much of each rule is used now, to be shown. It holds nothing and locks nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import Organisation
from policies.models import BudgetRule, Window


@dataclass(frozen=True, slots=True)
class Usage:
    """One window of a rule, or a rule that nobody has met in this period."""

    rule: BudgetRule
    subject: str
    settled: int
    reserved: int
    ends_at: datetime | None

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
        found[rule.pk].append(
            Usage(rule, window.subject, window.settled, window.reserved, window.ends_at)
        )
    for usages in found.values():
        usages.sort(key=lambda usage: (-usage.percent, usage.subject))
    return found


def unused(rule: BudgetRule) -> Usage:
    return Usage(rule, rule.subject, settled=0, reserved=0, ends_at=None)


def of_rule(rule: BudgetRule, *, now: datetime) -> list[Usage]:
    return of_rules([rule], organisation=rule.organisation, now=now).get(rule.pk, [])
