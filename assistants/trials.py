"""A test picture: an administrator tries a model. It goes through the same gate as everybody's, is
paid like everybody's, and goes away by itself after a week."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from celery import signature
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation

from accounts.actor import Actor
from accounts.models import Membership
from assistants import deletion, explain, images
from assistants.context import Context
from assistants.models import Artifact, Trial
from providers.models import Model
from providers.shapes import Wish
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

RIGHT = "manage_providers"
LONGEST = 2000
LEASE = timedelta(minutes=2)  # a second worker joins the first one's picture: nothing is paid twice
FORGOTTEN = timedelta(seconds=10)
KEPT = timedelta(days=7)
State = Trial.State


def estimate(*, actor: Actor, model: Model, wish: Wish, now: datetime) -> explain.Explanation:
    """What it would cost, or why not. Nothing is set aside."""
    actor.require(RIGHT)
    context = _context(actor, model, reference="trial")
    return explain.picture(wish=wish, context=context, now=now, is_said=bool(wish.prompt.strip()))


@transaction.atomic
def start(
    *, actor: Actor, model: Model, wish: Wish, token: str, now: datetime, seen_micro: int = 0
) -> Trial:
    """The same token is the same trial, however often the button is pressed. Pressing it says yes
    to the price that was seen beside it."""
    actor.require(RIGHT)
    said = wish.prompt.strip()
    if not said:
        raise Refusal("blank", field="prompt")
    if len(said) > LONGEST:
        raise Refusal("too_long", field="prompt", most=LONGEST)
    _require_yes(actor, model, wish, seen_micro, now=now)
    trial, is_new = Trial.objects.get_or_create(
        organisation=actor.organisation,
        token=token,
        defaults={
            "by": actor.user,
            "model": model,
            "prompt": said,
            "size": wish.size,
            "quality": wish.quality,
            "confirmed_micro": seen_micro,
            "created_at": now,
        },
    )
    if is_new:
        transaction.on_commit(lambda: announce(trial.pk))
    return trial


def _require_yes(actor: Actor, model: Model, wish: Wish, seen_micro: int, *, now: datetime) -> None:
    """Now, while the one who can say it is there; all other reasons are told with the trial."""
    context = replace(_context(actor, model, reference="trial"), confirmed_micro=seen_micro)
    no = explain.picture(wish=wish, context=context, now=now).refusal
    if no is not None and no.code == "confirmation_required":
        raise no


def announce(trial_id: str) -> None:
    """By name: the task stands above this module."""
    signature("assistants.tasks.draw_trial").delay(trial_id=trial_id)


async def draw(trial_id: str) -> None:
    trial = await in_db(_claim, trial_id, now=timezone.now())
    if trial is None:
        return
    actor = await in_db(_actor_of, trial)
    with translation.override(actor.user.language if actor.user else None):
        try:
            made = await images.generate(
                wish=Wish(trial.prompt, size=trial.size, quality=trial.quality),
                context=replace(
                    _context(actor, trial.model, reference=f"{deletion.TRIAL}{trial.pk}"),
                    confirmed_micro=trial.confirmed_micro,
                ),
                idempotency_key=trial.pk,
                join=True,
            )
            await in_db(_end, trial, State.DONE, now=timezone.now(), made=made)
        except Refusal as refusal:
            told = {"code": refusal.code, "message": str(refusal)}
            await in_db(_end, trial, State.REFUSED, now=timezone.now(), refusal=told)


def sweep(*, now: datetime) -> int:
    """A lost message, a dead worker; and what nobody looks at any more goes with its words."""
    Trial.unscoped.filter(ended_at__lt=now - KEPT).delete()
    forgotten = Q(state=State.QUEUED, created_at__lt=now - FORGOTTEN)
    dead = Q(state=State.WORKING, lease_until__lt=now)
    waiting = list(Trial.unscoped.filter(forgotten | dead).values_list("pk", flat=True)[:100])
    for pk in waiting:
        announce(pk)
    return len(waiting)


def _claim(trial_id: str, *, now: datetime) -> Trial | None:
    free = Q(state=State.QUEUED) | Q(state=State.WORKING, lease_until__lt=now)
    mine = Trial.unscoped.filter(free, pk=trial_id)
    if not mine.update(state=State.WORKING, lease_until=now + LEASE):
        return None
    return Trial.unscoped.select_related("organisation", "by", "model__provider").get(pk=trial_id)


def _actor_of(trial: Trial) -> Actor:
    here = Membership.objects.of(trial.organisation).filter(user=trial.by, deactivated_at=None)
    membership = here.select_related("user", "primary_team").first() if trial.by else None
    return Actor(trial.organisation, trial.by, membership, surface="admin")


def _context(actor: Actor, model: Model, *, reference: str) -> Context:
    return Context(
        actor=actor,
        reference=reference,
        team=actor.membership.primary_team if actor.membership else None,
        image_model=model.pk,
    )


@transaction.atomic
def _end(
    trial: Trial,
    state: str,
    *,
    now: datetime,
    made: list[Artifact] | None = None,
    refusal: dict[str, Any] | None = None,
) -> None:
    job = made[0].job if made else None
    ours = Trial.objects.of(trial.organisation).filter(pk=trial.pk, state=State.WORKING)
    if not ours.update(state=state, job=job, refusal=refusal or {}, ended_at=now):
        return
    ids = [each.pk for each in made or ()]
    pictures = Artifact.objects.of(trial.organisation).filter(pk__in=ids)
    pictures.update(retention=Artifact.Retention.TEMPORARY, expires_at=now + KEPT)
