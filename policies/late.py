"""What was billed after its money had gone back: booked all the same, told to whoever runs this.

The hold stays released, since what is over never changes. A limit may be passed by such a line,
and by what was billed above its quote; by nothing else.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

import structlog
from django.db import transaction

from policies import budgets, ledger, rules
from policies.models import Entry, Hold
from tale.lib import again, clock

log = structlog.get_logger()


class Booked(StrEnum):
    IN_TIME = "in time"
    LATE = "late"
    BEFORE = ""  # somebody else was faster, and nothing was booked


@again.joining
def settle(
    *,
    hold: Hold,
    lines: list[dict[str, Any]],
    now: datetime,
    confidence: str = Entry.Confidence.EXACT,
) -> Booked:
    """What was billed is booked, whatever became of the hold meanwhile."""
    if budgets.settle(hold=hold, lines=lines, now=now, confidence=confidence):
        return Booked.IN_TIME
    if book(hold=hold, lines=lines, now=now, confidence=confidence):
        return Booked.LATE
    return Booked.BEFORE


@again.atomic
def book(
    *,
    hold: Hold,
    lines: list[dict[str, Any]],
    now: datetime,
    confidence: str = Entry.Confidence.EXACT,
) -> bool:
    """False: it was booked before, or its money never went back."""
    organisation = hold.organisation
    rules.lock(organisation)
    head = ledger.head_of(organisation)
    held = Hold.objects.of(organisation).get(pk=hold.pk)
    booked = Entry.objects.of(organisation).filter(hold=hold.pk, kind=Entry.Kind.LATE)
    if held.state != Hold.State.RELEASED or booked.exists():
        return False
    for ordinal, line in enumerate(lines):
        ledger.add(
            held,
            organisation,
            head,
            now=clock.corrected(now),
            kind=Entry.Kind.LATE,
            confidence=confidence,
            ordinal=ordinal,
            **line,
        )
    amount = sum(line["amount_micro"] for line in lines)
    told = partial(log.error, "billed_after_release", hold=hold.pk, amount_micro=amount)
    transaction.on_commit(told)  # once, however often this is tried
    return True
