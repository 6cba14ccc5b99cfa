"""THE one way to a new picture: resolve, fit, quote, hold, run, store, settle.

Money is set aside before the provider hears of it, files are written before they are booked, and
the booking, the rows and the end of the job are one transaction. So nothing is paid twice, and
what was paid for is found again whatever dies in between (reconcile.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from assistants import (
    arrivals,
    artifacts,
    calls,
    gate,
    inspection,
    keeping,
    moderation,
    permission,
    pulse,
    quotes,
    stepping_in,
    storage,
)
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from policies import access, budgets
from policies.models import Call, Entry, Hold
from providers import pricing, queueing
from providers.base import Adapter, closing
from providers.errors import Doubtful, ProviderFailed
from providers.models import Tag
from providers.resolve import Choice, chain, resolve
from providers.shapes import Finished, Order, Picture, Plan, Wish
from tale.lib.aio import in_db
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

LATE = "provider_timeout"
LOOK_AGAIN_S = 0.5

_unfinished: set[asyncio.Task[list[Artifact]]] = set()


@dataclass(frozen=True, slots=True)
class Begun:
    job: ImageJob
    hold: Hold
    call: Call
    plan: Plan
    adapter: Adapter
    wish: Wish
    sources: artifacts.Sources
    others: tuple[Choice, ...]  # who may step in


async def generate(
    *,
    wish: Wish,
    context: Context,
    idempotency_key: str,
    sources: Sequence[str] = (),
    mask: str = "",
    sent: str = "",
    join: bool = False,
) -> list[Artifact]:
    """The same key brings the same pictures, paid once. `sources` are pictures to change, `mask`
    says where, `sent` what they came as: see artifacts.Named. `join` waits for a run under way
    instead of refusing with request_in_progress."""
    named = artifacts.Named(tuple(sources), mask, sent)
    try:
        await moderation.require(wish, context, idempotency_key=idempotency_key)
    except Refusal as refusal:
        await in_db(_note, context, refusal, now=timezone.now())
        raise
    while True:
        try:
            begun = await in_db(
                _begin,
                wish,
                context,
                named,
                idempotency_key=idempotency_key,
                now=timezone.now(),
            )
            break
        except Refusal as refusal:
            if not join or refusal.code != "request_in_progress":
                await in_db(_note, context, refusal, now=timezone.now())
                raise
            await asyncio.sleep(LOOK_AGAIN_S)
    if not isinstance(begun, Begun):
        return begun
    queueing.stand_for(context.actor)
    # A listener who leaves does not stop what is being paid for.
    task = asyncio.create_task(_fulfil(begun, context))
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    return await asyncio.shield(task)


@transaction.atomic
def _note(context: Context, refusal: Refusal, *, now: datetime) -> None:
    if isinstance(refusal, budgets.BudgetExceeded):
        calls.refuse(refused=refusal.refused, code=refusal.code, now=now)
    audit.refused(actor=context.actor, refusal=refusal, action="picture.asked")


@transaction.atomic
def _begin(
    wish: Wish,
    context: Context,
    named: artifacts.Named,
    *,
    idempotency_key: str,
    now: datetime,
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
    if not is_new and job.body_hash != body_hash:
        raise Refusal("idempotency_key_reused")
    if job.state == ImageJob.State.DONE:
        return _made_before(job)
    if job.state == ImageJob.State.REFUSED:
        raise Refusal(job.refusal["code"])
    if job.state == ImageJob.State.UNKNOWN:
        raise Refusal(job.refusal["code"])
    if not is_new and job.state != ImageJob.State.FAILED:  # failed: its money went back
        raise Refusal("request_in_progress", job=job.pk)
    return _hold(job, wish, context, artifacts.sources_named(context, named), now=now)


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
    storage.require_room_for_made(context.actor)
    return _hold_for(choices, job, wish, context, sources, now=now)


def _hold_for(
    choices: Sequence[Choice],
    job: ImageJob,
    wish: Wish,
    context: Context,
    sources: artifacts.Sources,
    *,
    now: datetime,
) -> Begun:
    organisation = context.actor.organisation
    choice, *others = choices
    spender, adapter = permission.spender_of(context), choice.adapter
    limits = access.image_policy(spender)
    plan = permission.fitted(wish, choice.capabilities, limits)
    adapter.deadline_s = min(adapter.deadline_s, context.deadline_s)  # the wait for a slot with it
    hold = budgets.hold(
        spender=spender,
        quote=quotes.of_pictures(choice, plan, wish, organisation=organisation, now=now),
        reference=f"imagejob:{job.pk}",
        idempotency_key=new_id("draw"),
        now=now,
        sent_for=pulse.LEASE,
    )
    job.state, job.hold = ImageJob.State.RUNNING, hold.pk
    job.plan = asdict(plan) | _origin(choice, context) | {"label": limits.label}
    job.save(update_fields=["state", "hold", "plan"])
    call = calls.start(hold=hold, now=now)
    return Begun(job, hold, call, plan, adapter, wish, sources, tuple(others))


def _origin(choice: Choice, context: Context) -> dict[str, Any]:
    return {
        "model": choice.model.remote_id,
        "model_id": choice.model.pk,
        "home": context.home,
        "source_type": choice.capabilities.source_type,
    }


async def _fulfil(begun: Begun, context: Context) -> list[Artifact]:
    async with pulse.of(begun.hold) as alive:
        while True:
            try:
                async with asyncio.timeout(begun.adapter.deadline_s):
                    finished = await _finished(begun)
                break
            except (ProviderFailed, TimeoutError) as error:
                failed = error if isinstance(error, ProviderFailed) else Doubtful(LATE)
                another = await in_db(_fail, begun, failed, context, now=timezone.now())
                if another is None:
                    raise failed.as_refusal() from error
                begun, alive.hold = another, another.hold
        await in_db(arrivals.write, begun.hold.pk, finished)
        made = await complete(job=begun.job, hold=begun.hold, finished=finished, now=timezone.now())
    if not made:
        raise Refusal(begun.job.refusal.get("code", "provider_bad_image"))
    return made


async def _finished(begun: Begun) -> Finished:
    pictures, mask = begun.sources
    references = await in_db(artifacts.pictures_of, pictures) if pictures else []
    masks = await in_db(artifacts.pictures_of, [mask]) if mask else []
    order = Order(begun.hold.model, begun.plan, tuple(references), mask=masks[0] if masks else None)
    async with closing(begun.adapter.make_pictures(order)) as happenings:
        async for happening in happenings:
            if isinstance(happening, Finished):
                return happening
    raise Doubtful("provider_bad_reply")


async def complete(
    *, job: ImageJob, hold: Hold, finished: Finished, now: datetime
) -> list[Artifact]:
    """Looked at, marked, then booked and listed. What came is on disk by now: this may take its
    time, and whoever comes after a crash begins here again."""
    passed = await gate.pass_made(finished.pictures)
    finished = replace(finished, pictures=passed.sound)
    await in_db(artifacts.write_aside, hold.pk, passed.unsound)
    files = await keeping.keep(job, finished.pictures, hold=hold, now=now)
    made = await in_db(
        finish, job=job, hold=hold, finished=finished, files=files, now=now, unsound=passed.unsound
    )
    await in_db(keeping.tidy, hold)
    outcome, code = ("done", "") if made else ("failed", inspection.code_of(files))
    # Last: a call without an end is how the sweeper knows that something was left lying.
    await in_db(calls.close, hold=hold, outcome=outcome, code=code, now=now)
    return made


@transaction.atomic
def finish(
    *,
    job: ImageJob,
    hold: Hold,
    finished: Finished,
    files: Sequence[artifacts.File],
    now: datetime,
    unsound: Sequence[Picture] = (),
) -> list[Artifact]:
    """Booked, listed and done, or none of it. The loser of two finishers finds the winner's.
    What is not sound was paid for all the same; where nothing else came, the job is lost."""
    number = max(finished.usage.pictures, len(finished.pictures) + len(unsound))
    usage = replace(finished.usage, pictures=number)
    tariff = pricing.Tariff(**hold.price)
    confidence = Entry.Confidence.EXACT
    if tariff.is_estimate(usage):
        confidence = Entry.Confidence.ESTIMATED
    lines = pricing.lines(usage, amount_micro=tariff.bill(usage))
    if not budgets.settle(hold=hold, lines=lines, now=now, confidence=confidence):
        return artifacts.of_job(job)
    made = artifacts.rows_for(job, finished, files)
    artifacts.set_aside(job, unsound, hold_id=hold.pk, after=len(files))
    job.state, job.ended_at = ImageJob.State.DONE, now
    if not made:
        job.state, job.refusal = ImageJob.State.REFUSED, {"code": inspection.code_of(files)}
    job.save(update_fields=["state", "ended_at", "refusal"])
    return made


def _made_before(job: ImageJob) -> list[Artifact]:
    """None: all of them were deleted since, and the key is not good for new ones."""
    made = artifacts.of_job(job)
    if not made:
        raise Refusal("gone")
    return made


@transaction.atomic
def _fail(begun: Begun, failed: ProviderFailed, context: Context, *, now: datetime) -> Begun | None:
    """The next model's attempt, if there is one to make."""
    calls.fail(call=begun.call, hold=begun.hold, failed=failed, now=now)
    if failed.lets_another_try and (another := _step_in(begun, context, now=now)):
        return another
    doubtful = isinstance(failed, Doubtful)
    job = begun.job
    job.state = ImageJob.State.UNKNOWN if doubtful else ImageJob.State.FAILED
    job.refusal, job.ended_at = {"code": failed.code}, None if doubtful else now
    job.save(update_fields=["state", "refusal", "ended_at"])
    return None


def _step_in(begun: Begun, context: Context, *, now: datetime) -> Begun | None:
    def hold(choices: Sequence[Choice]) -> Begun:
        return _hold_for(choices, begun.job, begun.wish, context, begun.sources, now=now)

    return stepping_in.next_of(begun.others, hold)


def _hash(wish: Wish, context: Context, named: artifacts.Named) -> str:
    asked = {"model": context.image_model, "home": context.home, "sources": named.told()}
    body = asdict(wish) | asked
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
