"""Which budget rules meet a spend, and how a new one learns what was spent before it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from policies import periods
from policies.models import BudgetRule, Entry, Hold, RuleBook, Window

if TYPE_CHECKING:
    from policies.models.ledger import Spend

ORDER = {scope: place for place, scope in enumerate(BudgetRule.Scope.values)}


@transaction.atomic
def save(*, actor: Actor, rule: BudgetRule, now: datetime) -> BudgetRule:
    actor.require("manage_policies")
    lock(actor.organisation, alone=True)
    known = BudgetRule.objects.of(actor.organisation).filter(pk=rule.pk).first()
    rule.organisation = actor.organisation
    rule.full_clean()
    rule.save()
    _fill(rule, now=now)
    old, new = audit.changes(audit.picture_of(known) if known else {}, audit.picture_of(rule))
    action = "budget_rule.changed" if known else "budget_rule.created"
    audit.write(actor=actor, action=action, target=rule, before=old, after=new)
    return rule


@transaction.atomic
def delete(*, actor: Actor, rule: BudgetRule) -> None:
    actor.require("manage_policies")
    lock(actor.organisation, alone=True)
    audit.write(
        actor=actor, action="budget_rule.deleted", target=rule, before=audit.picture_of(rule)
    )
    _forget_windows(rule)
    rule.delete()


def lock(organisation: Organisation, *, alone: bool = False) -> None:
    """Changes of the rules exclude holds and settlements; these share. SQLite has one writer."""
    if connection.vendor != "postgresql":
        return
    sql = "SELECT 1 FROM policies_rulebook WHERE organisation_id = %s FOR " + (
        "UPDATE" if alone else "SHARE"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [organisation.pk])
        if cursor.fetchone() is None:
            book = RuleBook(organisation=organisation)
            RuleBook.objects.bulk_create([book], ignore_conflicts=True)
            cursor.execute(sql, [organisation.pk])


def meeting(spend: Spend, organisation: Organisation) -> list[BudgetRule]:
    """In lock order."""
    rules = BudgetRule.objects.of(organisation).filter(is_enabled=True)
    return sorted(
        (rule for rule in rules if subject_of(rule, spend)),
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


def weight(rule: BudgetRule, *, amount_micro: int, pictures: int) -> int:
    return pictures if rule.measure == BudgetRule.Measure.PICTURES else amount_micro


def _fill(rule: BudgetRule, *, now: datetime) -> None:
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
    for entry in Entry.objects.of(organisation).filter(held_at__gte=starts_at):
        if subject := subject_of(rule, entry):
            size = weight(rule, amount_micro=entry.amount_micro, pictures=entry.pictures)
            settled[subject] += size
    open_holds = Hold.objects.of(organisation).filter(state__in=Hold.OPEN)
    for hold in open_holds.filter(held_at__gte=starts_at):
        if subject := subject_of(rule, hold):
            size = weight(rule, amount_micro=hold.amount_micro, pictures=hold.pictures)
            reserved[subject] += size
            holds[subject].append(hold)
    for subject in settled.keys() | reserved.keys():
        window = Window.objects.create(
            organisation=organisation,
            rule=rule,
            subject=subject,
            starts_at=starts_at,
            ends_at=ends_at,
            settled=max(settled[subject], 0),
            reserved=reserved[subject],
        )
        for hold in holds[subject]:
            hold.windows = [*hold.windows, window.pk]
            hold.save(update_fields=["windows"])


def _forget_windows(rule: BudgetRule) -> None:
    windows = set(Window.objects.filter(rule=rule).values_list("pk", flat=True))
    for hold in Hold.objects.of(rule.organisation).filter(state__in=Hold.OPEN):
        if windows.intersection(hold.windows):
            hold.windows = [pk for pk in hold.windows if pk not in windows]
            hold.save(update_fields=["windows"])
    Window.objects.filter(rule=rule).delete()
