"""Reserve, claim, settle: the only way money moves. The states are drawn in models/ledger.py.

No function here waits for the network; each is one short transaction. Whoever calls a provider
holds first, claims before the first byte leaves, and settles with what the provider billed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policies import periods, rules
from policies.models import BudgetRule, Entry, EntryHead, Hold, Window
from policies.models.ledger import Spend
from policies.spender import Quote, Spender
from tale.lib import money
from tale.lib.refusals import Refusal

UNCLAIMED = timedelta(minutes=15)  # a hold nobody claims is given back

SCOPE_TEXT: dict[str, Promise] = {
    "user": _("your own budget"),
    "key": _("the budget of this API key"),
    "assistant": _("the budget of this assistant"),
    "team": _("the budget of your team"),
    "organisation": _("the budget of your organisation"),
}


class BudgetExceeded(Refusal):
    code = "budget_exceeded"

    def __init__(
        self, *, rule: BudgetRule, window: Window, asked: int, held: Hold, now: datetime
    ) -> None:
        self.refused = held  # never saved: what would have been held
        left = max(rule.limit - window.used, 0)
        in_pictures = rule.measure == BudgetRule.Measure.PICTURES
        currency = rule.organisation.currency
        shown = str if in_pictures else lambda micro: money.show(micro, currency)
        wait_s = int((window.ends_at - now).total_seconds()) if window.ends_at else 0
        super().__init__(
            message=_("This needs %(asked)s, and %(scope)s has %(left)s of %(limit)s left.")
            % {
                "asked": shown(asked),
                "scope": SCOPE_TEXT[rule.scope],
                "left": shown(left),
                "limit": shown(rule.limit),
            },
            retry_after_s=max(wait_s, 0),
            scope=rule.scope,
            period=rule.period,
            measure=rule.measure,
            used=window.used,
            limit=rule.limit,
            asked=asked,
            currency="" if in_pictures else currency,
            resets_at=window.ends_at.isoformat() if window.ends_at else None,
            smaller_fits=left > 0,
        )


class HoldExists(Exception):
    """The same key was used before; `hold` is what came of it."""

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        super().__init__(hold.pk)


@transaction.atomic
def hold(
    *,
    spender: Spender,
    quote: Quote,
    reference: str,
    idempotency_key: str,
    now: datetime,
    sent_for: timedelta | None = None,
) -> Hold:
    """Sets the money aside under every rule that meets it, or under none. `sent_for` is for a
    caller that sends right away: the hold is born claimed."""
    rules.lock(spender.organisation)
    earlier = Hold.objects.of(spender.organisation).filter(idempotency_key=idempotency_key).first()
    if earlier is not None:
        raise HoldExists(earlier)
    held = drafted(spender, quote)
    held.reference, held.idempotency_key = reference, idempotency_key
    held.held_at, held.expires_at = now, now + UNCLAIMED
    if sent_for is not None:
        held.state, held.attempt, held.sent_at = Hold.State.SENT, 1, now
        held.lease_until = now + sent_for
    met = rules.meeting(held, spender.organisation)
    held.windows = [
        _reserve(rule, window, held, now=now) for rule, window in _windows(met, held, now=now)
    ]
    held.save(force_insert=True)
    return held


def drafted(spender: Spender, quote: Quote) -> Hold:
    """What would be held, for whom: enough to know which rules it meets."""
    return Hold(
        **asdict(quote),
        organisation=spender.organisation,
        user=spender.user,
        key=spender.key,
        assistant=spender.assistant,
        team=spender.team,
        surface=spender.surface,
    )


def claim(*, hold: Hold, lease: timedelta, now: datetime) -> bool:
    """False: another worker sends it, or it was given back. Then nothing may be sent."""
    waiting = Hold.objects.of(hold.organisation).filter(pk=hold.pk, state=Hold.State.RESERVED)
    return bool(
        waiting.update(
            state=Hold.State.SENT, attempt=F("attempt") + 1, sent_at=now, lease_until=now + lease
        )
    )


def renew(*, hold: Hold, lease: timedelta, now: datetime) -> bool:
    """Its caller lives."""
    sent = Hold.objects.of(hold.organisation).filter(pk=hold.pk, state=Hold.State.SENT)
    return bool(sent.update(lease_until=now + lease))


@transaction.atomic
def settle(
    *,
    hold: Hold,
    lines: list[dict[str, Any]],
    now: datetime,
    kind: str = Entry.Kind.USE,
    confidence: str = Entry.Confidence.EXACT,
) -> bool:
    """Books what was billed, one entry a line (`amount_micro`, `pictures`, tokens, request id).
    False: it was settled or released before, and no money moved."""
    rules.lock(hold.organisation)
    if not _end(hold, Hold.State.SETTLED, (Hold.State.SENT, Hold.State.UNKNOWN), now=now):
        return False
    amount = sum(line["amount_micro"] for line in lines)
    pictures = sum(line.get("pictures", 0) for line in lines)
    _move(hold, settled_micro=amount, settled_pictures=pictures)
    _append(hold, lines, kind=kind, confidence=confidence, now=now)
    return True


@transaction.atomic
def release(*, hold: Hold, now: datetime, from_states: tuple[str, ...] = ("reserved",)) -> bool:
    """Gives the money back. From SENT only when the provider certainly did not bill."""
    rules.lock(hold.organisation)
    if not _end(hold, Hold.State.RELEASED, from_states, now=now):
        return False
    _move(hold, settled_micro=0, settled_pictures=0)
    return True


def doubt(*, hold: Hold) -> bool:
    """Nobody knows whether it was billed: the money stays set aside until someone does."""
    sent = Hold.objects.of(hold.organisation).filter(pk=hold.pk, state=Hold.State.SENT)
    return bool(sent.update(state=Hold.State.UNKNOWN))


def doubt_the_dead(*, now: datetime, most: int) -> None:
    """Looked at again under the lock of the row: one that was renewed meanwhile lives."""
    dead = Hold.unscoped.filter(state=Hold.State.SENT, lease_until__lt=now)
    some = list(dead.order_by("lease_until").values_list("pk", flat=True)[:most])
    dead.filter(pk__in=some).update(state=Hold.State.UNKNOWN)


def look_into(*, hold: Hold, lease: timedelta, now: datetime) -> bool:
    """False: another sweeper looks into it, or it is decided."""
    unseen = Hold.objects.of(hold.organisation).filter(
        pk=hold.pk, state=Hold.State.UNKNOWN, lease_until__lt=now
    )
    return bool(unseen.update(lease_until=now + lease))


def _windows(
    met: list[BudgetRule], held: Hold, *, now: datetime
) -> list[tuple[BudgetRule, Window]]:
    """The counter of each rule, made when nobody has needed it before."""
    zone = held.organisation.time_zone
    needed = []
    for rule in met:
        starts_at, ends_at = periods.bounds(rule.period, zone=zone, now=now)
        subject = rules.subject_of(rule, held)
        needed.append(
            Window(
                organisation=held.organisation,
                rule=rule,
                subject=subject,
                starts_at=starts_at,
                ends_at=ends_at,
            )
        )
    found = _existing(needed, held)
    if missing := [window for window in needed if _place(window) not in found]:
        Window.objects.bulk_create(missing, ignore_conflicts=True)
        found = _existing(needed, held)
    return [(window.rule, found[_place(window)]) for window in needed]


def _existing(needed: list[Window], held: Hold) -> dict[tuple[str, str, datetime], Window]:
    """Without their counts: those are compared where they are changed."""
    if not needed:
        return {}
    rows = Window.objects.of(held.organisation).filter(
        rule__in={window.rule_id for window in needed},
        subject__in={window.subject for window in needed},
        starts_at__in={window.starts_at for window in needed},
    )
    return {_place(window): window for window in rows}


def _place(window: Window) -> tuple[str, str, datetime]:
    return window.rule_id, window.subject, window.starts_at


def _reserve(rule: BudgetRule, window: Window, held: Hold, *, now: datetime) -> int:
    counter = Window.objects.of(held.organisation).filter(pk=window.pk)
    asked = rules.weight(rule, amount_micro=held.amount_micro, pictures=held.pictures)
    room = counter
    if rule.action == BudgetRule.Action.BLOCK:
        room = counter.filter(settled__lte=rule.limit - asked - F("reserved"))
    if not room.update(reserved=F("reserved") + asked):
        raise BudgetExceeded(rule=rule, window=counter.get(), asked=asked, held=held, now=now)
    return window.pk


def _end(hold: Hold, state: str, from_states: tuple[str, ...], *, now: datetime) -> bool:
    movable = Hold.objects.of(hold.organisation).filter(pk=hold.pk, state__in=from_states)
    return bool(movable.update(state=state, ended_at=now))


def _move(hold: Hold, *, settled_micro: int, settled_pictures: int) -> None:
    """From reserved to settled in every window the hold was taken in, in the order it took them.
    The list is read after the rules are locked: a rule saved meanwhile has joined it."""
    taken = Hold.objects.of(hold.organisation).values_list("windows", flat=True).get(pk=hold.pk)
    windows = {
        window.pk: window
        for window in Window.objects.of(hold.organisation)
        .filter(pk__in=taken)
        .select_related("rule")
    }
    in_order = sorted(
        windows.values(),
        key=lambda row: (rules.ORDER[row.rule.scope], row.rule.period, row.rule_id),
    )
    for window in in_order:
        held = rules.weight(window.rule, amount_micro=hold.amount_micro, pictures=hold.pictures)
        real = rules.weight(window.rule, amount_micro=settled_micro, pictures=settled_pictures)
        Window.objects.of(hold.organisation).filter(pk=window.pk).update(
            reserved=F("reserved") - held, settled=F("settled") + real
        )


def _append(
    hold: Hold, lines: list[dict[str, Any]], *, kind: str, confidence: str, now: datetime
) -> None:
    chain = hold.organisation_id
    head = EntryHead.lock(chain)
    shared = {field.name: getattr(hold, field.name) for field in Spend._meta.local_fields}
    for ordinal, line in enumerate(lines):
        entry = Entry(
            **shared,
            **line,
            chain=chain,
            seq=head.seq + 1,
            hold=hold.pk,
            reference=hold.reference,
            ordinal=ordinal,
            kind=kind,
            confidence=confidence,
            held_at=hold.held_at,
            at=now,
            prev_hash=head.hash,
        )
        entry.hash = hash_of(entry)
        entry.save(force_insert=True)
        head.move_to(entry.seq, entry.hash)


def hash_of(entry: Entry) -> str:
    fields = (field for field in Entry._meta.concrete_fields if field.name not in ("id", "hash"))
    plain = {field.name: field.value_to_string(entry) for field in fields}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
