"""A wish's life in its row: who sees it, who stops it, and when it is over.

A job has one call, or several where a model draws one picture at a time, each with a hold of its
own. Whoever ends a hold asks `conclude`, with the row locked: the last one ends the job.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.actor import Actor
from accounts.tenancy import TenantQuerySet
from assistants import artifacts
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from policies import budgets
from policies.models import Call, Entry, Hold
from tale.lib import again, money
from tale.lib.refusals import NotFound, Refusal

State = ImageJob.State
NOT_STORED = "storage_unavailable"  # of a call that was paid
ON_THE_WAY = (Hold.State.RESERVED, Hold.State.SENT)


def jobs_of(actor: Actor) -> TenantQuerySet[ImageJob]:
    """One's own; a key of the organisation has those made with it; who governs the chats, all."""
    actor.require("use_workspace")
    everyones = ImageJob.objects.of(actor.organisation)
    if actor.may("manage_chats"):
        return everyones
    if actor.user is None:
        made = Hold.objects.of(actor.organisation).filter(key=actor.key.pk if actor.key else "")
        return everyones.filter(owner=None, hold__in=made.values("pk"))
    return everyones.filter(owner=actor.user)


def job_for(actor: Actor, job_id: str) -> ImageJob:
    job = jobs_of(actor).filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def reference_of(job: ImageJob) -> str:
    return f"imagejob:{job.pk}"


def of_hold(hold: Hold) -> ImageJob | None:
    named, _colon, pk = hold.reference.partition(":")
    if named != "imagejob":
        return None
    return ImageJob.objects.of(hold.organisation).filter(pk=pk).first()


def holds_of(job: ImageJob) -> TenantQuerySet[Hold]:
    holds: TenantQuerySet[Hold] = Hold.objects.filter(organisation=job.organisation_id)
    return holds.filter(reference=reference_of(job))


def locked(job: ImageJob) -> ImageJob:
    """As it is now, until the transaction ends. Always taken before any window."""
    row = ImageJob.objects.filter(organisation=job.organisation_id, pk=job.pk)
    return row.select_for_update().get()


def locked_of(pictures: Sequence[Artifact]) -> list[ImageJob]:
    """Those that made them, in the one order in which several are locked."""
    ids = {picture.job_id for picture in pictures if picture.job_id}
    if not ids:
        return []
    rows = ImageJob.objects.filter(organisation=pictures[0].organisation_id, pk__in=ids)
    return list(rows.select_for_update().order_by("pk"))


@again.atomic
def cancel(*, job: ImageJob, actor: Actor, now: datetime) -> ImageJob:
    """What is not sent goes back at once. What is sent is stopped by the process that sent it,
    where its provider can; what is billed all the same stays booked, and what still comes is kept.
    A job that is over stays as it is."""
    job = locked(job)
    if job.state not in ImageJob.OPEN:
        return job
    job.state, job.ended_at, job.refusal = State.CANCELLED, now, {"code": "cancelled"}
    job.save(update_fields=["state", "ended_at", "refusal"])
    for hold in holds_of(job).filter(state=Hold.State.RESERVED).select_related("organisation"):
        budgets.release(hold=hold, now=now)
    audit.write(actor=actor, action="picture.stopped", target=job)
    return job


def states_of(job: ImageJob) -> list[str]:
    """Of each of its holds."""
    return list(holds_of(job).values_list("state", flat=True))


def conclude(
    job: ImageJob,
    *,
    now: datetime,
    code: str = "",
    states: Sequence[str] | None = None,
    is_shown: bool = False,
    is_swept: bool = False,
) -> None:
    """`job` is locked. What was stopped stays stopped, whatever became of its calls. What the
    caller knows is not asked again: `states` of its holds, and that something `is_shown`. What
    `is_swept` while it runs has lost the process that ran it."""
    states = states_of(job) if states is None else states
    if job.state not in ImageJob.OPEN or set(states).intersection(ON_THE_WAY):
        return
    has_died = is_swept and (job.state == State.RUNNING or is_interrupted(job))
    if is_shown or job.artifacts.filter(job=job, state=Artifact.State.READY).exists():
        job.state = State.DONE
    elif Hold.State.UNKNOWN in states:
        job.state = State.UNKNOWN
    elif _had_no_room(job):
        job.state, code = State.PAID_NOT_STORED, NOT_STORED
    else:
        job.state = State.REFUSED if Hold.State.SETTLED in states else State.FAILED
    job.ended_at = None if job.state == State.UNKNOWN else now
    why = {"code": code or "provider_timeout"} | ({"interrupted": True} if has_died else {})
    job.refusal = {} if job.state == State.DONE else why
    job.save(update_fields=["state", "ended_at", "refusal"])


def is_interrupted(job: ImageJob) -> bool:
    return bool(job.refusal.get("interrupted"))


