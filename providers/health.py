"""How a provider fares, told by the calls themselves and shared by all workers through its row.

    works ──5 faults in a row──► rests, 30 s ──over──► one call tries ──works──► works
                                  ▲                        │
                                  └──twice as long, 10 min at most──┘

Only its own faults count: a declined prompt shows that it works. An account out of credit rests at
once and for long. `rests_until` without so many faults is a pause it asked for (Retry-After): calls
wait for its end. A provider that works costs one update in half a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    NoCredit,
    ProviderFailed,
    Retired,
    Unfit,
)
from providers.models import Provider
from providers.models.connections import Health

FAULTS = 5
WITHIN = timedelta(minutes=10)
LEAST_REST, MOST_REST = timedelta(seconds=30), timedelta(minutes=10)
UNPAID_REST = timedelta(minutes=30)
LONGEST_PAUSE = timedelta(minutes=10)
TRYING = timedelta(seconds=60)  # how long the others leave it to the one who tries
TOLD_EVERY = timedelta(seconds=30)
OUT_OF_CREDIT = "out_of_credit"
_OURS = {"unsupported_for_model", "database_unavailable", "url_not_allowed"}  # it was not asked


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a provider, as plain data."""

    provider_id: str
    organisation_id: str
    name: str
    health: str = Health.UNKNOWN
    last_error: str = ""
    failures: int = 0
    rests_until: datetime | None = None
    worked_at: datetime | None = None

    @classmethod
    def of(cls, row: Provider) -> Standing:
        return cls(
            provider_id=row.pk,
            organisation_id=row.organisation_id,
            name=row.name,
            health=row.health,
            last_error=row.last_error,
            failures=row.failures,
            rests_until=row.rests_until,
            worked_at=row.worked_at,
        )

    @property
    def row(self) -> QuerySet[Provider]:
        mine = {"organisation_id": self.organisation_id, "pk": self.provider_id}
        return Provider.objects.filter(**mine)

    @property
    def is_broken(self) -> bool:
        return self.failures >= FAULTS

    def rest_s(self, now: datetime) -> float:
        left = self.rests_until - now if self.rests_until else timedelta()
        return max(0.0, left.total_seconds())


def is_resting(provider: Provider, *, now: datetime) -> bool:
    """Not to be called: another one steps in. A pause it asked for is none, calls wait for it."""
    standing = Standing.of(provider)
    return standing.is_broken and standing.rest_s(now) > 0


def look(standing: Standing) -> Standing:
    row = standing.row.first()
    return Standing.of(row) if row else standing


def try_it(standing: Standing, *, now: datetime) -> datetime | None:
    """After its rest one call may try. What comes back is the proof of being that one; None:
    somebody else is."""
    until = now + TRYING
    return until if _over(standing, now).update(rests_until=until) else None


def worked(
    standing: Standing,
    *,
    now: datetime,
    latency_ms: int | None = None,
    tried: datetime | None = None,
    is_asked: bool = False,
) -> None:
    """`is_asked`: an admin tests the connection, and it works whatever was thought of it."""
    stale = Q(worked_at=None) | Q(worked_at__lt=now - TOLD_EVERY)
    news = stale | ~Q(health=Health.OK) | Q(failures__gt=0) | ~Q(last_error="")
    rows = standing.row.filter(news)
    learned: dict[str, int | None] = {}
    if latency_ms is not None:
        learned["latency_ms"] = latency_ms
    if is_asked or tried:
        learned["rests_until"] = None
    if not is_asked:  # an answer to a call from before the rest proves little
        rows = rows.filter(Q(failures__lt=FAULTS) | _proof(tried))
    rows.update(health=Health.OK, last_error="", failures=0, worked_at=now, **learned)


def is_news(standing: Standing, *, now: datetime) -> bool:
    """Whether another success is worth a statement."""
    is_fine = standing.health == Health.OK and not (standing.failures or standing.last_error)
    is_fresh = standing.worked_at is not None and standing.worked_at > now - TOLD_EVERY
    return not (is_fine and is_fresh)


def failed(
    standing: Standing, error: ProviderFailed, *, now: datetime, tried: datetime | None = None
) -> None:
    match error:
        case Limited():
            _pause(standing, error.after_s, now=now, tried=tried)
        case NoCredit():
            _break(standing, OUT_OF_CREDIT, UNPAID_REST, now=now)
        case BadKey():  # nothing is wrong with the provider, and no rest mends a key
            changed = standing.row.exclude(health=Health.FAILING, last_error=error.code)
            changed.update(health=Health.FAILING, last_error=error.code, failed_at=now)
        case Declined() | Unfit() | Retired():
            if tried:
                worked(standing, now=now, tried=tried)
        case _ if isinstance(error, Doubtful) or error.code not in _OURS:
            _count(standing, error.code, now=now, tried=tried)


def tested(standing: Standing, code: str, *, now: datetime) -> None:
    """An admin has seen it fail; calls may still find that it works."""
    standing.row.update(health=Health.FAILING, last_error=code, failed_at=now)


def _over(standing: Standing, now: datetime) -> QuerySet[Provider]:
    over = Q(rests_until=None) | Q(rests_until__lte=now)
    return standing.row.filter(over, failures__gte=FAULTS)


def _proof(tried: datetime | None) -> Q:
    return Q(rests_until=tried) if tried else Q(pk__in=())


@transaction.atomic
def _count(standing: Standing, code: str, *, now: datetime, tried: datetime | None) -> None:
    """Those who are still out when it breaks count no more: one outage is one step, however many
    calls it meets."""
    counts = Q(failures__lt=FAULTS) | Q(rests_until=None) | Q(rests_until__lte=now) | _proof(tried)
    long_ago = Q(failures__lt=FAULTS) & (Q(failed_at=None) | Q(failed_at__lt=now - WITHIN))
    again = Case(When(long_ago, then=Value(1)), default=F("failures") + 1)
    if not standing.row.filter(counts).update(failures=again, last_error=code, failed_at=now):
        return
    failures = standing.row.values_list("failures", flat=True).first() or 0
    if failures >= FAULTS:
        rest = min(LEAST_REST * 2 ** min(failures - FAULTS, 10), MOST_REST)
        standing.row.update(health=Health.FAILING, rests_until=now + rest)


def _break(standing: Standing, code: str, rest: timedelta, *, now: datetime) -> None:
    standing.row.update(
        health=Health.FAILING,
        last_error=code,
        failed_at=now,
        failures=Greatest(F("failures"), Value(FAULTS)),
        rests_until=now + rest,
    )


def _pause(standing: Standing, after_s: float, *, now: datetime, tried: datetime | None) -> None:
    """The longest one asked for counts. One who tries has met a provider that answers."""
    until = now + min(timedelta(seconds=max(0.0, after_s)), LONGEST_PAUSE)
    if tried:
        worked(standing, now=now, tried=tried)
    shorter = Q(rests_until=None) | Q(rests_until__lt=until)
    standing.row.filter(shorter, failures__lt=FAULTS).update(
        rests_until=until, last_error="provider_rate_limited", failed_at=now
    )


@transaction.atomic
def refuses(standing: Standing, parameters: frozenset[str]) -> None:
    """It said that it does not know them: they are not sent again."""
    row = standing.row.select_for_update().first()
    if row is not None and not parameters <= set(row.refused):
        standing.row.update(refused=sorted({*row.refused, *parameters}))
