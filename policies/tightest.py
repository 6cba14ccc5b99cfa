"""Of several budgets that refuse, the one that is told: at every door the same.

It is the one with the least room for what is asked: room for half of it is tighter than room for
two thirds, whatever the two count. Of equals it is the one that lasts longer, for the end of the
other would not help; then the first in lock order. A smaller wish that fits in it fits in all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from policies import rules
from policies.models import BudgetRule, Window

NEVER = datetime.max.replace(tzinfo=UTC)


class No(NamedTuple):
    rule: BudgetRule
    window: Window
    asked: int


def of(refusing: Iterable[No]) -> No:
    return min(refusing, key=order)


def order(no: No) -> tuple[Fraction, timedelta, int, str, str]:
    room = max(no.rule.limit - no.window.used, 0)
    sooner = NEVER - (no.window.ends_at or NEVER)
    place = rules.ORDER[no.rule.scope]
    return Fraction(room, max(no.asked, 1)), sooner, place, no.rule.period, no.rule.pk
