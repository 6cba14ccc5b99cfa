"""Which budget rules meet a spend, and how a new one learns what was spent before it."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from accounts import audit
from accounts.actor import Actor
from accounts.models import ApiKey, Organisation
from policies import effects, periods
from policies.models import BudgetRule, Entry, Hold, RuleBook, Window
from policies.spender import Book, Spender
from tale.lib import clock

if TYPE_CHECKING:
    from policies.models.ledger import Spend

MEANING = ("user", "key", "assistant", "team", "capability")  # all that rules ask of a spend


ORDER = {scope: place for place, scope in enumerate(BudgetRule.Scope.values)}


@transaction.atomic
def save(*, actor: Actor, rule: BudgetRule, now: datetime) -> BudgetRule:
    actor.require("manage_policies")
    lock(actor.organisation, alone=True)
    known = BudgetRule.objects.of(actor.organisation).filter(pk=rule.pk).first()
    rule.organisation = actor.organisation
    rule.full_clean()
    effects.require(rule, among=in_force(actor.organisation), owner=_owner_of_key(rule))
    rule.save()
    _count_anew(known, rule, now=now)
    old, new = audit.changes(audit.picture_of(known) if known else {}, audit.picture_of(rule))
    action = "budget_rule.changed" if known else "budget_rule.created"
    audit.write(actor=actor, action=action, target=rule, before=old, after=new)
    return rule


@transaction.atomic
def delete(*, actor: Actor, rule: BudgetRule, now: datetime) -> None:
    actor.require("manage_policies")
    lock(actor.organisation, alone=True)
    audit.write(
        actor=actor, action="budget_rule.deleted", target=rule, before=audit.picture_of(rule)
    )
    _forget_windows(rule)
    known = BudgetRule.objects.of(actor.organisation).filter(pk=rule.pk).first()
    rule.delete()
    _count_anew(known, None, now=now)


def recount(*, organisation: Organisation, now: datetime) -> None:
    """After its time zone changed: every period begins at other moments. The caller holds the
    lock alone."""
    new_edition(organisation)
    rules = in_force(organisation)
    for rule in rules:
        rule.organisation = organisation
        _fill(rule, rules, now=now)


def lock(organisation: Organisation, *, alone: bool = False) -> Book:
    """Changes of the rules exclude holds and settlements; these share. SQLite has one writer."""
    on_postgresql = connection.vendor == "postgresql"
    sql = (
        "SELECT book.edition, home.status"
        + (", clock_timestamp()" if on_postgresql else "")
        + " FROM policies_rulebook book JOIN accounts_organisation home"
        " ON home.id = book.organisation_id WHERE book.organisation_id = %s"
    )
    if on_postgresql:
        sql += f" FOR {'UPDATE' if alone else 'SHARE'} OF book"
    with connection.cursor() as cursor:
        began = time.monotonic()
        cursor.execute(sql, [organisation.pk])
        row = cursor.fetchone()
        if row is None:
            book = RuleBook(organisation=organisation)
            RuleBook.objects.bulk_create([book], ignore_conflicts=True)
            cursor.execute(sql, [organisation.pk])
            row = cursor.fetchone()
    if on_postgresql:
        clock.heard(row[2], after_s=time.monotonic() - began)
    edition, status = row[:2]
    return Book(edition, _zone_of(organisation, edition), status)


def _zone_of(organisation: Organisation, edition: str) -> str:
    """Asked for once the lock is held: who had to wait for it sees what changed meanwhile."""
    read = _zone_in_edition if edition else _zone_in_edition.__wrapped__
    return read(organisation.pk, edition)


def bound(spender: Spender) -> Spender:
    """Until this transaction ends the rules stay as they are, and are asked for once."""
    return replace(spender, book=lock(spender.organisation))


def in_force(organisation: Organisation, edition: str = "") -> tuple[BudgetRule, ...]:
    """An edition is read once by a process; without one, what the database says now."""
    read = _of_edition if edition else _of_edition.__wrapped__
    return read(organisation.pk, edition)


def meeting(spend: Spend, rules: Iterable[BudgetRule]) -> list[BudgetRule]:
    """In lock order. A default yields to a rule of one's own for the same thing."""
    met = [rule for rule in rules if subject_of(rule, spend)]
    own = {_thing(rule) for rule in met if rule.subject}
    return sorted(
        (rule for rule in met if not (rule.is_default and _thing(rule) in own)),
        key=lambda rule: (ORDER[rule.scope], rule.period, rule.pk),
    )


def subject_of(rule: BudgetRule, spend: Spend) -> str:
    """Whose window of this rule the spend falls into; empty when the rule does not meet it."""
    if rule.capability not in (BudgetRule.Capability.ANY, spend.capability):
        return ""
    if rule.measure == BudgetRule.Measure.PICTURES and spend.capability != "image":
        return ""
    if rule.scope == BudgetRule.Scope.ORGANISATION:
        subject = "organisation"
    else:
        subject = getattr(spend, rule.scope)
        if rule.subject and subject != rule.subject:
            return ""
    if subject and rule.is_per_member:
        return f"{subject}:{spend.user}" if spend.user else ""
    return subject