def _had_no_room(job: ImageJob) -> bool:
    """Paid, for one of its calls at least, and there was nowhere to keep it."""
    holds = holds_of(job).values("pk")
    lost = Call.objects.filter(organisation=job.organisation_id, hold__in=holds, lost__gt=0)
    return lost.filter(code=NOT_STORED).exists()


def stopped_of(job_ids: Sequence[str]) -> list[str]:
    """Asked by the process that draws them."""
    mine = ImageJob.unscoped.filter(pk__in=job_ids, state=State.CANCELLED)
    return list(mine.values_list("pk", flat=True))


@transaction.atomic
def keep_handle(job: ImageJob, hold: Hold, handle: dict[str, Any]) -> None:
    row = locked(job)
    row.handles[hold.pk] = handle
    row.save(update_fields=["handles"])


def note_progress(job: ImageJob, fraction: float) -> None:
    mine = ImageJob.objects.filter(organisation=job.organisation_id, pk=job.pk)
    mine.update(progress=fraction)


def same_before(context: Context, body_hash: str, *, since: datetime) -> list[Artifact]:
    """What the same person was given for the very same wish a moment ago, in whichever chat: the
    first of it that is all still there and may be shown."""
    mine = ImageJob.objects.of(context.actor.organisation).filter(
        owner=context.actor.user, body_hash=body_hash, created_at__gte=since, state=State.DONE
    )
    deleted = (Artifact.State.DELETING, Artifact.State.DELETED)
    missing = Artifact.objects.filter(job=OuterRef("pk"), state__in=deleted)
    for job in mine.exclude(Exists(missing)).order_by("created_at"):
        made = artifacts.of_job(job)
        if made and context.shows(made):
            return made
    return []


def drawn_for(context: Context, *, but: ImageJob) -> int:
    """How many pictures what this belongs to has asked for, and may get or has got."""
    others = ImageJob.objects.of(context.actor.organisation).filter(reference=context.reference)
    counted = others.filter(Q(state__in=ImageJob.OPEN) | Q(state=State.DONE)).exclude(pk=but.pk)
    return sum(wish["n"] for wish in counted.values_list("wish", flat=True))


def pictures_of(job: ImageJob) -> list[Artifact]:
    """What came of it and may be seen, too late or not."""
    seen = job.artifacts.filter(job=job, state__in=(Artifact.State.READY, Artifact.State.LATE))
    return list(seen.order_by("ordinal"))


def billed(job: ImageJob) -> dict[str, Any]:
    """In micro-units and pictures, as the ledger has it; `held` is what nobody knows of yet."""
    holds = list(holds_of(job))
    entries = Entry.objects.filter(chain=job.organisation_id, hold__in=[hold.pk for hold in holds])
    booked = entries.aggregate(amount=Sum("amount_micro"), pictures=Sum("pictures"))
    return {
        "amount_micro": booked["amount"] or 0,
        "pictures": booked["pictures"] or 0,
        "held_micro": sum(hold.amount_micro for hold in holds if hold.state in Hold.OPEN),
    }


def stopped(job: ImageJob) -> Refusal:
    """Says what it cost, or may cost yet."""
    spent, currency = billed(job), job.organisation.currency
    came = job.artifacts.filter(job=job, state=Artifact.State.LATE).count()
    if spent["amount_micro"] and came:
        text = ngettext(
            "Stopped, but it came all the same: %(amount)s was billed. It is kept, not delivered.",
            "Stopped, but %(n)d pictures came all the same: %(amount)s was billed. They are kept, "
            "not delivered.",
            came,
        )
        text %= {"amount": money.show(spent["amount_micro"], currency), "n": came}
    elif spent["amount_micro"]:
        text = _("Stopped. %(amount)s had been billed already, and stays booked.")
        text %= {"amount": money.show(spent["amount_micro"], currency)}
    elif spent["held_micro"]:
        text = _("Stopped, but it had been sent already: up to %(amount)s may still be billed.")
        text %= {"amount": money.show(spent["held_micro"], currency)}
    else:
        text = _("Stopped. Nothing was billed.")
    return Refusal("cancelled", text, job=job.pk, **spent)


def interrupted(job: ImageJob) -> Refusal:
    """It was not the provider's fault, so it is not said to be."""
    spent, currency = billed(job), job.organisation.currency
    if job.state == State.FAILED:
        text = _(
            "The work was interrupted here before a picture came. Nothing was billed. "
            "Ask again, with the same key if you sent one."
        )
    elif job.state == State.UNKNOWN:
        text = _(
            "The work was interrupted here before a picture came. "
            "Up to %(amount)s may still be billed; it is being checked."
        )
        text %= {"amount": money.show(spent["held_micro"], currency)}
    else:
        text = _(
            "The work was interrupted here before a picture came. "
            "%(amount)s was billed, and stays booked."
        )
        text %= {"amount": money.show(spent["amount_micro"], currency)}
    return Refusal(job.refusal["code"], text, job=job.pk, **spent)
