"""What a rule would have done in the month gone by, played again from the ledger, and what of it
would be used by now.

What was refused then, by other rules, is in no ledger: the figure is a lower bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from policies import periods, rules
from policies.models import BudgetRule, Entry, Hold
from policies.usage import Usage


@dataclass(slots=True)
class Preview:
    starts_at: datetime
    ends_at: datetime
    met: set[str] = field(default_factory=set)  # subjects who spent what the rule counts
    stopped: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # requests of each
    amount_micro: int = 0
    pictures: int = 0

    @property
    def requests(self) -> int:
        return sum(self.stopped.values())


def of(rule: BudgetRule, *, now: datetime) -> Preview:
    zone = rule.organisation.time_zone
    this_month, _ = periods.bounds(BudgetRule.Period.MONTH, zone=zone, now=now)
    month = periods.bounds(
        BudgetRule.Period.MONTH, zone=zone, now=this_month - timedelta(seconds=1)
    )
    seen = Preview(month[0], this_month)
    others = [other for other in rules.in_force(rule.organisation) if other.pk != rule.pk]
    used: dict[tuple[str, datetime], int] = defaultdict(int)
    for spends in _asked_for(rule, since=month[0], until=this_month, zone=zone):
        first = spends[0]
        subject = rules.subject_of(rule, first)
        if not subject or rule not in rules.meeting(first, [*others, rule]):
            continue
        starts_at, _ = periods.bounds(rule.period, zone=zone, now=first.held_at)
        amount, pictures = (
            sum(line.amount_micro for line in spends),
            sum(line.pictures for line in spends),
        )
        size = rules.weight(rule, amount_micro=amount, pictures=pictures)
        is_stopped = used[subject, starts_at] + size > rule.limit
        if not is_stopped:
            used[subject, starts_at] += size
        if first.held_at < seen.starts_at:
            continue
        seen.met.add(subject)
        if is_stopped:
            seen.stopped[subject] += 1
            seen.amount_micro += amount
            seen.pictures += pictures
    return seen


def used_now(rule: BudgetRule, *, now: datetime) -> list[Usage]:
    """As its windows would begin if it were saved now, the fullest first."""
    organisation = rule.organisation
    starts_at, ends_at = periods.bounds(rule.period, zone=organisation.time_zone, now=now)
    others = [other for other in rules.in_force(organisation) if other.pk != rule.pk]
    booked = rules.summed(Entry.objects.of(organisation).filter(held_at__gte=starts_at))
    held = Hold.objects.of(organisation).filter(state__in=Hold.OPEN, held_at__gte=starts_at)
    used: dict[str, dict[type, int]] = defaultdict(lambda: defaultdict(int))
    spends: list[Entry | Hold] = [*booked, *held]
    for spend in spends:
        if whose := rules.subject_among([*others, rule], rule, spend):
            amount, pictures = spend.amount_micro, spend.pictures
            size = rules.weight(rule, amount_micro=amount, pictures=pictures)
            used[whose][type(spend)] += size
    found = [
        Usage(rule, whose, max(sizes[Entry], 0), sizes[Hold], ends_at)
        for whose, sizes in used.items()
    ]
    return sorted(found, key=lambda usage: (-usage.used, usage.subject))


def _asked_for(
    rule: BudgetRule, *, since: datetime, until: datetime, zone: str
) -> Iterator[list[Entry]]:
    """The lines of each hold, from where the rule's first period began."""
    begins, _ = periods.bounds(rule.period, zone=zone, now=since)
    lines = Entry.objects.of(rule.organisation).filter(held_at__gte=begins, held_at__lt=until)
    in_order = lines.order_by("held_at", "hold", "seq").iterator(chunk_size=2000)
    for _hold, spends in groupby(in_order, key=lambda line: line.hold):
        yield list(spends)
