"""The sweeper: decides what became of holds whose caller died, and of nothing else.

    RESERVED past its time            → released
    SENT past its lease               → UNKNOWN
    UNKNOWN, files are there          → finished: booked and shown
    UNKNOWN, certainly not billed     → released, the job may be tried again
    UNKNOWN for a day                 → booked in full as presumed, for an admin to correct

Two sweepers at once are harmless: every step is a conditional update.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from assistants import artifacts, calls, images
from assistants.models import ImageJob
from policies import budgets
from policies.models import Entry, Hold
from providers.base import Adapter
from providers.models import Provider
from providers.registry import adapter_for
from providers.shapes import Finished, Picture, Usage
from tale.lib.aio import in_db

GIVE_UP = timedelta(hours=24)
BATCH = 100


async def sweep() -> None:
    now = timezone.now()
    await in_db(expire, now=now)
    for hold in await in_db(doubtful):
        await _decide(hold, now=now)


def expire(*, now: datetime) -> None:
    unclaimed = Hold.unscoped.filter(state=Hold.State.RESERVED, expires_at__lt=now)
    for hold in unclaimed.select_related("organisation")[:BATCH]:
        budgets.release(hold=hold, now=now)
    dead = Hold.unscoped.filter(state=Hold.State.SENT, lease_until__lt=now)
    for hold in dead[:BATCH]:
        budgets.doubt(hold=hold)


def doubtful() -> list[Hold]:
    rows = Hold.unscoped.filter(state=Hold.State.UNKNOWN).select_related("organisation")
    return list(rows.order_by("sent_at")[:BATCH])


async def _decide(hold: Hold, *, now: datetime) -> None:
    if await _roll_forward(hold, now=now):
        return
    adapter = await in_db(_adapter_of, hold)
    billed = await adapter.was_billed(hold.pk) if adapter else None
    if billed is False:
        await in_db(_give_back, hold, now=now)
    elif hold.sent_at is not None and now - hold.sent_at > GIVE_UP:
        await in_db(_presume, hold, now=now)


async def _roll_forward(hold: Hold, *, now: datetime) -> bool:
    job, pictures = await in_db(_left_behind, hold)
    if job is None or not pictures:
        return False
    usage = Usage(pictures=len(pictures))
    finished = Finished(tuple(pictures), usage, job.plan.get("prompt", ""))
    await images.complete(job=job, hold=hold, finished=finished, now=now)
    await in_db(calls.close, hold=hold, outcome="done", now=now)
    return True


def _left_behind(hold: Hold) -> tuple[ImageJob | None, list[Picture]]:
    job = _job_of(hold)
    return job, artifacts.read_files(hold.pk, hold.pictures) if job and hold.pictures else []


@transaction.atomic
def _give_back(hold: Hold, *, now: datetime) -> None:
    if budgets.release(hold=hold, now=now, from_states=(Hold.State.UNKNOWN,)):
        _end_job(hold, ImageJob.State.FAILED, now=now)


@transaction.atomic
def _presume(hold: Hold, *, now: datetime) -> None:
    line = {"amount_micro": hold.amount_micro, "pictures": hold.pictures}
    presumed = Entry.Confidence.PRESUMED
    if budgets.settle(hold=hold, lines=[line], now=now, kind="presumed", confidence=presumed):
        _end_job(hold, ImageJob.State.REFUSED, now=now)


def _end_job(hold: Hold, state: str, *, now: datetime) -> None:
    calls.close(hold=hold, outcome="failed", code="provider_timeout", now=now)
    jobs = ImageJob.objects.of(hold.organisation).filter(hold=hold.pk)
    open_states = (ImageJob.State.RUNNING, ImageJob.State.UNKNOWN)
    jobs.filter(state__in=open_states).update(
        state=state, ended_at=now, refusal={"code": "provider_timeout"}
    )


def _job_of(hold: Hold) -> ImageJob | None:
    return ImageJob.objects.of(hold.organisation).filter(hold=hold.pk).first()


def _adapter_of(hold: Hold) -> Adapter | None:
    """None: the provider was deleted or renamed since, and nobody can be asked."""
    provider = Provider.objects.of(hold.organisation).filter(name=hold.provider).first()
    return adapter_for(provider) if provider else None
