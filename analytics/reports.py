"""What was used and what it cost. Money comes from the ledger alone; calls say how often and how
well. A time range counts a spend when it was held, as budgets do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import Organisation
from policies import periods
from policies.models import BudgetRule, Call, Entry, Hold
from tale.lib.refusals import Refusal

LONGEST = timedelta(days=366)
KEY = ("provider", "model", "capability")


@dataclass(frozen=True, slots=True)
class Range:
    """From a moment to just before another."""

    starts_at: datetime
    ends_at: datetime

    @property
    def last_day(self) -> datetime:
        """The last moment in it, for those who say a range by its days."""
        return self.ends_at - timedelta(microseconds=1)


@dataclass(slots=True)
class Line:
    """One model in one capability. `refused` and `failed` calls cost nothing or are unknown."""

    provider: str
    model: str
    capability: str
    requests: int = 0
    refused: int = 0
    failed: int = 0
    pictures: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micro: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    @property
    def picture_micro(self) -> int | None:
        """What a picture cost on average, rounded down to the micro-unit."""
        return self.cost_micro // self.pictures if self.pictures else None


@dataclass(slots=True)
class Report:
    lines: list[Line] = field(default_factory=list)

    @property
    def cost_micro(self) -> int:
        return sum(line.cost_micro for line in self.lines)

    @property
    def pictures(self) -> int:
        return sum(line.pictures for line in self.lines)

    @property
    def requests(self) -> int:
        return sum(line.requests for line in self.lines)

    @property
    def tokens(self) -> int:
        return sum(line.tokens for line in self.lines)

    def permille(self, line: Line) -> int:
        """The line's share of the cost."""
        return line.cost_micro * 1000 // self.cost_micro if self.cost_micro > 0 else 0


def top_models(*, organisation: Organisation, within: Range) -> Report:
    """The dearest first; a model that was only ever refused comes last, but comes."""
    lines: dict[tuple[str, str, str], Line] = {}

    def line_of(row: dict[str, Any]) -> Line:
        key = row["provider"], row["model"], row["capability"]
        return lines.setdefault(key, Line(*key))

    for row in (
        _entries(organisation, within)
        .values(*KEY)
        .annotate(
            cost=Sum("amount_micro"),
            made=Sum("pictures"),
            read=Sum("tokens_in"),
            written=Sum("tokens_out"),
        )
    ):
        line = line_of(row)
        line.cost_micro, line.pictures = row["cost"], row["made"]
        line.tokens_in, line.tokens_out = row["read"], row["written"]
    for row in (
        _calls(organisation, within)
        .values(*KEY)
        .annotate(
            asked=Count("id"),
            refused=Count("id", filter=Q(outcome="refused")),
            failed=Count("id", filter=Q(outcome="failed")),
        )
    ):
        line = line_of(row)
        line.requests, line.refused, line.failed = row["asked"], row["refused"], row["failed"]
    return Report(sorted(lines.values(), key=_dearest_first))


def _dearest_first(line: Line) -> tuple[int, int, str]:
    return -line.cost_micro, -line.requests, line.model


@dataclass(frozen=True, slots=True)
class Open:
    """What is set aside and not yet settled; `unknown` of it is being checked."""

    holds: int
    amount_micro: int
    unknown: int


def open_holds(organisation: Organisation) -> Open:
    held = Hold.objects.of(organisation).filter(state__in=Hold.OPEN)
    sums = held.aggregate(
        holds=Count("id"),
        amount=Sum("amount_micro", default=0),
        unknown=Count("id", filter=Q(state=Hold.State.UNKNOWN)),
    )
    return Open(sums["holds"], sums["amount"], sums["unknown"])


def this_month(organisation: Organisation, *, now: datetime) -> Range:
    starts_at, ends_at = periods.bounds(
        BudgetRule.Period.MONTH, zone=organisation.time_zone, now=now
    )
    return Range(starts_at, ends_at or now)


def days(organisation: Organisation, *, first: date, last: date) -> Range:
    """Both included, as the organisation counts its days."""
    if last < first:
        raise Refusal("invalid_range", field="last")
    if last - first > LONGEST:
        raise Refusal("range_too_long", field="last", days=LONGEST.days)
    zone = ZoneInfo(organisation.time_zone)
    return Range(
        datetime.combine(first, time.min, zone),
        datetime.combine(last + timedelta(days=1), time.min, zone),
    )


def last_days(organisation: Organisation, number: int, *, now: datetime) -> Range:
    today = now.astimezone(ZoneInfo(organisation.time_zone)).date()
    return days(organisation, first=today - timedelta(days=number - 1), last=today)


def _entries(organisation: Organisation, within: Range) -> QuerySet[Entry]:
    rows = Entry.objects.of(organisation).order_by()
    return rows.filter(held_at__gte=within.starts_at, held_at__lt=within.ends_at)


def _calls(organisation: Organisation, within: Range) -> QuerySet[Call]:
    rows = Call.objects.of(organisation).order_by()
    return rows.filter(started_at__gte=within.starts_at, started_at__lt=within.ends_at)
