"""How a picture begins: in one transaction, which sets aside what it will cost.

known before? ─ rules locked ─ may they? ─ which model, which plan ─ job ─ hold ─ counters ─ call
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from assistants import artifacts, calls, jobs, permission, reserving, storage
from assistants.attempts import Attempt, Tell
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from policies import access, rules
from policies.spender import Spender
from providers.models import Tag
from providers.resolve import Choice, chain, resolve
from providers.shapes import Wish
from tale.lib import again
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

TOLD = (ImageJob.State.UNKNOWN, ImageJob.State.REFUSED, ImageJob.State.PAID_NOT_STORED)
SAME_FOR = timedelta(minutes=10)
RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Begun:
    job: ImageJob
    attempts: tuple[Attempt, ...]
    wish: Wish
    sources: artifacts.Sources
    others: tuple[Choice, ...]  # who may step in
    tell: Tell | None = None


def begin(*asked: Any, **more: Any) -> Begun | list[Artifact] | None:
    """None: a model is to be asked first whether it may be drawn."""
    try:
        return _begun_once(*asked, **more)
    except IntegrityError:  # another one with the same key came in between: it is there now
        return _begun_once(*asked, **more)


@again.atomic
def _begun_once(
    wish: Wish,
    context: Context,
    named: artifacts.Named,
    *,
    idempotency_key: str,
    now: datetime,
    tell: Tell | None = None,
    has_passed: bool = False,
) -> Begun | list[Artifact] | None:
    body_hash = _hash(wish, context, named)
    # Of two who try a failed one again, one waits for the other.
    named_so = ImageJob.objects.of(context.actor.organisation).select_for_update()
    job = named_so.filter(idempotency_key=idempotency_key).first()
    if job is not None:
        if (made := _come_to(job, body_hash)) is not None:
            return made
    elif not wish.variation and (earlier := _same(context, body_hash, now=now)):
        return earlier
    else:
        job = _new_job(wish, context, named, idempotency_key, body_hash)
    sources = artifacts.sources_named(context, named)
    begun = _hold(job, wish, context, sources, has_passed=has_passed, now=now)
    return replace(begun, tell=tell) if begun else None


def _new_job(
    wish: Wish, context: Context, named: artifacts.Named, key: str, body_hash: str
) -> ImageJob:
    """Written when it is known what it will hold."""
    return ImageJob(
        organisation=context.actor.organisation,
        idempotency_key=key,
        body_hash=body_hash,
        reference=context.reference,
        owner=context.actor.user,
        team=context.team,
        surface=context.actor.surface,
        wish=asdict(wish) | {"sources": list(named.pictures), "mask": named.mask},
    )


def _come_to(job: ImageJob, body_hash: str) -> list[Artifact] | None:
    """What came of it. None: its money went back, so it may be tried again."""
    if job.body_hash != body_hash:
        raise Refusal("idempotency_key_reused")
    if job.state == ImageJob.State.DONE:
        return _made_before(job)
    if job.state == ImageJob.State.CANCELLED:
        raise jobs.stopped(job)
    if job.state in TOLD:
        raise lost(job)
    if job.state != ImageJob.State.FAILED:
        raise Refusal("request_in_progress", job=job.pk, retry_after_s=RETRY_AFTER_S)
    return None


def _same(context: Context, body_hash: str, *, now: datetime) -> list[Artifact]:
    """People ask twice by accident; a program that does has said so with a key of its own."""
    if context.actor.surface != "web" or context.actor.user is None:
        return []
    return jobs.same_before(context, body_hash, since=now - SAME_FOR)


def _hold(
    job: ImageJob,
    wish: Wish,
    context: Context,
    sources: artifacts.Sources,
    *,
    has_passed: bool,
    now: datetime,
) -> Begun | None:
    pictures, mask = sources
    tag = Tag.IMAGE_EDIT if pictures else Tag.IMAGE_GENERATION
    if pictures and wish.size == "auto":
        wish = replace(wish, size=f"{pictures[0].width}x{pictures[0].height}")
    wish = replace(wish, references=len(pictures), has_mask=mask is not None)
    spender = rules.bound(permission.spender_of(context))
    permission.to_draw(wish, context, spender).require()
    may_use = permission.models_for(spender, "image")
    organisation = context.actor.organisation
    first = resolve(organisation, tag, asked=context.image_model, permitted=may_use)
    choices = chain(first, organisation, tag, permitted=may_use)
    permission.prompt_of(wish, spender).require()
    if not has_passed and permission.models_to_ask(spender):
        return None
    _require_room(job, wish, context, spender)
    storage.require_room_for_made(context.actor)
    return hold_for(choices, job, wish, context, spender, sources, now=now)


def _require_room(job: ImageJob, wish: Wish, context: Context, spender: Spender) -> None:
    if context.most_pictures:
        drawn = jobs.drawn_for(context, but=job)
        permission.in_answer(wish, context, spender, drawn=drawn).require()


def hold_for(
    choices: Sequence[Choice],
    job: ImageJob,
    wish: Wish,
    context: Context,
    spender: Spender,
    sources: artifacts.Sources,
    *,
    now: datetime,
) -> Begun:
    choice, *others = choices
    able, limits = choice.capabilities, access.image_policy(spender)
    plan = permission.fitted(wish, able, limits)
    # The wait for a slot is part of it.
    deadline_s = permission.deadline_s(context, limits, choice.adapter.deadline_s)
    fields: dict[str, Any] = {
        "state": ImageJob.State.RUNNING,
        "hold": new_id("hold"),
        "plan": asdict(plan)
        | _origin(choice, context)
        | {"label": limits.label, "deadline_s": deadline_s},
        "progress": 0,
        "handles": {},
        "ended_at": None,
        "refusal": {},
    }
    is_new = job._state.adding
    if is_new:  # before any counter: they are locked for the shortest time
        _put(job, fields)
    holds = reserving.hold(job, choice, plan, wish, spender, first=fields["hold"], now=now)
    if not is_new:
        _put(job, fields)
    amount = sum(hold.amount_micro for _part, hold in holds)
    permission.confirmed(amount, context, limits).require()  # last: a yes is never for nothing
    made = []
    for part, hold in holds:
        adapter = choice.adapter
        adapter.deadline_s = deadline_s
        call = calls.start(hold=hold, now=now)
        made.append(Attempt(job, hold, call, part, adapter, able.cancel))
    return Begun(job, tuple(made), wish, sources, tuple(others))


def _put(job: ImageJob, fields: dict[str, Any]) -> None:
    is_new = job._state.adding
    for name, value in fields.items():
        setattr(job, name, value)
    job.save(update_fields=None if is_new else list(fields))


def _origin(choice: Choice, context: Context) -> dict[str, Any]:
    return {
        "model": choice.model.remote_id,
        "model_id": choice.model.pk,
        "home": context.home,
        "source_type": choice.capabilities.source_type,
    }


def lost(job: ImageJob) -> Refusal:
    if job.state == ImageJob.State.PAID_NOT_STORED:  # nobody is invited to pay again
        text = _(
            "The picture was paid, and there was nowhere to keep it. "
            "An administrator has been told."
        )
        return Refusal("storage_unavailable", text, job=job.pk)
    if jobs.is_interrupted(job):
        return jobs.interrupted(job)
    code = job.refusal.get("code", "provider_bad_image")
    if code != "content_policy" or job.state == ImageJob.State.FAILED:
        return Refusal(code, job=job.pk)
    text = _("It was made and stays booked, but your organisation holds back what looks like it.")
    return Refusal(code, text, job=job.pk)


def _made_before(job: ImageJob) -> list[Artifact]:
    """Where all of them were deleted since, the key is not good for new ones."""
    made = artifacts.of_job(job)
    if not made:
        raise Refusal("gone")
    return made


def _hash(wish: Wish, context: Context, named: artifacts.Named) -> str:
    asked = {"model": context.image_model, "sources": named.told()}
    body = asdict(wish) | asked
    del body["alt"]  # words about it: they change nothing of what is drawn
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
