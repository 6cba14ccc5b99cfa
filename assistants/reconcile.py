"""The sweeper: decides what became of holds whose caller died, and of nothing else.

    RESERVED past its time            → released, the job may be tried again
    SENT past its lease               → UNKNOWN
    UNKNOWN, what came lies there     → finished: looked at, booked and shown
    UNKNOWN, its provider keeps it    → fetched, then finished
    UNKNOWN, certainly not billed     → released, the job may be tried again
    UNKNOWN for a day                 → booked in full as presumed, for an admin to correct
    ended, its call still open        → what was left lying is thrown away

Two sweepers at once are harmless: every step is a conditional update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction

from assistants import arrivals, booking, calls, jobs, keeping, pulse, resuming
from assistants.models import ImageJob
from policies import budgets, losses
from policies.models import Call, Entry, Hold
from providers.base import Adapter
from providers.models import Provider
from providers.registry import adapter_for
from providers.shapes import Finished
from tale.lib import again, clock
from tale.lib.aio import in_db

log = structlog.get_logger()
# Frozen before its first byte left, a caller may wake and send it: no money goes back until then.
MAY_STILL_SEND = timedelta(seconds=60)
LATE = "provider_timeout"
BATCH = 100


async def sweep() -> None:
    now = await in_db(clock.ask)
    await in_db(expire, now=now)
    for hold in await in_db(doubtful, now=now):
        try:
            await decide(hold, now=now)
        except Exception as broken:  # of one, which others do not wait for
            log.error("not_decided", hold=hold.pk, exc_info=broken)
    await in_db(clear, now=now)


def expire(*, now: datetime) -> None:
    unclaimed = Hold.unscoped.filter(state=Hold.State.RESERVED, expires_at__lt=now)
    some = unclaimed.select_related("organisation").order_by("expires_at")[:BATCH]
    _each(some, partial(give_back, now=now), broken="not_given_back")
    budgets.doubt_the_dead(now=now, most=BATCH)


def doubtful(*, now: datetime) -> list[Hold]:
    """Those that nobody looks at, the longest unseen first: each has its turn."""
    rows = Hold.unscoped.filter(state=Hold.State.UNKNOWN, lease_until__lt=now)
    return list(rows.select_related("organisation").order_by("lease_until")[:BATCH])


async def decide(hold: Hold, *, now: datetime) -> None:
    """As far as it can be known now; doubts.py is for those that stay in doubt."""
    if not await in_db(budgets.look_into, hold=hold, lease=pulse.LEASE, now=now):
        return  # another sweeper does
    in_doubt_for = now - (hold.sent_at or hold.held_at)
    is_over = in_doubt_for > timedelta(seconds=settings.TALE_PRESUME_AFTER_S)
    try:
        if await _roll_forward(hold, now=now):
            return
    except Exception as broken:
        if not is_over:
            raise
        log.error("not_rolled_forward", hold=hold.pk, exc_info=broken)
    job, adapter = await in_db(lambda: (jobs.of_hold(hold), _adapter_of(hold)))
    may_still_send = in_doubt_for <= _longest(job, adapter)
    if job and adapter and await resuming.resume(job, hold, adapter):
        return
    if job and hold.pk in job.handles and may_still_send:
        return
    billed = await adapter.was_billed(hold.pk) if adapter else None
    if adapter and billed is False and (adapter.is_local or not may_still_send):
        await in_db(give_back, hold, now=now)
    elif is_over:
        await in_db(presume, hold, now=now)
    else:
        await in_db(_say_so, hold, now=now)


def _longest(job: ImageJob | None, adapter: Adapter | None) -> timedelta:
    deadline_s = adapter.deadline_s if adapter else 0
    if job:
        deadline_s = job.plan.get("deadline_s", deadline_s)
    return timedelta(seconds=deadline_s) + MAY_STILL_SEND


async def _roll_forward(hold: Hold, *, now: datetime) -> bool:
    job, finished = await in_db(_left_behind, hold)
    if job is None or finished is None:
        return False
    await booking.complete(job=job, hold=hold, finished=finished, now=now)
    return True


def _left_behind(hold: Hold) -> tuple[ImageJob | None, Finished | None]:
    job = jobs.of_hold(hold)
    return job, arrivals.read(hold.pk) if job else None


@again.atomic
def give_back(hold: Hold, *, now: datetime) -> bool:
    """As it was seen: what was claimed meanwhile is not ours to release."""
    job = _job_of(hold)
    if not budgets.release(hold=hold, now=now, from_states=(hold.state,)):
        return False
    _end(job, hold, now=now)
    return True


@again.atomic
def presume(hold: Hold, *, now: datetime) -> bool:
    job = _job_of(hold)
    line = {"amount_micro": hold.amount_micro, "pictures": hold.pictures}
    presumed = Entry.Confidence.PRESUMED
    if not budgets.settle(hold=hold, lines=[line], now=now, kind="presumed", confidence=presumed):
        return False
    _end(job, hold, now=now)
    if hold.pictures:
        losses.note(hold=hold, pictures=hold.pictures)
    return True


@transaction.atomic
def _say_so(hold: Hold, *, now: datetime) -> None:
    """Who waits for it is told, and what still comes is not lost."""
    if job := jobs.of_hold(hold):
        jobs.conclude(jobs.locked(job), now=now, code=LATE, is_swept=True)


def clear(*, now: datetime) -> None:
    """Its process died between the booking and the last broom."""
    some_time_ago = now - pulse.LEASE
    over = Hold.unscoped.filter(ended_at__lt=some_time_ago)
    forgotten = Call.unscoped.filter(
        ended_at=None, started_at__lt=some_time_ago, hold__in=over.values("pk")
    )
    some = list(forgotten.order_by("started_at").values_list("hold", flat=True)[:BATCH])
    holds = over.filter(pk__in=some).select_related("organisation").order_by("ended_at")
    _each(holds, partial(_clear, now=now), broken="not_cleared")


def _clear(hold: Hold, *, now: datetime) -> None:
    keeping.tidy(hold)
    outcome, code = _end_of(hold)
    calls.close(hold=hold, outcome=outcome, code=code, now=now)


def _end_of(hold: Hold) -> tuple[str, str]:
    if hold.state == Hold.State.SETTLED:
        return "done", ""
    job = jobs.of_hold(hold)
    was_stopped = job is not None and job.state == ImageJob.State.CANCELLED
    return ("cancelled", "cancelled") if was_stopped else ("failed", LATE)


def _each(holds: Iterable[Hold], work: Callable[[Hold], object], *, broken: str) -> None:
    """What is wrong with one keeps no other waiting."""
    for hold in holds:
        try:
            work(hold)
        except Exception as wrong:
            log.error(broken, hold=hold.pk, exc_info=wrong)


def _job_of(hold: Hold) -> ImageJob | None:
    """Locked, before its hold and before any window: as everybody does who ends a call."""
    job = jobs.of_hold(hold)
    return jobs.locked(job) if job else None


def _end(job: ImageJob | None, hold: Hold, *, now: datetime) -> None:
    calls.close(hold=hold, outcome="failed", code=LATE, now=now)
    if job:
        jobs.conclude(job, now=now, code=LATE, is_swept=True)


def _adapter_of(hold: Hold) -> Adapter | None:
    """None: the provider was deleted or renamed since, and nobody can be asked."""
    provider = Provider.objects.of(hold.organisation).filter(name=hold.provider).first()
    return adapter_for(provider) if provider else None
