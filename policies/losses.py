"""Paid, and nobody got a picture for it: kept in sight until somebody has decided.

    open ─ asked of its provider ─> asked
      └────────┴─ refunded, by a line of the ledger, or written off

Noted by call, in the transaction that books it. The money stays booked until it came back.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from policies import corrections
from policies.models import Call, Entry, Hold, Loss
from tale.lib import again
from tale.lib.refusals import Refusal

RIGHT = "manage_policies"
UNDECIDED = (Call.Claim.NONE, Call.Claim.ASKED)


def note(*, hold: Hold, pictures: int) -> None:
    """`pictures` were paid for and never came, or were nothing to show. 0: they came after all."""
    Call.objects.of(hold.organisation).filter(hold=hold.pk).update(lost=pictures)


def of(organisation: Organisation) -> QuerySet[Loss]:
    rows: QuerySet[Loss] = Loss.objects.of(organisation).filter(lost__gt=0)
    return rows


def lines_of(loss: Call) -> QuerySet[Entry]:
    rows: QuerySet[Entry] = Entry.objects.of(loss.organisation).filter(hold=loss.hold)
    return rows.order_by("seq")


def amount_of(lines: list[Entry], lost: int) -> int:
    """Its share of what was billed, as far as it has not come back."""
    billed = [line for line in lines if line.kind not in corrections.KINDS]
    pictures = max(sum(line.pictures for line in billed), 1)
    share = sum(line.amount_micro for line in billed) * min(lost, pictures) // pictures
    return max(min(share, sum(line.amount_micro for line in lines)), 0)


@transaction.atomic
def ask(*, actor: Actor, loss: Call, reason: str) -> None:
    """Somebody has asked the provider for the money: nobody needs to ask again."""
    _decide(actor, loss, Call.Claim.ASKED, reason, before=(Call.Claim.NONE,))


@transaction.atomic
def write_off(*, actor: Actor, loss: Call, reason: str) -> None:
    _decide(actor, loss, Call.Claim.WRITTEN_OFF, reason)


@again.atomic
def refund(*, actor: Actor, loss: Call, reason: str, now: datetime) -> Entry:
    """The money came back: booked for the pictures that are missing, and no more. Another amount
    is a correction of the entry itself."""
    _decide(actor, loss, Call.Claim.REFUNDED, reason)
    lines = list(lines_of(loss))
    amount = amount_of(lines, loss.lost)
    if not amount:
        raise Refusal("invalid_state", _("Nothing is booked for it any more."))
    return corrections.correct(
        actor=actor,
        entry=lines[0],
        kind=Entry.Kind.REFUND,
        amount_micro=-amount,
        reason=reason,
        now=now,
    )


def _decide(
    actor: Actor, loss: Call, claim: str, reason: str, *, before: tuple[str, ...] = UNDECIDED
) -> None:
    actor.require(RIGHT)
    said = reason.strip()
    if not said:
        raise Refusal("required", field="reason")
    mine = Call.objects.of(actor.organisation).filter(pk=loss.pk, lost__gt=0, claim__in=before)
    if not mine.update(claim=claim):
        raise Refusal("gone", _("Somebody has decided about it already."))
    audit.write(actor=actor, action=f"loss.{claim}", target=loss, after={"reason": said})
