"""THE one way to a new picture: resolve, fit, quote, hold, run, store, settle.

Money is set aside before the provider hears of it, files are written before they are booked, and
the booking, the rows and the end of the job are one transaction. So nothing is paid twice, and
what was paid for is found again whatever dies in between (reconcile.py).

A job is one call (attempts.py), or several where its model draws fewer at a time than were wished
for: each with a hold of its own, all made in one transaction or none.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from assistants import (
    artifacts,
    attempts,
    calls,
    jobs,
    moderation,
    permission,
    pulse,
    reserving,
    running,
    stepping_in,
    storage,
)
from assistants.attempts import Attempt, Tell, Withdrawn
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from policies import access, budgets
from providers import queueing
from providers.errors import Doubtful, ProviderFailed
from providers.models import Tag
from providers.resolve import Choice, chain, resolve
from providers.shapes import Order, Wish
from tale.lib import again
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

LOOK_AGAIN_S = 0.5
STOPS_S = 3.0  # so long who stops it waits to hear what it cost
TOLD = (ImageJob.State.UNKNOWN, ImageJob.State.REFUSED, ImageJob.State.PAID_NOT_STORED)
SAME_FOR = timedelta(minutes=10)
log = structlog.get_logger()

_unfinished: set[asyncio.Task[list[Artifact]]] = set()


@dataclass(frozen=True, slots=True)
class Begun:
    job: ImageJob
    attempts: tuple[Attempt, ...]
    wish: Wish
    sources: artifacts.Sources
    others: tuple[Choice, ...]  # who may step in
    tell: Tell | None = None


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
    try:
        await moderation.require(wish, context, idempotency_key=idempotency_key)
    except Refusal as refusal:
        await in_db(_note, context, refusal, now=timezone.now())
        raise
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
    while True:
        try:
            return await in_db(
                _begin,
                wish,
                context,
                named,
                idempotency_key=key,
                now=timezone.now(),
                tell=tell,
            )
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


@again.atomic
def _begin(
    wish: Wish,
    context: Context,
    named: artifacts.Named,
    *,
    idempotency_key: str,
    now: datetime,
    tell: Tell | None = None,
) -> Begun | list[Artifact]:
    organisation = context.actor.organisation
    body_hash = _hash(wish, context, named)
    job, is_new = ImageJob.objects.get_or_create(
        organisation=organisation,
        idempotency_key=idempotency_key,
        defaults={
            "body_hash": body_hash,
            "reference": context.reference,
            "owner": context.actor.user,
            "team": context.team,
            "surface": context.actor.surface,
            "wish": asdict(wish) | {"sources": list(named.pictures), "mask": named.mask},
        },
    )
    if not is_new:
        job = jobs.locked(job)  # of two who try a failed one again, one waits for the other
    if is_new and not wish.variation and (earlier := _same(context, body_hash, job, now=now)):
        job.delete()
        return earlier
    if not is_new and job.body_hash != body_hash:
        raise Refusal("idempotency_key_reused")
    if job.state == ImageJob.State.DONE:
        return _made_before(job)
    if job.state == ImageJob.State.CANCELLED:
        raise jobs.stopped(job)
    if job.state in TOLD:
        raise _lost(job)
    if not is_new and job.state != ImageJob.State.FAILED:  # failed: its money went back
        raise Refusal("request_in_progress", job=job.pk)
    begun = _hold(job, wish, context, artifacts.sources_named(context, named), now=now)
    return replace(begun, tell=tell)


def _same(context: Context, body_hash: str, job: ImageJob, *, now: datetime) -> list[Artifact]:
    """People ask twice by accident; a program that does has said so with a key of its own."""
    if context.actor.surface != "web" or context.actor.user is None:
        return []
    return jobs.same_before(context, body_hash, but=job, since=now - SAME_FOR)


def _hold(
    job: ImageJob, wish: Wish, context: Context, sources: artifacts.Sources, *, now: datetime
) -> Begun:
    pictures, mask = sources
    tag = Tag.IMAGE_EDIT if pictures else Tag.IMAGE_GENERATION
    if pictures and wish.size == "auto":
        wish = replace(wish, size=f"{pictures[0].width}x{pictures[0].height}")
    wish = replace(wish, references=len(pictures), has_mask=mask is not None)
    spender = permission.spender_of(context)
    permission.to_draw(wish, context, spender).require()
    may_use = permission.models_for(spender, "image")
    organisation = context.actor.organisation
    first = resolve(organisation, tag, asked=context.image_model, permitted=may_use)
    choices = chain(first, organisation, tag, permitted=may_use)
    permission.prompt_of(wish, spender).require()
    _require_room(job, wish, context)
    storage.require_room_for_made(context.actor)
    return _hold_for(choices, job, wish, context, sources, now=now)


def _require_room(job: ImageJob, wish: Wish, context: Context) -> None:
    most = context.most_pictures
    if not most:
        return
    left = max(most - jobs.drawn_for(context, but=job), 0)
    if wish.n > left:
        text = _("One answer brings at most %(most)d pictures, and %(left)d are left. Ask again.")
        raise Refusal(
            "out_of_range",
            text % {"most": most, "left": left},
            field="n",
            most=left,
            bound="maximum",
        )


def _hold_for(
    choices: Sequence[Choice],
    job: ImageJob,
    wish: Wish,
    context: Context,
    sources: artifacts.Sources,
    *,
    now: datetime,
) -> Begun:
    choice, *others = choices
    limits = access.image_policy(permission.spender_of(context))
    plan = permission.fitted(wish, choice.capabilities, limits)
    holds = reserving.hold(job, choice, plan, wish, context, now=now)
    amount = sum(hold.amount_micro for _part, hold in holds)
    permission.confirmed(amount, context, limits).require()  # last: a yes is never for nothing
    made = []
    for part, hold in holds:
        adapter = choice.adapter
        # The wait for a slot is part of it.
        adapter.deadline_s = permission.deadline_s(context, limits, adapter.deadline_s)
        call = calls.start(hold=hold, now=now)
        made.append(Attempt(job, hold, call, part, adapter, choice.capabilities.cancel))
    job.state, job.hold = ImageJob.State.RUNNING, made[0].hold.pk
    job.plan = asdict(plan) | _origin(choice, context) | {"label": limits.label}
    job.plan["deadline_s"] = adapter.deadline_s
    job.progress, job.handles = 0, {}
    job.save(update_fields=["state", "hold", "plan", "progress", "handles"])
    return Begun(job, tuple(made), wish, sources, tuple(others))


def _origin(choice: Choice, context: Context) -> dict[str, Any]:
    return {
        "model": choice.model.remote_id,
        "model_id": choice.model.pk,
        "home": context.home,
        "source_type": choice.capabilities.source_type,
    }


async def _fulfil(begun: Begun, context: Context, stopped: asyncio.Event) -> list[Artifact]:
    try:
        while True:
            async with AsyncExitStack() as alive:
                for attempt in begun.attempts:
                    await alive.enter_async_context(pulse.of(attempt.hold))
                ends, broken = await _run_all(begun, stopped)
                if not any(ends) and broken is None:
                    return await in_db(_outcome, begun.job)
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
) -> tuple[list[ProviderFailed | Withdrawn | None], BaseException | None]:
    """None: it is booked. What else goes wrong is ours: the sweeper sees to that call, and it is
    heard when the others have had their end."""
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
    return told, next(faults, None)


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
    made = artifacts.of_job(job)
    if not made:
        raise failed or _lost(job)
    return made


def _lost(job: ImageJob) -> Refusal:
    if job.state == ImageJob.State.PAID_NOT_STORED:  # nobody is invited to pay again
        text = _(
            "The picture was paid, and there was nowhere to keep it. "
            "An administrator has been told."
        )
        return Refusal("storage_unavailable", text, job=job.pk)
    code = job.refusal.get("code", "provider_bad_image")
    if code != "content_policy":
        return Refusal(code)
    text = _("It was made and stays booked, but your organisation holds back what looks like it.")
    return Refusal(code, text, job=job.pk)


def _made_before(job: ImageJob) -> list[Artifact]:
    """None: all of them were deleted since, and the key is not good for new ones."""
    made = artifacts.of_job(job)
    if not made:
        raise Refusal("gone")
    return made


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
    for attempt, end in zip(begun.attempts, ends, strict=True):
        if end is not None:
            attempts.fail(attempt, end, now=now)
    may_step_in = all(isinstance(end, ProviderFailed) and end.lets_another_try for end in ends)
    if may_step_in and job.state == ImageJob.State.RUNNING:
        begun = replace(begun, job=job)
        if another := _step_in(begun, context, now=now):
            return another
    jobs.conclude(job, now=now, code=_told(ends).code)
    return None


def _step_in(begun: Begun, context: Context, *, now: datetime) -> Begun | None:
    def hold(choices: Sequence[Choice]) -> Begun:
        held = _hold_for(choices, begun.job, begun.wish, context, begun.sources, now=now)
        return replace(held, tell=begun.tell)

    return stepping_in.next_of(begun.others, hold)


def _hash(wish: Wish, context: Context, named: artifacts.Named) -> str:
    asked = {"model": context.image_model, "home": context.home, "sources": named.told()}
    body = asdict(wish) | asked
    del body["alt"]  # words about it: they change nothing of what is drawn
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
