"""THE one way to a new picture: resolve, fit, quote, hold, run, store, settle.

Money is set aside before the provider hears of it, files are written before they are booked, and
the booking, the rows and the end of the job are one transaction. So nothing is paid twice, and
what was paid for is found again whatever dies in between (reconcile.py).

A job is one call (attempts.py), or several where its model draws fewer at a time than were wished
for: each with a hold of its own, all made in one transaction or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from accounts import audit
from assistants import (
    artifacts,
    attempts,
    beginning,
    calls,
    jobs,
    moderation,
    permission,
    pulse,
    running,
    stepping_in,
)
from assistants.attempts import Tell, Withdrawn
from assistants.beginning import Begun
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from policies import budgets, rules
from providers import queueing
from providers.errors import Doubtful, ProviderFailed
from providers.resolve import Choice
from providers.shapes import Order, Wish
from tale.lib import again
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

LOOK_AGAIN_S = 0.5
STOPS_S = 3.0  # so long who stops it waits to hear what it cost
log = structlog.get_logger()

_unfinished: set[asyncio.Task[list[Artifact]]] = set()


async def generate(
    *,
    wish: Wish,
    context: Context,
    idempotency_key: str,
    sources: Sequence[str] = (),
    mask: str = "",
    sent: str = "",
    join: bool = False,
    tell: Tell | None = None,
) -> list[Artifact]:
    """The same key brings the same pictures, paid once. `sources` are pictures to change, `mask`
    says where, `sent` what they came as: see artifacts.Named. `join` waits for a run under way
    instead of refusing with request_in_progress. `tell` hears how far it is."""
    named = artifacts.Named(tuple(sources), mask, sent)
    begun = await _begun(wish, context, named, idempotency_key, join=join, tell=tell)
    if not isinstance(begun, Begun):
        return begun
    queueing.stand_for(context.actor)
    # A listener who leaves does not stop what is being paid for.
    stopped = running.enter(begun.job.pk)
    task = asyncio.create_task(_fulfil(begun, context, stopped))
    _unfinished.add(task)
    task.add_done_callback(_ended)
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((task,), timeout=STOPS_S)
    finally:
        stopping.cancel()
    if not task.done():
        raise await in_db(jobs.stopped, begun.job)
    return task.result()


async def _begun(
    wish: Wish,
    context: Context,
    named: artifacts.Named,
    key: str,
    *,
    join: bool,
    tell: Tell | None,
) -> Begun | list[Artifact]:
    has_passed = False
    while True:
        try:
            begun = await in_db(
                beginning.begin,
                wish,
                context,
                named,
                idempotency_key=key,
                now=timezone.now(),
                tell=tell,
                has_passed=has_passed,
            )
            if begun is not None:
                return begun
            await moderation.require(wish, context)
            has_passed = True
        except Refusal as refusal:
            if not join or refusal.code != "request_in_progress":
                await in_db(_note, context, refusal, now=timezone.now())
                raise
            await asyncio.sleep(LOOK_AGAIN_S)


def _ended(task: asyncio.Task[list[Artifact]]) -> None:
    _unfinished.discard(task)
    if task.cancelled():
        return
    broken = task.exception()  # asked for here, because its caller may have left
    if broken is not None and not isinstance(broken, Refusal):
        log.error("picture_failed", exc_info=broken)


@transaction.atomic
def _note(context: Context, refusal: Refusal, *, now: datetime) -> None:
    if isinstance(refusal, budgets.BudgetExceeded):
        calls.refuse(refused=refusal.refused, code=refusal.code, now=now)
    audit.refused(actor=context.actor, refusal=refusal, action="picture.asked")


async def _fulfil(begun: Begun, context: Context, stopped: asyncio.Event) -> list[Artifact]:
    try:
        while True:
            async with AsyncExitStack() as alive:
                for attempt in begun.attempts:
                    await alive.enter_async_context(pulse.of(attempt.hold))
                ends, made, broken = await _run_all(begun, stopped)
                if not any(ends) and broken is None:
                    return made or await in_db(_outcome, begun.job)
                another = await in_db(_fail, begun, ends, context, now=timezone.now())
                if broken is not None:
                    raise broken
            if another is None:
                return await in_db(_outcome, begun.job, _told(ends))
            begun = another
    finally:
        running.leave(begun.job.pk)


async def _run_all(
    begun: Begun, stopped: asyncio.Event
) -> tuple[list[ProviderFailed | Withdrawn | None], list[Artifact], BaseException | None]:
    """None: it is booked. What else goes wrong is ours: the sweeper sees to that call, and it is
    heard when the others have had their end. The pictures are those of the only call."""
    pictures, mask = begun.sources
    references = await in_db(artifacts.pictures_of, pictures) if pictures else []
    masks = await in_db(artifacts.pictures_of, [mask]) if mask else []
    if begun.tell is not None:
        await begun.tell(attempts.Progress(begun.job.pk, "waiting"))
    runs = []
    for attempt in begun.attempts:
        attempt.tell = begun.tell
        order = Order(attempt.hold.model, attempt.plan, tuple(references))
        order = replace(order, mask=masks[0] if masks else None)
        runs.append(attempts.run(attempt, order, stopped))
    ends = await asyncio.gather(*runs, return_exceptions=True)
    told = [end if isinstance(end, ProviderFailed | Withdrawn) else None for end in ends]
    faults = (end for end, known in zip(ends, told, strict=True) if end is not known)
    broken = next((fault for fault in faults if isinstance(fault, BaseException)), None)
    return told, _made_by_one(ends), broken


def _made_by_one(ends: Sequence[list[Artifact] | BaseException]) -> list[Artifact]:
    """Empty: there were more calls, or its row says what became of it."""
    made = ends[0] if len(ends) == 1 and isinstance(ends[0], list) else []
    return made if all(row.state == Artifact.State.READY for row in made) else []


def _told(ends: Sequence[ProviderFailed | Withdrawn | None]) -> Refusal:
    """Money in doubt is told before anything else."""
    failed = [end for end in ends if isinstance(end, ProviderFailed)]
    doubtful = [end for end in failed if isinstance(end, Doubtful)]
    for end in (*doubtful, *failed):
        return end.as_refusal()
    return Refusal("provider_timeout")


def _outcome(job: ImageJob, failed: Refusal | None = None) -> list[Artifact]:
    job.refresh_from_db()
    if job.state == ImageJob.State.CANCELLED:
        raise jobs.stopped(job)
    if made := artifacts.of_job(job):
        return made
    if failed is None or job.state == ImageJob.State.PAID_NOT_STORED:
        failed = beginning.lost(job)
    if job.state == ImageJob.State.UNKNOWN:  # whoever shows it looks there again
        failed.details["job"] = job.pk
    raise failed


@again.atomic
def _fail(
    begun: Begun,
    ends: Sequence[ProviderFailed | Withdrawn | None],
    context: Context,
    *,
    now: datetime,
) -> Begun | None:
    """The next model's attempt, if there is one to make: only when nothing came and nothing was
    billed."""
    job = jobs.locked(begun.job)
    attempts.fail(begun.attempts, ends, now=now)
    may_step_in = all(isinstance(end, ProviderFailed) and end.lets_another_try for end in ends)
    if may_step_in and job.state == ImageJob.State.RUNNING:
        begun = replace(begun, job=job)
        if another := _step_in(begun, context, now=now):
            return another
    jobs.conclude(job, now=now, code=_told(ends).code)
    return None


def _step_in(begun: Begun, context: Context, *, now: datetime) -> Begun | None:
    def hold(choices: Sequence[Choice]) -> Begun:
        spender = rules.bound(permission.spender_of(context))
        held = beginning.hold_for(
            choices, begun.job, begun.wish, context, spender, begun.sources, now=now
        )
        return replace(held, tell=begun.tell)

    return stepping_in.next_of(begun.others, hold)
