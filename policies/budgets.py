"""Reserve, claim, settle: the only way money moves. The states are drawn in models/ledger.py.

No function here waits for the network; each is one short transaction. Whoever calls a provider
holds first, claims before the first byte leaves, and settles with what the provider billed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Exists, F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from policies import counters, ledger, periods, rules, tightest
from policies.counters import Move, Place, Step
from policies.models import BudgetRule, Entry, Hold, Window
from policies.spender import Book, Quote, Spender
from tale.lib import again, clock, money
from tale.lib.refusals import Refusal, filled

UNCLAIMED = timedelta(minutes=15)  # a hold nobody claims is given back

SCOPE_TEXT: dict[str, Promise] = {
    "user": _("your own budget"),
    "key": _("the budget of this API key"),
    "assistant": _("the budget of this assistant"),
    "team": _("the budget of your team"),
    "organisation": _("the budget of your organisation"),
}
SHARE_TEXT: dict[str, Promise] = {
    "team": _("your share of the budget of your team"),
    "organisation": _("your share of the budget of your organisation"),
}


class BudgetExceeded(Refusal):
    code = "budget_exceeded"

    def __init__(
        self, *, rule: BudgetRule, window: Window, asked: int, held: Hold, now: datetime
    ) -> None:
        self.refused = held  # never saved: what would have been held
        left = max(rule.limit - window.used, 0)
        one = -(-asked // held.pictures) if held.pictures else 1
        in_pictures = rule.measure == BudgetRule.Measure.PICTURES
        currency = held.organisation.currency
        amount = partial(
            money.show_later, currency=currency, beside=(asked, left, window.used, rule.limit)
        )
        whose = SHARE_TEXT if rule.is_per_member else SCOPE_TEXT
        shown = money.pictures_later if in_pictures else amount
        wait_s = int((window.ends_at - now).total_seconds()) if window.ends_at else 0
        super().__init__(
            message=filled(
                _("This needs %(asked)s, and %(scope)s has %(left)s of %(limit)s left."),
                {
                    "asked": shown(asked),
                    "scope": whose[rule.scope],
                    "left": shown(left),
                    "limit": rule.limit if in_pictures else shown(rule.limit),
                },
            ),
            retry_after_s=max(wait_s, 0),
            scope=rule.scope,
            is_per_member=rule.is_per_member,
            period=rule.period,
            measure=rule.measure,
            used=window.used,
            limit=rule.limit,
            asked=asked,
            currency="" if in_pictures else currency,
            resets_at=window.ends_at.isoformat() if window.ends_at else None,
            smaller_fits=held.pictures != 1 and left >= one,
        )


class HoldExists(Exception):
    """The same key was used before; `hold` is what came of it."""

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        super().__init__(hold.pk)


def hold(
    *,
    spender: Spender,
    quote: Quote,
    reference: str,
    idempotency_key: str,
    now: datetime,
    sent_for: timedelta | None = None,
    unclaimed_for: timedelta = UNCLAIMED,
    hold_id: str = "",
) -> Hold:
    """Sets the money aside under every rule that meets it, or under none. `sent_for` is for a
    caller that sends right away: the hold is born claimed. `unclaimed_for`: then it goes back,
    unless its caller renews it. `hold_id`: the id it is to have."""
    held = drafted(spender, quote)
    held.pk = hold_id or held.pk
    held.reference, held.idempotency_key = reference, idempotency_key
    try:
        _set_aside(held, spender.book, sent_for, unclaimed_for, now=now)
    except IntegrityError:
        named = Hold.objects.of(spender.organisation).filter(idempotency_key=idempotency_key)
        if earlier := named.first():
            raise HoldExists(earlier) from None
        raise
    return held


@again.atomic
def _set_aside(
    held: Hold,
    book: Book | None,
    sent_for: timedelta | None,
    unclaimed_for: timedelta,
    *,
    now: datetime,
) -> None:
    """The counters come last: what everyone waits for is locked for one statement."""
    organisation = held.organisation
    edition, zone, status = book or rules.lock(organisation)
    if status != Organisation.Status.ACTIVE:
        raise Refusal("organization_suspended")
    now = clock.corrected(now)
    held.held_at, held.expires_at = now, now + unclaimed_for
    if sent_for is not None:
        held.state, held.attempt, held.sent_at = Hold.State.SENT, 1, now
        held.lease_until = now + sent_for
    met = rules.meeting(held, rules.in_force(organisation, edition))
    places = [_place(rule, held, zone=zone, now=now) for rule in met]
    held.windows = counters.at(places, organisation=organisation, edition=edition)
    held.save(force_insert=True)
    steps = [_step(rule, pk, held) for rule, pk in zip(met, held.windows, strict=True)]
    taken = counters.reserve(steps, organisation=organisation)
    if taken < len(steps):
        refusing = _refusing(met, steps, taken, organisation)
        raise BudgetExceeded(**tightest.of(refusing)._asdict(), held=held, now=now)


def _refusing(
    met: list[BudgetRule], steps: list[Step], taken: int, organisation: Organisation
) -> Iterator[tightest.No]:
    """The one that is full, and of those that were not asked any more whoever would be, too."""
    for rule, step in list(zip(met, steps, strict=True))[taken:]:
        window = counters.read(step.window, organisation=organisation)
        is_full = step.limit is not None and window.used + step.asked > step.limit
        if is_full or step is steps[taken]:
            yield tightest.No(rule, window, step.asked)


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


def claim(*, hold: Hold, lease: timedelta, now: datetime, is_again: bool = False) -> bool:
    """False: another worker sends it, or it was given back, or is about to be, or its organisation
    was suspended. Then nothing may be sent. `is_again`: the last attempt is certainly not billed,
    and this is the next."""
    now = clock.corrected(now)
    waits_in = Hold.State.SENT if is_again else Hold.State.RESERVED
    active = Organisation.objects.filter(pk=hold.organisation.pk, status=Organisation.Status.ACTIVE)
    waiting = Hold.objects.of(hold.organisation).filter(
        Exists(active), pk=hold.pk, state=waits_in, expires_at__gte=now
    )
    return bool(
        waiting.update(
            state=Hold.State.SENT, attempt=F("attempt") + 1, sent_at=now, lease_until=now + lease
        )
    )


def renew(*, hold: Hold, lease: timedelta, now: datetime) -> bool:
    """Its caller lives."""
    alive = Hold.objects.of(hold.organisation).filter(
        pk=hold.pk, state__in=(Hold.State.RESERVED, Hold.State.SENT)
    )
    until = clock.corrected(now) + lease
    return bool(alive.update(lease_until=until, expires_at=until))


@again.joining
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
    edition = rules.lock(hold.organisation).edition
    now = clock.corrected(now)
    windows = _end(hold, Hold.State.SETTLED, (Hold.State.SENT, Hold.State.UNKNOWN), now=now)
    if windows is None:
        return False
    amount = sum(line["amount_micro"] for line in lines)
    pictures = sum(line.get("pictures", 0) for line in lines)
    head = ledger.head_of(hold.organisation)  # before any window, as whoever adds a line later
    _move(hold, windows, edition, settled_micro=amount, settled_pictures=pictures)
    ledger.book(hold=hold, lines=lines, head=head, kind=kind, confidence=confidence, now=now)
    return True


@again.atomic
def release(*, hold: Hold, now: datetime, from_states: tuple[str, ...] = ("reserved",)) -> bool:
    """Gives the money back. From SENT only when the provider certainly did not bill."""
    edition = rules.lock(hold.organisation).edition
    now = clock.corrected(now)
    windows = _end(hold, Hold.State.RELEASED, from_states, now=now)
    if windows is None:
        return False
    _move(hold, windows, edition, settled_micro=0, settled_pictures=0)
    return True


def doubt(*, hold: Hold) -> bool:
    """Nobody knows whether it was billed: the money stays set aside until someone does."""
    sent = Hold.objects.of(hold.organisation).filter(pk=hold.pk, state=Hold.State.SENT)
    return bool(sent.update(state=Hold.State.UNKNOWN))


@again.atomic
def doubt_the_dead(*, now: datetime, most: int) -> None:
    """Looked at again under the locks of the rows, which are taken in one order: one that was
    renewed meanwhile lives, and whoever has one of them just now sees to it."""
    dead = Hold.unscoped.filter(state=Hold.State.SENT, lease_until__lt=now)
    some = list(dead.order_by("lease_until").values_list("pk", flat=True)[:most])
    rows = dead.filter(pk__in=some).order_by("pk").select_for_update(skip_locked=True)
    mine = list(rows.values_list("pk", flat=True))
    dead.filter(pk__in=mine).update(state=Hold.State.UNKNOWN)


def look_into(*, hold: Hold, lease: timedelta, now: datetime) -> bool:
    """False: another sweeper looks into it, or it is decided."""
    unseen = Hold.objects.of(hold.organisation).filter(
        pk=hold.pk, state=Hold.State.UNKNOWN, lease_until__lt=now
    )
    return bool(unseen.update(lease_until=now + lease))


def _place(rule: BudgetRule, held: Hold, *, zone: str, now: datetime) -> Place:
    return Place(
        rule.pk, rules.subject_of(rule, held), *periods.bounds(rule.period, zone=zone, now=now)
    )


def _step(rule: BudgetRule, window: int, held: Hold) -> Step:
    asked = rules.weight(rule, amount_micro=held.amount_micro, pictures=held.pictures)
    return Step(window, asked, rule.limit if rule.action == BudgetRule.Action.BLOCK else None)


def _end(
    hold: Hold, state: str, from_states: tuple[str, ...], *, now: datetime
) -> list[int] | None:
    """The windows it was taken in, in that order; None: it had ended before. They are read after
    the rules are locked: a rule saved meanwhile has joined them."""
    if connection.vendor == "postgresql":
        return _ended(hold, state, from_states, now=now)
    mine = Hold.objects.of(hold.organisation).filter(pk=hold.pk)
    if not mine.filter(state__in=from_states).update(state=state, ended_at=now):
        return None
    return mine.values_list("windows", flat=True).get()


def _ended(
    hold: Hold, state: str, from_states: tuple[str, ...], *, now: datetime
) -> list[int] | None:
    """Changed and read in one statement."""
    sql = (
        "UPDATE policies_hold SET state = %s, ended_at = %s"
        " WHERE organisation_id = %s AND id = %s AND state = ANY(%s) RETURNING windows"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [state, now, hold.organisation.pk, hold.pk, list(from_states)])
        row = cursor.fetchone()
    return json.loads(row[0]) if row else None


def _move(
    hold: Hold, windows: list[int], edition: str, *, settled_micro: int, settled_pictures: int
) -> None:
    """From reserved to settled in every window the hold was taken in, in the order of the locks."""
    rule_of = counters.rules_of(windows, organisation=hold.organisation, edition=edition)
    known = {rule.pk: rule for rule in rules.in_force(hold.organisation, edition)}
    if others := set(rule_of.values()) - known.keys():  # no longer in force: its counter is true
        known |= BudgetRule.objects.of(hold.organisation).in_bulk(others)
    in_order = sorted(
        ((pk, known[rule]) for pk, rule in rule_of.items()),
        key=lambda each: (rules.ORDER[each[1].scope], each[1].period, each[1].pk),
    )
    moves = [
        Move(
            window,
            rules.weight(rule, amount_micro=hold.amount_micro, pictures=hold.pictures),
            rules.weight(rule, amount_micro=settled_micro, pictures=settled_pictures),
        )
        for window, rule in in_order
    ]
    counters.move(moves, organisation=hold.organisation)
