"""From when to when a budget counts: local midnight to local midnight, kept as UTC.

Days of 23 and 25 hours come by themselves; the end of one period is the start of the next.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from policies.models import BudgetRule

EVER = datetime(2000, 1, 1, tzinfo=UTC)


def bounds(period: str, *, zone: str, now: datetime) -> tuple[datetime, datetime | None]:
    if period == BudgetRule.Period.TOTAL:
        return EVER, None
    here = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == BudgetRule.Period.MONTH:
        start = here.replace(day=1)
        end = (start + timedelta(days=32)).replace(day=1)
    else:
        start = here - timedelta(days=here.weekday()) if period == BudgetRule.Period.WEEK else here
        end = start + timedelta(days=7 if period == BudgetRule.Period.WEEK else 1)
    return start.astimezone(UTC), end.astimezone(UTC)
