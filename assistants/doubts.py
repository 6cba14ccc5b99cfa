"""Holds that nobody knows the end of, decided by a person. The sweeper goes on asking meanwhile;
whoever comes second finds it decided."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.actor import Actor
from assistants import reconcile
from policies.models import Hold
from tale.lib.aio import in_db
from tale.lib.refusals import NotFound, Refusal

RIGHT = "manage_policies"


class Verdict(StrEnum):
    BILLED = "billed"  # in full, as presumed: an adjustment corrects it
    GIVEN_BACK = "given_back"


@transaction.atomic
def decide(*, actor: Actor, hold: Hold, verdict: Verdict, reason: str, now: datetime) -> Hold:
    said = reason.strip()
    if not said:
        raise Refusal("required", field="reason")
    mine = _in_doubt(actor, hold)
    end = reconcile.presume if verdict == Verdict.BILLED else reconcile.give_back
    if not end(mine, now=now):
        raise _decided()
    after = {"reason": said, "amount_micro": mine.amount_micro, "model": mine.model}
    audit.write(actor=actor, action=f"hold.{verdict}", target=mine, after=after)
    mine.refresh_from_db()
    return mine


async def ask(*, actor: Actor, hold: Hold, now: datetime) -> Hold:
    """What the sweeper does every few seconds, now."""
    mine = await in_db(_in_doubt, actor, hold)
    await reconcile.decide(mine, now=now)
    return await in_db(_asked, actor, mine)


def _asked(actor: Actor, hold: Hold) -> Hold:
    hold.refresh_from_db()
    audit.write(actor=actor, action="hold.asked", target=hold, after={"state": hold.state})
    return hold


def _in_doubt(actor: Actor, hold: Hold) -> Hold:
    actor.require(RIGHT)
    rows = Hold.objects.of(actor.organisation).select_related("organisation")
    mine = rows.filter(pk=hold.pk).first()
    if mine is None:
        raise NotFound
    if mine.state != Hold.State.UNKNOWN:
        raise _decided()
    return mine


def _decided() -> Refusal:
    return Refusal("gone", _("Nobody doubts it any more: it is settled, given back or under way."))