def subject_among(rules: Iterable[BudgetRule], rule: BudgetRule, spend: Spend) -> str:
    """As subject_of, where the rules in force are known: a default asks what else there is."""
    meets = not rule.is_default or rule in meeting(spend, rules)
    return subject_of(rule, spend) if meets else ""


def summed(lines: QuerySet[Entry]) -> list[Entry]:
    """Lines that no rule tells apart, as one: a million of a month are added up by the database,
    and whoever spends meanwhile waits for that alone."""
    sums = lines.order_by().values_list(*MEANING).annotate(Sum("amount_micro"), Sum("pictures"))
    return [
        Entry(**dict(zip(MEANING, meaning, strict=True)), amount_micro=amount, pictures=pictures)
        for *meaning, amount, pictures in sums
    ]


def weight(rule: BudgetRule, *, amount_micro: int, pictures: int) -> int:
    return pictures if rule.measure == BudgetRule.Measure.PICTURES else amount_micro


def _owner_of_key(rule: BudgetRule) -> str:
    """Of the one key that the rule is for, if it is somebody's."""
    if rule.scope != BudgetRule.Scope.KEY or not rule.subject:
        return ""
    keys = ApiKey.objects.of(rule.organisation).select_related("owner__user")
    key = keys.filter(pk=rule.subject).first()
    return audit.who(rule.organisation.pk, key.owner.user) if key and key.owner else ""


@lru_cache(maxsize=1024)
def _of_edition(organisation: str, edition: str) -> tuple[BudgetRule, ...]:
    rules = BudgetRule.objects.filter(organisation=organisation, is_enabled=True)
    return tuple(rules)


@lru_cache(maxsize=1024)
def _zone_in_edition(organisation: str, edition: str) -> str:
    return Organisation.objects.values_list("time_zone", flat=True).get(pk=organisation)


def _thing(rule: BudgetRule) -> tuple[str, str, str]:
    return rule.scope, rule.capability, rule.measure


def _count_anew(old: BudgetRule | None, new: BudgetRule | None, *, now: datetime) -> None:
    """What changed, and the defaults that had yielded to it or do so now."""
    changed = [rule for rule in (old, new) if rule is not None]
    organisation = changed[0].organisation
    new_edition(organisation)
    rules = in_force(organisation)
    things = {_thing(rule) for rule in changed if rule.subject}
    yielding = [rule for rule in rules if rule.is_default and _thing(rule) in things]
    for rule in {rule.pk: rule for rule in (*yielding, *([new] if new else []))}.values():
        _fill(rule, rules, now=now)


def new_edition(organisation: Organisation) -> None:
    """The caller holds the lock alone."""
    RuleBook.objects.filter(organisation=organisation).update(edition=uuid.uuid4().hex)


def _fill(rule: BudgetRule, rules: Iterable[BudgetRule], *, now: datetime) -> None:
    """Counts anew what the ledger and the open holds of this period say: the rule is exact from
    its first second. Nobody holds or settles meanwhile."""
    _forget_windows(rule)
    if not rule.is_enabled:
        return
    organisation = rule.organisation
    starts_at, ends_at = periods.bounds(rule.period, zone=organisation.time_zone, now=now)

    settled: dict[str, int] = defaultdict(int)
    reserved: dict[str, int] = defaultdict(int)
    holds: dict[str, list[Hold]] = defaultdict(list)
    for entry in summed(Entry.objects.of(organisation).filter(held_at__gte=starts_at)):
        if whose := subject_among(rules, rule, entry):
            size = weight(rule, amount_micro=entry.amount_micro, pictures=entry.pictures)
            settled[whose] += size
    open_holds = Hold.objects.of(organisation).filter(state__in=Hold.OPEN)
    for hold in open_holds.filter(held_at__gte=starts_at):
        if whose := subject_among(rules, rule, hold):
            size = weight(rule, amount_micro=hold.amount_micro, pictures=hold.pictures)
            reserved[whose] += size
            holds[whose].append(hold)
    for whose in settled.keys() | reserved.keys():
        window = Window.objects.create(
            organisation=organisation,
            rule=rule,
            subject=whose,
            starts_at=starts_at,
            ends_at=ends_at,
            settled=max(settled[whose], 0),
            reserved=reserved[whose],
        )
        for hold in holds[whose]:
            hold.windows = [*hold.windows, window.pk]
            hold.save(update_fields=["windows"])


def _forget_windows(rule: BudgetRule) -> None:
    windows = set(Window.objects.filter(rule=rule).values_list("pk", flat=True))
    for hold in Hold.objects.of(rule.organisation).filter(state__in=Hold.OPEN):
        if windows.intersection(hold.windows):
            hold.windows = [pk for pk in hold.windows if pk not in windows]
            hold.save(update_fields=["windows"])
    Window.objects.filter(rule=rule).delete()
