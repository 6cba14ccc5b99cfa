"""Tells that a budget comes near its limit: whoever governs it once, and each person who spends
from it once. Once for a window and a limit, whoever looks at the same time: a row says so.

Nothing of it lies on the way of a spend. An answer looks at the windows it spent in when it is
over, and a chore at those that only programs spend in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import DecimalField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast

from accounts import audit
from accounts.actor import Actor
from accounts.models import Event, Organisation
from policies.models import BudgetNotice, BudgetRule, Hold, Window
from policies.usage import Usage
from tale.lib import clock

BATCH = 100
CODE = "budget_near"
Near = dict[str, Any]
WIDE: DecimalField[Any, Any] = DecimalField(max_digits=30, decimal_places=0)


def look(*, now: datetime) -> int:
    """Of every organisation, what nobody was told yet."""
    told = BudgetNotice.unscoped.filter(
        rule=OuterRef("rule"),
        subject=OuterRef("subject"),
        starts_at=OuterRef("starts_at"),
        limit=OuterRef("rule__limit"),
        percent=OuterRef("rule__warn_percent"),
        who="",
    )
    untold = _near(Window.unscoped.filter(~Exists(told)), now=clock.corrected(now))
    return sum(_announce(window, now=now) for window in untold[:BATCH])


def tell(*, organisation: Organisation, who: str, since: datetime, now: datetime) -> list[Near]:
    """What this person has not been told of the budgets they spent from since then."""
    held = Hold.objects.of(organisation).filter(user=who, held_at__gte=since)
    spent_in = {pk for windows in held.values_list("windows", flat=True) for pk in windows}
    if not spent_in:
        return []
    found = []
    for window in near(organisation, now=now).filter(pk__in=spent_in):
        _announce(window, now=now)
        if _is_first(window, who, now=now):
            found.append(_said(window))
    return found


def near(organisation: Organisation, *, now: datetime) -> Any:
    """Its windows that are past the point where a rule warns."""
    return _near(Window.objects.of(organisation), now=clock.corrected(now))


def _near(windows: Any, *, now: datetime) -> Any:
    running = Q(ends_at=None) | Q(ends_at__gt=now)
    used = Cast(F("settled") + F("reserved"), WIDE) * 100  # wider than what it counts
    bound = Cast(F("rule__limit"), WIDE) * F("rule__warn_percent")
    counted = windows.filter(running, rule__is_enabled=True, rule__limit__gt=0)
    past = counted.alias(hundredfold=used, bound=bound).filter(hundredfold__gte=F("bound"))
    return past.select_related("rule__organisation").order_by("pk")


@transaction.atomic
def _announce(window: Window, *, now: datetime) -> bool:
    if not _is_first(window, "", now=now):
        return False
    organisation, said = window.rule.organisation, _said(window)
    Event.objects.create(organisation=organisation, kind="budget.near", data=said)
    audit.write(
        actor=Actor(organisation, surface="system"),
        action="budget_rule.near",
        target=window.rule,
        after=said,
    )
    return True


def _is_first(window: Window, who: str, *, now: datetime) -> bool:
    rule = window.rule
    _notice, is_first = BudgetNotice.objects.get_or_create(
        organisation=rule.organisation,
        rule=rule,
        subject=window.subject,
        starts_at=window.starts_at,
        limit=rule.limit,
        percent=rule.warn_percent,
        who=who,
        defaults={"at": now},
    )
    return is_first


def _said(window: Window) -> Near:
    rule, seen = window.rule, Usage.of(window.rule, window)
    in_pictures = rule.measure == BudgetRule.Measure.PICTURES
    return {
        "code": CODE,
        "rule": rule.pk,
        "subject": window.subject,
        "scope": rule.scope,
        "is_per_member": rule.is_per_member,
        "period": rule.period,
        "measure": rule.measure,
        "used": seen.used,
        "limit": rule.limit,
        "percent": seen.percent,
        "currency": "" if in_pictures else rule.organisation.currency,
        "resets_at": window.ends_at.isoformat() if window.ends_at else None,
    }
