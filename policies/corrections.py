"""A booked line is never changed: what was wrong is put right by another line."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Sum
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.actor import Actor
from policies import ledger, rules
from policies.models import Entry
from tale.lib import again, money
from tale.lib.refusals import Refusal, filled

KINDS = (Entry.Kind.ADJUSTMENT, Entry.Kind.REFUND)
LONGEST_REASON = 200


@again.atomic
def correct(
    *, actor: Actor, entry: Entry, kind: str, amount_micro: int, reason: str, now: datetime
) -> Entry:
    """A refund is money that came back, so it is below zero; an adjustment is either. All lines of
    one hold never come to less than nothing."""
    actor.require("manage_policies")
    if not reason.strip():
        raise Refusal("blank", field="reason")
    if kind not in KINDS:
        raise Refusal("invalid_choice", field="kind", choices=list(KINDS))
    if amount_micro == 0:
        raise Refusal("out_of_range", _("Write an amount that is not 0."), field="amount")
    if kind == Entry.Kind.REFUND and amount_micro > 0:
        raise Refusal("out_of_range", _("Money that came back is below 0."), field="amount")
    rules.lock(actor.organisation)
    head = ledger.head_of(actor.organisation)  # one correction after the other
    lines = Entry.objects.of(actor.organisation).filter(hold=entry.hold)
    booked = lines.aggregate(sum=Sum("amount_micro"))["sum"] or 0
    if booked + amount_micro < 0:
        text = _("No more than %(booked)s was booked. Write that, or less.")
        words = {"booked": money.show(booked, entry.currency)}
        raise Refusal("out_of_range", filled(text, words), field="amount")
    last = lines.filter(kind=kind).aggregate(last=Max("ordinal"))["last"]
    line = ledger.add(
        entry,
        actor.organisation,
        head,
        now=now,
        kind=kind,
        confidence=Entry.Confidence.EXACT,
        ordinal=0 if last is None else last + 1,
        amount_micro=amount_micro,
    )
    audit.write(
        actor=actor,
        action="entry.corrected",
        target=entry,
        after={
            "kind": kind,
            "amount_micro": amount_micro,
            "reason": reason.strip()[:LONGEST_REASON],
            "entry": line.seq,
        },
    )
    return line
