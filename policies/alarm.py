"""Looks for drift every hour, and says so where somebody hears it: an error in the log, a figure
for the metrics, and a line in the organisation's audit. It mends nothing."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import structlog
from prometheus_client import Gauge

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from policies import drift
from policies.drift import Drift

NAMED = 5
FOUND = Gauge(
    "tale_money_drift",
    "Counters, holds and lines of the ledger that did not agree, an hour ago at most.",
    multiprocess_mode="mostrecent",
)
log = structlog.get_logger()


def look(*, now: datetime) -> int:
    number = 0
    for organisation in Organisation.objects.order_by("created_at"):
        if drifts := drift.found(organisation=organisation, now=now):
            number += len(drifts)
            _tell(organisation, drifts)
    FOUND.set(number)
    return number


def _tell(organisation: Organisation, drifts: list[Drift]) -> None:
    by_code = dict(Counter(each.code for each in drifts))
    some = [str(each) for each in drifts[:NAMED]]
    log.error("money_drift", organisation=organisation.pk, count=len(drifts), some=some)
    audit.write(
        actor=Actor(organisation, surface="system"),
        action="money.drifted",
        after=by_code | {"some": some},
    )
